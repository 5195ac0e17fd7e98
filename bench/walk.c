/* SPDX-License-Identifier: MIT */
/*
 * In a guest: what it takes to look at all of a tree. For each way of looking
 * one line with the caches dropped and REPEATS lines without:
 *
 *	time <op> cold|warm <microseconds> <of them busy> <reads of disks> <KiB>
 *
 * and what the kernel's memory was (KiB) with the caches dropped and after
 * the cold ls and the cold read:
 *
 *	memory <when> <MemAvailable> <Slab> <Cached>
 *
 * at last what was there: "tree <entries> <files> <bytes read>".
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	char *path;
	mode_t mode;
} * entries;
static size_t n_entries, n_files;
static unsigned long long n_bytes;

static int gather(
	const char *path, const struct stat *s, int type, struct FTW *at)
{
	(void)type, (void)at;
	if ((n_entries & (n_entries - 1)) == 0) {
		entries = realloc(entries,
			(n_entries ? 2 * n_entries : 1) * sizeof(*entries));
		if (!entries)
			err(1, "memory");
	}
	entries[n_entries].mode = s->st_mode;
	entries[n_entries].path = strdup(path);
	if (!entries[n_entries++].path)
		err(1, "memory");
	n_files += S_ISREG(s->st_mode);
	return 0;
}

static void look(const char *path)
{
	struct stat s;

	if (lstat(path, &s) != 0)
		err(1, "%s: stat", path);
}

static void list(const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		err(1, "%s: opendir", path);
	while (readdir(d))
		;
	closedir(d);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s: open", path);
	return fd;
}

static void open_close(const char *path)
{
	close(open_file(path));
}

static void read_all(const char *path)
{
	static char buffer[65536];
	int fd = open_file(path);
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		n_bytes += (unsigned long long)n;
	if (n < 0)
		err(1, "%s: read", path);
	close(fd);
}

static void ls(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout))
			execl("/bin/busybox", "ls", "-lR", (char *)NULL);
		err(127, "/bin/busybox");
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "ls failed");
}

static const struct op {
	const char *name;
	void (*one)(const char *path); /* or NULL: ls */
	mode_t type;		       /* or 0: of anything */
} ops[] = {
	{ "stat", look, 0 },
	{ "readdir", list, S_IFDIR },
	{ "ls", NULL, 0 },
	{ "open", open_close, S_IFREG },
	{ "read", read_all, S_IFREG },
};

/* What there is of one CPU's time, and what its disks have read. */
struct count {
	long long usec, busy; /* since the start */
	unsigned long long reads, kib;
};

/*
 * How long the one CPU has run something, without what interrupts do when it
 * runs nothing. It is counted when a task leaves the CPU, as this one does.
 */
static long long busy_usec(void)
{
	long long ns = -1;
	char line[256];
	FILE *f;

	usleep(1);
	f = fopen("/proc/schedstat", "r");
	if (!f)
		err(1, "/proc/schedstat");
	while (ns < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "cpu0 %*u %*u %*u %*u %*u %*u %lld", &ns);
	fclose(f);
	if (ns < 0)
		errx(1, "/proc/schedstat: expected the time of a CPU");
	return ns / 1000;
}

static void count_disks(struct count *c)
{
	unsigned long long reads, sectors;
	char line[256], name[32];
	FILE *f = fopen("/proc/diskstats", "r");

	if (!f)
		err(1, "/proc/diskstats");
	c->reads = c->kib = 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u %*u %31s %llu %*u %llu", name, &reads,
			    &sectors) == 3 &&
			strncmp(name, "nvme", 4) == 0 && !strchr(name, 'p')) {
			c->reads += reads;
			c->kib += sectors / 2;
		}
	fclose(f);
}

static void count(struct count *c)
{
	struct timespec t;

	count_disks(c);
	c->busy = busy_usec();
	clock_gettime(CLOCK_MONOTONIC, &t);
	c->usec = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void run(const struct op *op, const char *how)
{
	struct count a, b;

	n_bytes = 0;
	count(&a);
	if (!op->one)
		ls();
	for (size_t i = 0; op->one && i < n_entries; i++)
		if (!op->type || (entries[i].mode & S_IFMT) == op->type)
			op->one(entries[i].path);
	count(&b);
	printf("time %s %s %lld %lld %llu %llu\n", op->name, how,
		b.usec - a.usec, b.busy - a.busy, b.reads - a.reads,
		b.kib - a.kib);
}

/* An inode of overlayfs holds those below it: once more frees these. */
static void drop(void)
{
	for (int i = 0; i < 3; i++) {
		FILE *f = fopen("/proc/sys/vm/drop_caches", "w");

		sync();
		if (!f || fputs("3\n", f) == EOF || fclose(f) != 0)
			err(1, "drop_caches");
	}
}

static void memory(const char *when)
{
	unsigned long available = 0, slab = 0, cached = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "MemAvailable: %lu", &available);
		sscanf(line, "Slab: %lu", &slab);
		sscanf(line, "Cached: %lu", &cached);
	}
	fclose(f);
	printf("memory %s %lu %lu %lu\n", when, available, slab, cached);
}

int main(int argc, char **argv)
{
	/* Nothing is left in a buffer for a child to write once more. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3 || chdir(argv[1]) != 0)
		errx(2, "usage: walk DIR REPEATS");
	if (nftw(".", gather, 16, FTW_PHYS) != 0)
		err(1, "%s", argv[1]);
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		bool told = !ops[i].one || ops[i].one == read_all;

		drop();
		if (told)
			memory("dropped");
		run(&ops[i], "cold");
		if (told)
			memory(ops[i].name);
		for (int n = atoi(argv[2]); n > 0; n--)
			run(&ops[i], "warm");
	}
	printf("tree %zu %zu %llu\n", n_entries, n_files, n_bytes);
	return 0;
}
