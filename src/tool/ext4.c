/* SPDX-License-Identifier: MIT */
#include "tool/ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* libext2fs would ask the C compiler whether char is signed. */
#define HASH_FLAGS (EXT2_FLAGS_SIGNED_HASH | EXT2_FLAGS_UNSIGNED_HASH)

/* libcom_err has one table, and one place for a message. */
static pthread_mutex_t words_lock = PTHREAD_MUTEX_INITIALIZER;

int ext4_fail(struct err *e, errcode_t code, const char *fmt, ...)
{
	char words[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	/* A file takes less than it was given only where there is no room. */
	if (code == EXT2_ET_SHORT_WRITE)
		code = ENOSPC;
	pthread_mutex_lock(&words_lock);
	initialize_ext2_error_table();
	err_set(e, REASON_FAILED, "%s: %s", words, error_message(code));
	pthread_mutex_unlock(&words_lock);
	return -1;
}

/*
 * libext2fs writes some blocks late, out of its cache, and forgets the error
 * of some of those writes: it is kept here and asked for when we close.
 */
static errcode_t note_write_error(io_channel io, unsigned long block, int count,
	const void *data, size_t size, int actual, errcode_t code)
{
	ext2_filsys fs = io->app_data;
	struct ext4 *x = fs->priv_data;

	(void)block, (void)count, (void)data, (void)size, (void)actual;
	if (!x->written)
		x->written = code;
	return code;
}

/* libext2fs closes the descriptor that it is given, so it gets its own. */
static errcode_t descriptor_name(int fd, char *out, size_t n)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (own < 0)
		return errno;
	snprintf(out, n, "%d", own);
	return 0;
}

static void superblock(struct ext2_super_block *sb, const struct ext4_params *p)
{
	memset(sb, 0, sizeof(*sb));
	ext2fs_blocks_count_set(sb, p->blocks);
	sb->s_rev_level = EXT2_DYNAMIC_REV;
	sb->s_log_block_size = 2; /* 1024 << 2 */
	sb->s_log_cluster_size = 2;
	sb->s_inodes_count = p->inodes;
	sb->s_inode_size = EXT4_INODE_SIZE;
	sb->s_first_ino = EXT4_FIRST_FREE_INODE;
	sb->s_log_groups_per_flex = 4;
	sb->s_errors = EXT2_ERRORS_RO;
	sb->s_max_mnt_count = (__s16)-1;
	sb->s_feature_compat =
		EXT2_FEATURE_COMPAT_EXT_ATTR | EXT2_FEATURE_COMPAT_DIR_INDEX;
	sb->s_feature_incompat =
		EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
		EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG;
	sb->s_feature_ro_compat = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER |
				  EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
				  EXT4_FEATURE_RO_COMPAT_HUGE_FILE |
				  EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
				  EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |
				  EXT4_FEATURE_RO_COMPAT_METADATA_CSUM |
				  EXT4_FEATURE_RO_COMPAT_VERITY;
}

/* What ext2fs_initialize takes from the machine is put right again. */
static void identity(ext2_filsys fs, const struct ext4_params *p)
{
	struct ext2_super_block *sb = fs->super;

	fs->now = EXT4_TIME;
	fs->umask = 022;
	sb->s_mkfs_time = sb->s_lastcheck = EXT4_TIME;
	sb->s_checkinterval = 0;
	sb->s_def_hash_version = EXT2_HASH_HALF_MD4;
	sb->s_flags = (sb->s_flags & ~HASH_FLAGS) | EXT2_FLAGS_SIGNED_HASH;
	sb->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
	sb->s_log_groups_per_flex = 4;
	sb->s_checksum_type = EXT2_CRC32C_CHKSUM;
	memcpy(sb->s_uuid, p->uuid, sizeof(sb->s_uuid));
	memcpy(sb->s_hash_seed, p->hash_seed, sizeof(sb->s_hash_seed));
	strncpy((char *)sb->s_volume_name, p->label, EXT4_LABEL_MAX);
	ext2fs_init_csum_seed(fs);
}

/* The file is new: inode tables are zero without being written. */
static errcode_t reserve(ext2_filsys fs)
{
	dgrp_t group;
	ext2_ino_t ino;
	errcode_t r = ext2fs_allocate_tables(fs);

	if (r)
		return r;
	for (group = 0; group < fs->group_desc_count; group++) {
		ext2fs_bg_flags_set(fs, group, EXT2_BG_INODE_ZEROED);
		ext2fs_group_desc_csum_set(fs, group);
	}
	for (ino = EXT2_BAD_INO; ino < EXT4_FIRST_FREE_INODE; ino++)
		ext2fs_inode_alloc_stats2(fs, ino, 1, ino == EXT2_ROOT_INO);
	return 0;
}

int ext4_make(struct ext4 *x, int fd, const char *name,
	const struct ext4_params *p, struct err *e)
{
	struct ext2_super_block sb;
	char own[16], offset[32];
	errcode_t r;

	memset(x, 0, sizeof(*x));
	x->name = name;
	superblock(&sb, p);
	r = descriptor_name(fd, own, sizeof(own));
	if (!r)
		r = ext2fs_initialize(
			own, EXT2_FLAG_64BITS, &sb, unixfd_io_manager, &x->fs);
	if (!r) {
		x->fs->priv_data = x;
		x->fs->io->write_error = note_write_error;
		snprintf(offset, sizeof(offset), "offset=%llu",
			(unsigned long long)p->offset);
		r = io_channel_set_options(x->fs->io, offset);
	}
	if (!r) {
		identity(x->fs, p);
		r = reserve(x->fs);
	}
	if (r) {
		ext4_abandon(x);
		return ext4_fail(
			e, r, "%s: cannot hold an ext4 file system", name);
	}
	return 0;
}

uint64_t ext4_free_blocks(const struct ext4 *x)
{
	return ext2fs_free_blocks_count(x->fs->super);
}

uint64_t ext4_journal_blocks(uint64_t blocks)
{
	return blocks < EXT4_BLOCK * 8 ? 1024 : 4096;
}

int ext4_add_journal(struct ext4 *x, struct err *e)
{
	uint64_t blocks = ext2fs_blocks_count(x->fs->super);
	errcode_t r =
		ext2fs_add_journal_inode2(x->fs, ext4_journal_blocks(blocks), 0,
			EXT2_MKJOURNAL_LAZYINIT | EXT2_MKJOURNAL_NO_MNT_CHECK);

	if (r)
		return ext4_fail(e, r, "%s: cannot add a journal", x->name);
	return 0;
}

int ext4_open(struct ext4 *x, int fd, const char *name, uint64_t offset,
	bool *absent, struct err *e)
{
	char own[16], options[32];
	errcode_t r;

	memset(x, 0, sizeof(*x));
	x->name = name;
	*absent = false;
	snprintf(options, sizeof(options), "offset=%llu",
		(unsigned long long)offset);
	r = descriptor_name(fd, own, sizeof(own));
	if (!r)
		r = ext2fs_open2(own, options, EXT2_FLAG_64BITS, 0, 0,
			unixfd_io_manager, &x->fs);
	if (r) {
		*absent = r == EXT2_ET_BAD_MAGIC || r == EXT2_ET_SHORT_READ;
		return ext4_fail(e, r, "%s: cannot be opened as ext4", name);
	}
	if (ext2fs_has_feature_journal_needs_recovery(x->fs->super)) {
		ext4_abandon(x);
		err_set(e, REASON_FAILED,
			"%s: expected an ext4 file system that was unmounted cleanly, found one whose journal must be replayed",
			name);
		return err_hint(e, "mount and unmount it, or run e2fsck -p");
	}
	if (x->fs->blocksize != EXT4_BLOCK) {
		err_set(e, REASON_FAILED,
			"%s: expected ext4 with blocks of %d bytes, found %u",
			name, EXT4_BLOCK, x->fs->blocksize);
		ext4_abandon(x);
		return -1;
	}
	return 0;
}

int ext4_close(struct ext4 *x, struct err *e)
{
	errcode_t r = ext2fs_close2(x->fs, EXT2_FLAG_FLUSH_NO_SYNC);

	if (r)
		ext2fs_free(x->fs);
	x->fs = NULL;
	if (!r)
		r = x->written;
	if (r)
		return ext4_fail(e, r, "%s: cannot be written", x->name);
	return 0;
}

void ext4_abandon(struct ext4 *x)
{
	if (x->fs)
		ext2fs_free(x->fs);
	x->fs = NULL;
}
