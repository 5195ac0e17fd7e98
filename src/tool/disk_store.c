/* SPDX-License-Identifier: MIT */
#include "tool/disk_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tool/disk_layout.h"
#include "tool/ext4_list.h"

#define PARTITIONS_MAX 128

ext2_ino_t disk_find(struct ext4 *x, ext2_ino_t ino, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		/* This is also false for a symbolic link. */
		if (!S_ISDIR(ext4_mode(x, ino)) ||
			ext2fs_lookup(x->fs, ino, path, n, NULL, &ino))
			return 0;
		path += n;
		path += *path == '/';
	}
	return ino;
}

static bool is_store(struct ext4 *x)
{
	ext2_ino_t objects = disk_find(x, EXT2_ROOT_INO, DISK_STORE "/objects");

	return objects && S_ISDIR(ext4_mode(x, objects));
}

/*
 * The one partition with a store; *at is its offset. What is wrong with the
 * others, such as a state that was not unmounted, only matters without one.
 */
static int find_store(struct disk_store *s, uint64_t *at, struct err *e)
{
	uint64_t offsets[PARTITIONS_MAX];
	int n = disk_partitions(s->fd, s->name, offsets, PARTITIONS_MAX, e),
	    found = 0;
	bool absent, wrong = false;
	struct err why;

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (ext4_open(&s->x, s->fd, s->name, offsets[i], &absent, e)) {
			if (!absent && !wrong)
				why = *e;
			wrong |= !absent;
			continue;
		}
		if (is_store(&s->x) && found++ == 0)
			*at = offsets[i];
		ext4_abandon(&s->x);
	}
	if (found == 1)
		return 0;
	if (!found && wrong) {
		*e = why;
		return -1;
	}
	return err_set(e, REASON_FAILED,
		"%s: expected one ext4 file system with /%s/objects in it, found %s",
		s->name, DISK_STORE, found ? "more" : "none");
}

static int open_disk(struct disk_store *s, struct err *e)
{
	uint64_t at = 0;
	struct stat st;
	bool absent;

	s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			s->name);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a store, a disk image or a block device, found something else",
			s->name);
	if (find_store(s, &at, e) != 0 ||
		ext4_open(&s->x, s->fd, s->name, at, &absent, e) != 0)
		return -1;
	s->top = disk_find(&s->x, EXT2_ROOT_INO, DISK_STORE);
	return 0;
}

int disk_store_open(struct disk_store *s, const char *name, struct err *e)
{
	*s = (struct disk_store){ .name = name, .fd = -1 };
	if (open_disk(s, e) == 0)
		return 0;
	disk_store_close(s);
	return -1;
}

void disk_store_close(struct disk_store *s)
{
	if (!s->name)
		return;
	ext4_abandon(&s->x);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct disk_store){ .fd = -1 };
}
