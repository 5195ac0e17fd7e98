/* SPDX-License-Identifier: MIT */
#include "tool/ext4_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define INODE(f) ((struct ext2_inode *)&(f)->inode)
/* A file of 16 TiB in the worst of orders; more is not an ext4 of ours. */
#define RUNS_MAX (1U << 20)

int ext4_file_new(struct ext4 *x, struct ext4_file *f, ext2_ino_t ino,
	mode_t mode, uid_t uid, gid_t gid, uint64_t size, struct err *e)
{
	errcode_t r;

	memset(f, 0, sizeof(*f));
	f->x = x;
	f->ino = ino;
	f->inode.i_mode = mode;
	f->inode.i_uid = uid;
	f->inode.i_gid = gid;
	ext2fs_set_i_uid_high(f->inode, uid >> 16);
	ext2fs_set_i_gid_high(f->inode, gid >> 16);
	f->inode.i_atime = f->inode.i_ctime = f->inode.i_mtime =
		f->inode.i_crtime = EXT4_TIME;
	f->inode.i_links_count = 1;
	f->inode.i_flags = EXT4_EXTENTS_FL;
	f->inode.i_extra_isize = sizeof(f->inode) - EXT2_GOOD_OLD_INODE_SIZE;
	r = ext2fs_inode_size_set(x->fs, INODE(f), size);
	if (r)
		return ext4_fail(e, r, "%s: inode %u: a size of %llu bytes",
			x->name, ino, (unsigned long long)size);
	return 0;
}

static int add_run(struct ext4_file *f, uint64_t logical, uint64_t physical,
	uint64_t n, struct err *e)
{
	struct ext4_run *runs;

	if ((f->n_runs & (f->n_runs + 1)) == 0) {
		runs = realloc(f->runs, 2 * (f->n_runs + 1) * sizeof(*f->runs));
		if (!runs)
			return err_sys(e, REASON_FAILED, ENOMEM,
				"%s: inode %u: its extents", f->x->name,
				f->ino);
		f->runs = runs;
	}
	f->runs[f->n_runs++] = (struct ext4_run){ logical, physical, n };
	return 0;
}

static errcode_t walk(
	struct ext4_file *f, ext2_extent_handle_t handle, struct err *e)
{
	blk64_t blocks = ext2fs_blocks_count(f->x->fs->super);
	struct ext2fs_extent extent;
	errcode_t r;
	int op = EXT2_EXTENT_ROOT;

	for (;; op = EXT2_EXTENT_NEXT_LEAF) {
		r = ext2fs_extent_get(handle, op, &extent);
		if (r == EXT2_ET_EXTENT_NO_NEXT || r == EXT2_ET_NO_CURRENT_NODE)
			return 0;
		if (r)
			return r;
		if (!(extent.e_flags & EXT2_EXTENT_FLAGS_LEAF))
			continue;
		if (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT ||
			extent.e_lblk < ext4_file_end(f) ||
			f->n_runs == RUNS_MAX ||
			extent.e_pblk < f->x->fs->super->s_first_data_block ||
			extent.e_pblk > blocks ||
			extent.e_len > blocks - extent.e_pblk)
			return EXT2_ET_EXTENT_LEAF_BAD;
		if (add_run(f, extent.e_lblk, extent.e_pblk, extent.e_len, e))
			return ENOMEM;
	}
}

int ext4_file_open(
	struct ext4 *x, struct ext4_file *f, ext2_ino_t ino, struct err *e)
{
	ext2_extent_handle_t handle;
	errcode_t r;

	memset(f, 0, sizeof(*f));
	f->x = x;
	f->ino = ino;
	r = ext2fs_read_inode_full(x->fs, ino, INODE(f), sizeof(f->inode));
	if (!r && !(f->inode.i_flags & EXT4_EXTENTS_FL))
		r = EXT2_ET_INODE_NOT_EXTENT;
	if (!r)
		r = ext2fs_extent_open2(x->fs, ino, INODE(f), &handle);
	if (!r) {
		r = walk(f, handle, e);
		ext2fs_extent_free(handle);
	}
	if (r) {
		ext4_file_free(f);
		return ext4_fail(
			e, r, "%s: inode %u: cannot be read", x->name, ino);
	}
	return 0;
}

/*
 * ext2fs_fallocate keeps the distance of the logical blocks between the
 * physical ones, which leaves a gap before each Merkle tree; this one takes
 * the next free blocks, and never has to look before them again.
 */
static errcode_t map_next(struct ext4_file *f, ext2_extent_handle_t handle,
	uint64_t logical, uint64_t n, uint64_t *got, struct err *e)
{
	struct ext4 *x = f->x;
	struct ext2fs_extent extent = { .e_lblk = logical };
	blk64_t physical, len;
	errcode_t r;

	r = ext2fs_new_range(x->fs, 0, x->next,
		n < EXT4_RUN_MAX ? n : EXT4_RUN_MAX, NULL, &physical, &len);
	if (r)
		return r;
	ext2fs_block_alloc_stats_range(x->fs, physical, len, 1);
	r = ext2fs_iblk_add_blocks(x->fs, INODE(f), len);
	if (r)
		return r;
	x->next = physical + len;
	extent.e_pblk = physical;
	extent.e_len = *got = len;
	if (f->n_runs) {
		r = ext2fs_extent_goto(handle, f->runs[f->n_runs - 1].logical);
		if (r)
			return r;
	}
	r = ext2fs_extent_insert(handle, EXT2_EXTENT_INSERT_AFTER, &extent);
	if (!r && add_run(f, logical, physical, len, e) != 0)
		r = ENOMEM;
	return r;
}

int ext4_file_map(
	struct ext4_file *f, uint64_t logical, uint64_t n, struct err *e)
{
	ext2_extent_handle_t handle;
	uint64_t got;
	errcode_t r;

	/* This makes an empty list of extents too: a file of none has one. */
	r = ext2fs_extent_open2(f->x->fs, f->ino, INODE(f), &handle);
	if (!r) {
		for (; !r && n > 0; n -= got, logical += got)
			r = map_next(f, handle, logical, n, &got, e);
		ext2fs_extent_free(handle);
	}
	if (r)
		return ext4_fail(e, r, "%s: inode %u: cannot get its blocks",
			f->x->name, f->ino);
	return 0;
}

/* The run with the logical block, or the first one after it, or the end. */
static const struct ext4_run *find_run(
	const struct ext4_file *f, uint64_t logical)
{
	size_t low = 0, high = f->n_runs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->runs[mid].logical + f->runs[mid].n <= logical)
			low = mid + 1;
		else
			high = mid;
	}
	return f->runs + low;
}

int ext4_file_write(struct ext4_file *f, uint64_t logical, uint64_t n,
	const void *blocks, struct err *e)
{
	const char *at = blocks;

	while (n > 0) {
		const struct ext4_run *run = find_run(f, logical);
		uint64_t skip = logical - run->logical, len = run->n - skip;
		errcode_t r;

		if (len > n)
			len = n;
		r = io_channel_write_blk64(
			f->x->fs->io, run->physical + skip, len, at);
		if (r)
			return ext4_fail(
				e, r, "%s: cannot be written", f->x->name);
		at += len * EXT4_BLOCK;
		logical += len;
		n -= len;
	}
	return 0;
}

/*
 * libext2fs keeps a few blocks in a cache, which is not for threads: its own
 * lock (EXT2_FLAG_THREADS) is lost where a file is opened by its descriptor.
 */
static errcode_t read_blocks(
	struct ext4_file *f, uint64_t physical, uint64_t n, void *blocks)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	errcode_t r;

	pthread_mutex_lock(&lock);
	r = io_channel_read_blk64(f->x->fs->io, physical, (int)n, blocks);
	pthread_mutex_unlock(&lock);
	return r;
}

int ext4_file_read(struct ext4_file *f, uint64_t logical, uint64_t n,
	void *blocks, struct err *e)
{
	char *at = blocks;

	while (n > 0) {
		const struct ext4_run *run = find_run(f, logical);
		bool hole =
			run == f->runs + f->n_runs || run->logical > logical;
		uint64_t len = n;
		errcode_t r = 0;

		if (hole && run != f->runs + f->n_runs &&
			len > run->logical - logical)
			len = run->logical - logical;
		if (!hole && len > run->logical + run->n - logical)
			len = run->logical + run->n - logical;
		if (hole)
			memset(at, 0, len * EXT4_BLOCK);
		else
			r = read_blocks(f,
				run->physical + (logical - run->logical), len,
				at);
		if (r)
			return ext4_fail(e, r, "%s: inode %u: cannot be read",
				f->x->name, f->ino);
		at += len * EXT4_BLOCK;
		logical += len;
		n -= len;
	}
	return 0;
}

uint64_t ext4_file_physical(const struct ext4_file *f, uint64_t logical)
{
	const struct ext4_run *run = find_run(f, logical);

	return run->physical + (logical - run->logical);
}

uint64_t ext4_file_end(const struct ext4_file *f)
{
	const struct ext4_run *last;

	if (f->n_runs == 0)
		return 0;
	last = f->runs + f->n_runs - 1;
	return last->logical + last->n;
}

int ext4_file_commit(struct ext4_file *f, struct err *e)
{
	ext2_filsys fs = f->x->fs;
	errcode_t r;

	r = ext2fs_write_inode_full(fs, f->ino, INODE(f), sizeof(f->inode));
	if (r)
		return ext4_fail(e, r, "%s: inode %u: cannot be written",
			f->x->name, f->ino);
	if (f->ino >= EXT4_FIRST_FREE_INODE)
		ext2fs_inode_alloc_stats2(
			fs, f->ino, 1, S_ISDIR(f->inode.i_mode));
	return 0;
}

void ext4_file_free(struct ext4_file *f)
{
	free(f->runs);
	f->runs = NULL;
	f->n_runs = 0;
}

int ext4_file_symlink(struct ext4_file *f, const char *target, struct err *e)
{
	char block[EXT4_BLOCK] = "";
	size_t n = strlen(target);

	memcpy(block, target, n < sizeof(block) ? n : sizeof(block) - 1);
	if (n < sizeof(f->inode.i_block)) {
		f->inode.i_flags &= ~EXT4_EXTENTS_FL;
		memcpy(f->inode.i_block, block, n);
		return 0;
	}
	if (ext4_file_map(f, 0, 1, e) != 0)
		return -1;
	return ext4_file_write(f, 0, 1, block, e);
}
