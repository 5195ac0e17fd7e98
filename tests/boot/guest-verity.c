/* SPDX-License-Identifier: MIT */
/*
 * /init of the guest in verity-offline.t: says what the kernel makes of disks
 * whose files were sealed offline. It judges nothing; the test does, from
 * these lines on the console:
 *
 *	object DISK PATH SIZE DIGEST N READ
 *		DIGEST: hash:hex as the kernel measures it, or an errno
 *		N bytes could be read, then READ: "whole" or an errno
 *	same DISK PATH WHAT HOW N
 *		the kernel sealed a copy of that object; of its "tree" or
 *		"descriptor", HOW is "same" or "differs", in N bytes
 *	failed WHAT: ERRNO	no disk, no mount: the guest goes on
 *	end
 *
 * From the kernel command line come DISKS, a list with commas, and RW, the
 * one of them that is mounted for writing and written to.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define OBJECTS "/mnt/composefs/objects"
#define COPY_MAX (1 << 20) /* larger objects are not copied in the guest */
#define TREE_MAX (64 << 10)

struct disk {
	const char *name;
	int writable, copies;
	long long largest;
	char largest_path[600];
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One write a line, so that the kernel's own lines do not get into it. */
static void say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(1, line, n) != n)
		_exit(1);
}

static const char *error_name(int error)
{
	static char other[16];

	if (error == EIO)
		return "EIO";
	if (error == ENODATA)
		return "ENODATA";
	snprintf(other, sizeof(other), "errno%d", error);
	return other;
}

static void measure(int fd, char *out)
{
	union {
		struct fsverity_digest head;
		uint8_t bytes[sizeof(struct fsverity_digest) + 64];
	} d = { .head.digest_size = 64 };
	int i;

	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &d) != 0) {
		strcpy(out, error_name(errno));
		return;
	}
	out += sprintf(out, "%s:",
		d.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA512
			? "sha512"
			: "sha256");
	for (i = 0; i < d.head.digest_size; i++)
		out += sprintf(out, "%02x", d.head.digest[i]);
}

static void object(struct disk *d, const char *path)
{
	static char buf[1 << 16];
	char digest[160];
	long long total = 0;
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY), error;

	if (fd < 0 || fstat(fd, &st) != 0) {
		say("object %s %s - - 0 %s\n", d->name, path,
			error_name(errno));
		return;
	}
	if (st.st_size > d->largest) {
		d->largest = st.st_size;
		strcpy(d->largest_path, path);
	}
	measure(fd, digest);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		total += n;
	error = errno;
	close(fd);
	say("object %s %s %lld %s %lld %s\n", d->name, path,
		(long long)st.st_size, digest, total,
		n == 0 ? "whole" : error_name(error));
}

static ssize_t metadata(int fd, int type, void *buf, size_t n)
{
	struct fsverity_read_metadata_arg arg = {
		.metadata_type = type,
		.length = n,
		.buf_ptr = (uintptr_t)buf,
	};

	return ioctl(fd, FS_IOC_READ_VERITY_METADATA, &arg);
}

static void compare(const struct disk *d, const char *path, int a, int b)
{
	static const struct {
		int type;
		const char *name;
	} kinds[] = {
		{ FS_VERITY_METADATA_TYPE_MERKLE_TREE, "tree" },
		{ FS_VERITY_METADATA_TYPE_DESCRIPTOR, "descriptor" },
	};
	static char x[TREE_MAX], y[TREE_MAX];
	size_t i;

	for (i = 0; i < 2; i++) {
		ssize_t n = metadata(a, kinds[i].type, x, sizeof(x));
		ssize_t m = metadata(b, kinds[i].type, y, sizeof(y));

		say("same %s %s %s %s %zd\n", d->name, path, kinds[i].name,
			n < 0 || n != m || memcmp(x, y, n) ? "differs" : "same",
			n);
	}
}

/* The kernel seals a copy: what it writes must be what was written offline. */
static void seal_copy(struct disk *d, const char *path)
{
	static char buf[COPY_MAX];
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	char name[64];
	int from = open(path, O_RDONLY), to;
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 || n == sizeof(buf)) {
		close(from);
		return;
	}
	snprintf(name, sizeof(name), "/mnt/copy%d", d->copies++);
	to = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (to < 0 || write(to, buf, n) != n)
		say("failed %s %s: %s\n", d->name, name, error_name(errno));
	close(to);
	to = open(name, O_RDONLY);
	if (ioctl(to, FS_IOC_ENABLE_VERITY, &arg) != 0)
		say("failed %s sealing %s: %s\n", d->name, name,
			error_name(errno));
	else
		compare(d, path, from, to);
	close(to);
	close(from);
}

static void directory(struct disk *d, const char *ab)
{
	char dir[300], path[600];
	struct dirent *entry;
	DIR *open_dir;

	snprintf(dir, sizeof(dir), OBJECTS "/%s", ab);
	open_dir = opendir(dir);
	while (open_dir && (entry = readdir(open_dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		object(d, path);
		if (d->writable)
			seal_copy(d, path);
	}
	if (open_dir)
		closedir(open_dir);
}

static void objects(struct disk *d)
{
	struct dirent *entry;
	DIR *top = opendir(OBJECTS);

	if (!top) {
		say("failed %s no objects: %s\n", d->name, error_name(errno));
		return;
	}
	while ((entry = readdir(top)))
		if (entry->d_name[0] != '.')
			directory(d, entry->d_name);
	closedir(top);
}

/* Is the drive that the kernel calls nvme<k> the one with this serial? */
static bool has_serial(int k, const char *serial)
{
	char path[64], found[32] = "";
	size_t n = strlen(serial);
	int fd;

	snprintf(path, sizeof(path), "/sys/block/nvme%dn1/device/serial", k);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, found, sizeof(found) - 1) < 0)
		found[0] = '\0';
	close(fd);
	return !strncmp(found, serial, n) && found[n] == ' ';
}

/*
 * The first partition of the drive nvme<i>n1p1 of the command line: that of
 * the serial d<i>. The kernel finds them in any order, some later than others.
 */
static void find_device(char *device, size_t size, const char *name)
{
	char serial[8];

	snprintf(serial, sizeof(serial), "d%d", atoi(name + strlen("nvme")));
	device[0] = '\0';
	for (int tries = 0; tries < 600; tries++) {
		for (int k = 0; k < 8; k++)
			if (has_serial(k, serial))
				snprintf(device, size, "/dev/nvme%dn1p1", k);
		if (device[0] && access(device, F_OK) == 0)
			return;
		usleep(100000);
	}
}

static void one_disk(struct disk *d)
{
	char device[64];

	find_device(device, sizeof(device), d->name);
	if (mount(device, "/mnt", "ext4", d->writable ? 0 : MS_RDONLY, "")) {
		say("failed %s mount: %s\n", d->name, error_name(errno));
		return;
	}
	objects(d);
	/* The kernel frees what was allocated beyond the end of the file. */
	if (d->writable && unlink(d->largest_path) != 0)
		say("failed %s unlink: %s\n", d->name, error_name(errno));
	if (umount("/mnt") != 0)
		say("failed %s umount: %s\n", d->name, error_name(errno));
}

int main(void)
{
	const char *disks = getenv("DISKS"), *writable = getenv("RW");
	char list[256], *name, *next;

	mkdir("/dev", 0755);
	mkdir("/mnt", 0755);
	mkdir("/sys", 0755);
	mount("dev", "/dev", "devtmpfs", 0, "");
	mount("sys", "/sys", "sysfs", 0, "");
	say("\n"); /* the firmware left its own line open */
	snprintf(list, sizeof(list), "%s", disks ? disks : "");
	for (name = strtok_r(list, ",", &next); name;
		name = strtok_r(NULL, ",", &next)) {
		struct disk d = { .name = name };

		d.writable = writable && !strcmp(writable, name);
		one_disk(&d);
	}
	say("end\n");
	reboot(RB_POWER_OFF);
	return 1;
}
