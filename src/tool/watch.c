/* SPDX-License-Identifier: MIT */
#include "tool/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "tool/releases.h"
#include "tool/state_file.h"
#include "tool/store_device.h"
#include "tool/tool.h"

bool watch_is_hint(const struct watch *w, const char *line, uint64_t *inode)
{
	const char *text = strchr(line, ';');
	unsigned long long n;
	char device[64];
	unsigned priority;
	int end = 0;

	/* Only the kernel itself writes with facility 0. */
	if (!text || sscanf(line, "%u,", &priority) != 1 || priority >> 3)
		return false;
	if (sscanf(text, ";fs-verity (%63[^,], inode %llu): FILE CORRUPTED!%n",
		    device, &n, &end) != 2 ||
		!end || strcmp(device, w->device) != 0)
		return false;
	*inode = n;
	return true;
}

/* The objects/ab/... of this inode; false: no object has it. */
static bool find(int store, uint64_t inode, char *path, size_t n)
{
	char dir[16];

	for (unsigned ab = 0; ab < 256; ab++) {
		struct dirent *entry = NULL;
		DIR *d;
		int fd;

		snprintf(dir, sizeof(dir), "objects/%02x", ab);
		fd = open_how(
			store, dir, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
		d = fd < 0 ? NULL : fdopendir(fd);
		while (d && (entry = readdir(d)) && entry->d_ino != inode)
			;
		if (entry)
			snprintf(path, n, "%s/%s", dir, entry->d_name);
		if (d)
			closedir(d);
		else if (fd >= 0)
			close(fd);
		if (entry)
			return true;
	}
	return false;
}

/* All of it, from the disk: 0, or the errno that it gives. */
static int read_again(int store, const char *path)
{
	static char buf[65536];
	AUTO_FD int fd = open_regular_beneath(store, path);
	ssize_t n = 1;

	if (fd < 0)
		return errno;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (n > 0)
		n = read(fd, buf, sizeof(buf));
	return n < 0 ? errno : 0;
}

/* The boot takes a release whose tries are used up for a bad one. */
static int mark(struct state *s, void *ctx)
{
	const char *version = ctx;

	if (!strcmp(s->trying, version) && s->tries_left == 0 &&
		strcmp(s->blessed, version) != 0)
		return 0;
	if (!strcmp(s->blessed, version))
		s->blessed[0] = '\0';
	snprintf(s->trying, sizeof(s->trying), "%s", version);
	s->tries_left = 0;
	return 1;
}

/* Is there another one to go back to? */
static bool has_other(int dirfd, const char *name, const char *version)
{
	struct store store = { .fd = dirfd, .objects = -1 };
	struct release_list l;
	struct state state = { 0 };
	struct err e;
	bool found = false;

	if (state_file_read(dirfd, name, &state, &e) < 0)
		state.floor = 0;
	if (releases_load(&l, &store, name, NULL, &e) == 0)
		for (size_t i = 0; i < l.n; i++)
			found |=
				!l.list[i].fault &&
				strcmp(l.list[i].version, version) != 0 &&
				l.list[i].release.rollback_index >= state.floor;
	releases_free(&l);
	return found;
}

/* 1: it is marked; 0: nothing was there to mark. */
static int mark_bad(const struct watch *w, int dirfd, struct err *e)
{
	const char *name = boot_record_string(w->record, "release", "name");
	const char *version =
		boot_record_string(w->record, "release", "version");
	char checked[NAME_MAX_SIZE];

	if (!name || !version || field_name(checked, name, strlen(name)) ||
		field_name(checked, version, strlen(version))) {
		tool_say("no release was booted: there is none to mark as bad");
		return 0;
	}
	if (!has_other(dirfd, name, version)) {
		tool_say(
			"release %s %s: not marked as bad: there is no other one to go back to",
			name, version);
		return 0;
	}
	if (state_file_update(dirfd, w->store ? w->store : w->device, name,
		    mark, checked, e) != 0)
		return -1;
	tool_say("release %s %s: marked as bad: it will not be booted again",
		name, version);
	return 1;
}

/* The store's directory. */
static int open_store(const struct watch *w, struct store_device *d, bool write,
	struct err *e)
{
	const json_t *r = w->record;
	const char *device = boot_record_string(r, "store", "device");
	const char *fstype = boot_record_string(r, "store", "fstype");
	const char *path = boot_record_string(r, "store", "path");

	*d = (struct store_device){ .mount = -1, .dirfd = -1 };
	if (!w->store && device && fstype && path && path[0] == '/')
		return store_device_open(d, device, fstype, path, write, e);
	d->dirfd = w->store ? open(w->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			    : -1;
	return d->dirfd >= 0
		       ? 0
		       : err_sys(e, REASON_FAILED, errno,
				 "%s: cannot be opened as a store",
				 w->store ? w->store : "the boot's store");
}

static bool is_new(struct watch *w, uint64_t inode)
{
	for (unsigned i = 0; i < w->n_confirmed && i < 64; i++)
		if (w->confirmed[i] == inode)
			return false;
	w->confirmed[w->n_confirmed++ % 64] = inode;
	return true;
}

int watch_look(struct watch *w, uint64_t inode, struct err *e)
{
	struct store_device d;
	char path[300];
	int r, error;

	if (open_store(w, &d, false, e) != 0)
		return -1;
	if (!find(d.dirfd, inode, path, sizeof(path))) {
		tool_say(
			"%s, inode %llu: called corrupt by the kernel, and no object",
			w->device, (unsigned long long)inode);
		store_device_close(&d);
		return 0;
	}
	error = read_again(d.dirfd, path);
	store_device_close(&d);
	if (!error) {
		tool_say(
			"%s: called corrupt by the kernel, and whole when it was read again",
			path);
		return 0;
	}
	if (!is_new(w, inode))
		return 0;
	tool_say("%s: DAMAGED: expected to read it again, found: %s", path,
		strerror(error));
	if (w->reaction == REACTION_LOG || w->done)
		return 0;
	if (open_store(w, &d, true, e) != 0)
		return -1;
	r = mark_bad(w, d.dirfd, e);
	store_device_close(&d);
	/* Where the same would be booted again, a reboot would be for ever. */
	w->done = r == 1;
	return r < 0 ? -1 : 0;
}
