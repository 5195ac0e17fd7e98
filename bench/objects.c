/* SPDX-License-Identifier: MIT */
/*
 * Stands in for /bin/rootwright-boot: in turns, as often as /rounds says, a
 * bare loop over all objects of the disk, and the real program with
 * objects=measure; before each, everything that was read is forgotten. The
 * console gets a line of microseconds for each, from the program's record for
 * its own.
 *
 * The bare loop is what one would write in haste: the paths are known
 * beforehand (/objects), in the order in which the disk was filled; a process
 * a processor takes 32 at a time, opens each, asks for its fs-verity digest.
 */
#include <fcntl.h>
#include <linux/fsverity.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32

static char *paths[1 << 20];
static unsigned count;
static FILE *out;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void end(const char *why)
{
	fprintf(out, "BENCH %s\n", why);
	fflush(out);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void read_paths(void)
{
	FILE *f = fopen("/objects", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		paths[count++] = strdup(line);
	}
}

static void forget(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		end("the caches cannot be dropped");
	close(fd);
}

static int measure(unsigned *next)
{
	struct {
		struct fsverity_digest head;
		uint8_t bytes[64];
	} digest;
	unsigned at, fd;

	while ((at = __atomic_fetch_add(next, BATCH, __ATOMIC_RELAXED)) < count)
		for (unsigned i = at; i < at + BATCH && i < count; i++) {
			digest.head.digest_size = sizeof(digest.bytes);
			fd = open(paths[i], O_RDONLY | O_CLOEXEC);
			if (ioctl(fd, FS_IOC_MEASURE_VERITY, &digest) != 0)
				return 1;
			close(fd);
		}
	return 0;
}

static void bare(void)
{
	unsigned *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t cpus;
	uint64_t begin;
	int n, status, bad = 0;

	*next = 0;
	sched_getaffinity(0, sizeof(cpus), &cpus);
	mkdir("/bench", 0755);
	if (mount("/dev/vda1", "/bench", "ext4", MS_RDONLY, NULL) != 0 ||
		chdir("/bench") != 0)
		end("the disk cannot be mounted");
	begin = now();
	for (n = 0; n < CPU_COUNT(&cpus); n++)
		if (fork() == 0)
			_exit(measure(next));
	while (n-- > 0)
		bad += wait(&status) < 0 || status != 0;
	fprintf(out, "BENCH bare %llu\n", (unsigned long long)(now() - begin));
	if (bad || chdir("/") != 0 || umount("/bench") != 0)
		end("the bare loop failed");
}

static void ours(void)
{
	static char record[1 << 17];
	const char *at;
	int fd, status;

	if (fork() == 0) {
		execl("/bin/rootwright-boot.real", "rootwright-boot", NULL);
		_exit(127);
	}
	if (wait(&status) < 0 || status != 0)
		end("rootwright-boot failed");
	fd = open("/run/rootwright/boot.json", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, record, sizeof(record) - 1) < 0)
		end("there is no record");
	close(fd);
	at = strstr(record, "\"microseconds\"");
	at = at ? strstr(at, "\"objects\":") : NULL;
	fprintf(out, "BENCH ours %s\n", at ? strtok(strdup(at + 10), ",") : "");
	at = strstr(record, "\"mode\":");
	fprintf(out, "BENCH record %s\n",
		at ? strtok(strdup(at), "}") : "none");
	/* With what may be written over it. */
	if (umount2("/sysroot", MNT_DETACH) != 0)
		end("the root cannot be unmounted");
}

int main(void)
{
	FILE *f = fopen("/rounds", "re");
	unsigned rounds;

	out = fopen("/dev/console", "we");
	if (!f || !out || fscanf(f, "%u", &rounds) != 1)
		return 1;
	read_paths();
	fprintf(out, "BENCH count %u\n", count);
	for (unsigned i = 0; i < rounds; i++) {
		forget();
		bare();
		forget();
		ours();
	}
	end("done");
}
