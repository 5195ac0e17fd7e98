/* SPDX-License-Identifier: MIT */
#include "tool/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/publish.h"

static int read_state(
	int fd, const char *name, struct state *s, int *record, struct err *e)
{
	uint8_t bytes[STATE_SIZE + 1];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return err_sys(
			e, REASON_FAILED, errno, "state: cannot be read");
	*record = state_choose(s, name, bytes, n, e);
	return *record < 0;
}

int state_file_read(
	int storefd, const char *name, struct state *s, struct err *e)
{
	AUTO_FD int fd = open_regular_beneath(storefd, STATE_FILE);
	int record;

	if (fd >= 0)
		return read_state(fd, name, s, &record, e);
	if (errno != ENOENT)
		return err_sys(e, REASON_FAILED, errno,
			"state: expected a regular file");
	record = state_choose(s, name, NULL, 0, e);
	err_set(e, REASON_FAILED, "state: expected a file, found none");
	return 1;
}

/* Makes the file, in the place of one that cannot be it. */
static int make(int storefd, const char *store, const char *name, bool replace,
	struct err *e)
{
	struct state s = { .generation = 1 };
	uint8_t bytes[STATE_SIZE] = { 0 };
	struct pending p;

	strcpy(s.name, name);
	state_format(bytes, &s);
	if (pending_open(&p, storefd, store, 0644, e) != 0)
		return -1;
	if (write(p.fd, bytes, sizeof(bytes)) != sizeof(bytes) ||
		fsync(p.fd) != 0) {
		err_sys(e, REASON_FAILED, errno, "%s/state: cannot be written",
			store);
		pending_abort(&p);
		return -1;
	}
	/* EEXIST: another was quicker. */
	if (pending_name(&p, STATE_FILE, replace) != 0 && errno != EEXIST) {
		err_sys(e, REASON_FAILED, errno,
			"%s/state: cannot be put in place", store);
		pending_abort(&p);
		return -1;
	}
	pending_abort(&p);
	return fsync(storefd) == 0
		       ? 0
		       : err_sys(e, REASON_FAILED, errno,
				 "%s/state: cannot be written", store);
}

int state_file_create(
	int storefd, const char *store, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(storefd, STATE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return make(storefd, store, name, false, e);
}

/* Opens it for writing, locked. */
static int open_locked(
	int storefd, const char *store, const char *name, struct err *e)
{
	struct stat st;
	int fd;

	/* Another may put a new one in place while we wait for the lock. */
	for (int again = 0;; again++) {
		fd = open_how(storefd, STATE_FILE,
			O_RDWR | O_NONBLOCK | O_NOCTTY, RESOLVE_STRICT);
		if (fd >= 0 && flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 &&
			S_ISREG(st.st_mode) && st.st_size == STATE_SIZE &&
			st.st_nlink > 0)
			return fd;
		if (fd < 0 && errno != ENOENT && errno != ELOOP &&
			errno != EISDIR && errno != ENXIO)
			return err_sys(e, REASON_FAILED, errno,
				"%s/state: cannot be written", store);
		if (fd >= 0)
			close(fd);
		if (again)
			return err_set(e, REASON_FAILED,
				"%s/state: expected a regular file of %d bytes, found something else",
				store, STATE_SIZE);
		if (make(storefd, store, name, true, e) != 0)
			return -1;
	}
}

int state_file_update(int storefd, const char *store, const char *name,
	int (*change)(struct state *s, void *ctx), void *ctx, struct err *e)
{
	AUTO_FD int fd = open_locked(storefd, store, name, e);
	uint8_t bytes[STATE_RECORD];
	struct state s;
	int record, r;

	if (fd < 0 || read_state(fd, name, &s, &record, e) < 0)
		return -1;
	r = change(&s, ctx);
	if (r <= 0)
		return r;
	s.generation++;
	state_format(bytes, &s);
	if (pwrite(fd, bytes, sizeof(bytes), record == 0 ? STATE_RECORD : 0) !=
			sizeof(bytes) ||
		fdatasync(fd) != 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s/state: cannot be written", store);
	return 0;
}
