/* SPDX-License-Identifier: MIT */
/*
 * objects=measure and objects=read: is every object of the image what the
 * image says, before the hand-off? Asked through the mounted root, by opening
 * each file: so the kernel looks for the object, and compares its fs-verity
 * digest with the image's, as it will in the running system.
 *
 * One process a processor, so that it takes no threads, locks or heap: each
 * walks the whole tree, whose image is in memory by now, and takes the next
 * BATCH files whenever it is done with some. How deep a tree may be is
 * bounded by PATH and by the open files that a process may have.
 */
#include "boot/boot.h"

#include <dirent.h>
#include <sched.h>
#include <sys/wait.h>

#define PATH 2048	 /* bytes of a path, with its NUL */
#define BATCH 32	 /* files that are taken at a time */
#define PROCESSES 64	 /* at most */
#define PROGRESS 5000000 /* microseconds between two lines */

/* What the processes share. */
struct work {
	uint64_t next; /* the first file that nobody has taken */
	struct preflight sums[PROCESSES];
	bool failed;
	struct err err; /* of the one that set failed */
};

struct walker {
	bool read;
	struct work *work;
	struct preflight *sum;
	uint64_t n, taken; /* files that were passed; the first of its own */
	uint64_t said;	   /* now(), when it last said how far it is */
	char path[PATH];
};

/* Is the next file this one's? */
static bool take(struct walker *w)
{
	if (w->n == w->taken + BATCH)
		w->taken = __atomic_fetch_add(
			&w->work->next, BATCH, __ATOMIC_RELAXED);
	if (now() > w->said + PROGRESS) {
		w->said = now();
		say(LEVEL_INFO, "objects: %llu files so far",
			U64(w->work->next));
	}
	return w->n++ >= w->taken;
}

/*
 * The directory of this name in the one above, which the first n bytes of
 * w->path name.
 */
static int walk(
	struct walker *w, int above, const char *this, size_t n, struct err *e)
{
	AUTO_FD int fd = openat(
		above, this, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dir dir = { .fd = fd };
	const char *name;

	while (!w->work->failed && (name = dir_next(&dir))) {
		size_t end = n + snprintf(w->path + n, PATH - n, "/%s", name);

		if (end >= PATH) {
			dir.error = ENAMETOOLONG;
			break;
		}
		if (dir.type == DT_DIR ? walk(w, fd, name, end, e)
			: dir.type == DT_REG && take(w)
				? preflight_entry(
					  w->sum, fd, w->path, w->read, e)
				: 0)
			return -1;
	}
	w->path[n] = '\0';
	if (!dir.error)
		return 0;
	return err_sys(e, REASON_OBJECTS_UNCHECKED, dir.error,
		"objects: %s/: expected a directory that can be read", w->path);
}

/* The i-th process; the first one says how far they are. */
static int process(
	struct work *work, unsigned i, int root, const struct policy *p)
{
	struct walker w = { .work = work, .sum = &work->sums[i] };
	struct err e;

	w.read = p->objects == OBJECTS_READ;
	w.said = i ? UINT64_MAX - PROGRESS : now();
	w.taken = __atomic_fetch_add(&work->next, BATCH, __ATOMIC_RELAXED);
	alarm(p->objects_timeout); /* which kills it */
	if (walk(&w, root, ".", 0, &e) == 0)
		return 0;
	if (!__atomic_exchange_n(&work->failed, true, __ATOMIC_RELAXED))
		work->err = e;
	return 1;
}

int objects_check(struct preflight *sum, const struct policy *p, int root_fd,
	struct err *e)
{
	struct work *work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[PROCESSES];
	unsigned i, n = 1;
	cpu_set_t cpus;
	int bad = 0, status;

	if (work == MAP_FAILED)
		return err_sys(e, REASON_OBJECTS_UNCHECKED, errno,
			"objects: expected memory, found none");
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = CPU_COUNT(&cpus);
	for (i = 0; i < n && i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(process(work, i, root_fd, p));
	}
	while (i-- > 0) {
		if (pids[i] < 0 || waitpid(pids[i], &status, 0) < 0 || status)
			bad = -1;
		sum->files += work->sums[i].files;
		sum->bytes += work->sums[i].bytes;
	}
	if (work->failed)
		*e = work->err;
	else if (bad)
		err_set(e, REASON_OBJECTS_UNCHECKED,
			"objects: expected all to be checked in %u s, found %llu files that were",
			p->objects_timeout, U64(sum->files));
	munmap(work, sizeof(*work));
	return bad;
}
