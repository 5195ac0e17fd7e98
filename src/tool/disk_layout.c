/* SPDX-License-Identifier: MIT */
#include "tool/disk_layout.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"

#define BLOCKS_PER_MIB (DISK_MIB / EXT4_BLOCK)
#define TRIES_MAX 64

/* 16 KiB of disk an inode, or what the tree needs and an eighth. */
static uint32_t inodes(const struct disk_tree *t, uint64_t blocks)
{
	uint64_t n = (uint64_t)t->last_ino + t->last_ino / 8 + 64;

	if (n < blocks / 4)
		n = blocks / 4;
	return n < UINT32_MAX ? n : UINT32_MAX;
}

void disk_file_system(
	struct ext4_params *p, const struct disk_tree *t, uint64_t bytes)
{
	uint64_t mib = bytes / DISK_MIB;

	memset(p, 0, sizeof(*p));
	p->label = "";
	p->offset = DISK_MIB;
	p->blocks = (mib > 2 ? mib - 2 : 0) * BLOCKS_PER_MIB;
	p->inodes = inodes(t, p->blocks);
}

/* Blocks that are free on a disk of so many bytes, before the journal. */
static int try_size(const struct disk_tree *t, int fd, uint64_t bytes,
	uint64_t *free_blocks, struct err *e)
{
	struct ext4_params p;
	struct ext4 x;

	disk_file_system(&p, t, bytes);
	if (ext4_make(&x, fd, "disk", &p, e) != 0)
		return -1;
	*free_blocks = ext4_free_blocks(&x);
	ext4_abandon(&x);
	return 0;
}

int disk_size_least(const struct disk_tree *t, uint64_t *bytes, struct err *e)
{
	AUTO_FD int fd = memfd_create("layout", MFD_CLOEXEC);
	uint64_t tables = t->last_ino / (EXT4_BLOCK / EXT4_INODE_SIZE);
	uint64_t mib = (t->blocks + tables) / BLOCKS_PER_MIB + 6, need, have;
	int i, r = -1;

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"disk: no memory to lay it out in");
	for (i = 0; i < TRIES_MAX; i++) {
		*bytes = mib * DISK_MIB;
		need = t->blocks +
		       ext4_journal_blocks((mib - 2) * BLOCKS_PER_MIB);
		r = try_size(t, fd, *bytes, &have, e);
		if (r == 0 && have >= need)
			return 0;
		/* Too many inodes for so few blocks: no layout at all. */
		if (r != 0)
			mib += mib / 2;
		else
			mib += (need - have + BLOCKS_PER_MIB - 1) /
			       BLOCKS_PER_MIB;
	}
	if (r != 0)
		return -1;
	return err_set(e, REASON_FAILED,
		"disk: %s: expected a size that holds %llu blocks, found none",
		t->store_name, (unsigned long long)t->blocks);
}

uint64_t disk_slack(uint64_t bytes)
{
	uint64_t slack = bytes / 16 / DISK_MIB * DISK_MIB;

	return slack > 8 * DISK_MIB ? slack : 8 * DISK_MIB;
}
