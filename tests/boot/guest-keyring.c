/* SPDX-License-Identifier: MIT */
/*
 * /init of the guest in kernel-signature.t: puts the certificates of its
 * initramfs into the kernel's .fs-verity keyring, then enables fs-verity on
 * each file of a disk with its signature. It judges nothing; the test does,
 * from these lines on the console:
 *
 *	certificate NAME ERRNO
 *	enabled NAME ERRNO
 *	end
 *
 * An ERRNO of 0 is success.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX 65536

/* "1a2b3c4d I------ 1 perm 1f0f0000 0 0 keyring   .fs-verity: empty" */
static long find_keyring(void)
{
	FILE *f = fopen("/proc/keys", "r");
	char line[512];
	long id = -1;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " .fs-verity: ") ||
			strstr(line, " .fs-verity\n"))
			id = strtol(line, NULL, 16);
	if (f)
		fclose(f);
	return id;
}

static ssize_t read_file(const char *dir, const char *name, char *buf)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	n = read(fd, buf, FILE_MAX);
	close(fd);
	return n;
}

static void certificate(const char *name)
{
	static char buf[FILE_MAX];
	ssize_t n = read_file("/certificates", name, buf);
	long id = syscall(
		SYS_add_key, "asymmetric", name, buf, n, find_keyring());

	printf("certificate %s %d\n", name, id < 0 ? errno : 0);
}

static int enable(const char *name)
{
	static char signature[FILE_MAX];
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	char path[512];
	int fd, r;

	arg.sig_size = read_file("/signatures", name, signature);
	arg.sig_ptr = (uintptr_t)signature;
	snprintf(path, sizeof(path), "/mnt/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return errno;
	r = ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) == 0 ? 0 : errno;
	close(fd);
	return r;
}

static void each(const char *dir, void (*f)(const char *name))
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			f(entry->d_name);
	if (d)
		closedir(d);
}

static void print_enabled(const char *name)
{
	printf("enabled %s %d\n", name, enable(name));
}

int main(void)
{
	int tries = 0;

	mkdir("/dev", 0755);
	mkdir("/mnt", 0755);
	mkdir("/proc", 0755);
	mount("dev", "/dev", "devtmpfs", 0, "");
	mount("proc", "/proc", "proc", 0, "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("\n"); /* the firmware left its own line open */
	while (access("/dev/nvme0n1", F_OK) != 0 && tries++ < 600)
		usleep(100000);
	if (mount("/dev/nvme0n1", "/mnt", "ext4", 0, "") != 0)
		printf("failed mount %d\n", errno);
	each("/certificates", certificate);
	each("/signatures", print_enabled);
	umount("/mnt");
	printf("end\n");
	reboot(RB_POWER_OFF);
	return 1;
}
