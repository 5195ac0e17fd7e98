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

/* What is bad, and what is good instead. */
struct verdicts {
	char bad[NAME_MAX_SIZE], good[NAME_MAX_SIZE];
	uint64_t sequence; /* of the bad one */
};

/* The boot takes a release whose tries are used up for a bad one. */
static int mark(struct state *s, void *ctx)
{
	const struct verdicts *v = ctx;

	strcpy(s->blessed, v->good);
	strcpy(s->trying, v->bad);
	s->tries_left = 0;
	return 1;
}

/*
 * The release to go back to: the one that was declared good, or the newest of
 * those that are older than the bad one and not below the floor.
 */
static bool find_good(int dirfd, const char *name, struct verdicts *v)
{
	struct store store = { .fd = dirfd, .objects = -1 };
	struct release_list l;
	struct state state;
	struct err e;
	bool known = state_file_read(dirfd, name, &state, &e) >= 0;

	v->good[0] = '\0';
	if (releases_load(&l, &store, name, NULL, &e) != 0)
		l.n = 0;
	for (size_t i = 0; i < l.n; i++) {
		const struct release *r = &l.list[i].release;
		bool blessed = known && !strcmp(r->version, state.blessed);

		if (l.list[i].fault || !strcmp(r->version, v->bad) ||
			(known && r->rollback_index < state.floor))
			continue;
		if (blessed || (!v->good[0] && r->sequence < v->sequence))
			strcpy(v->good, r->version);
		if (blessed)
			break;
	}
	releases_free(&l);
	return v->good[0];
}

/* 1: it is marked; 0: nothing was there to mark. */
static int mark_bad(const struct watch *w, int dirfd, struct err *e)
{
	const char *name = boot_record_string(w->record, "release", "name");
	const char *version =
		boot_record_string(w->record, "release", "version");
	struct verdicts v = { 0 };
	char checked[NAME_MAX_SIZE];

	if (!name || !version || field_name(checked, name, strlen(name)) ||
		field_name(v.bad, version, strlen(version)) ||
		!boot_record_number(
			w->record, "release", "sequence", &v.sequence)) {
		tool_say("no release was booted: there is none to mark as bad");
		return 0;
	}
	if (!find_good(dirfd, name, &v)) {
		tool_say(
			"release %s %s: not marked as bad: there is no older one to go back to",
			name, version);
		return 0;
	}
	if (state_file_update(dirfd, w->store ? w->store : w->device, name,
		    mark, &v, e) != 0)
		return -1;
	tool_say("release %s %s: marked as bad: %s is booted next time", name,
		version, v.good);
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
