/* SPDX-License-Identifier: MIT */
#include "tool/ext4_dir.h"

#include <string.h>

/* The last 12 bytes of each block are its checksum. */
#define ROOM (EXT4_BLOCK - (int)sizeof(struct ext2_dir_entry_tail))
#define LINKS_MAX 65000 /* more subdirectories are a link count of 1 */

struct block {
	char bytes[EXT4_BLOCK];
	unsigned used;
	struct ext2_dir_entry *last;
};

static unsigned entry_size(const char *name)
{
	return (8 + strlen(name) + 3) & ~3U;
}

static int file_type(mode_t mode)
{
	return S_ISDIR(mode)   ? EXT2_FT_DIR
	       : S_ISLNK(mode) ? EXT2_FT_SYMLINK
			       : EXT2_FT_REG_FILE;
}

uint64_t ext4_dir_blocks(const struct ext4_entry *entries, size_t n)
{
	unsigned used = entry_size(".") + entry_size("..");
	uint64_t blocks = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned size = entry_size(entries[i].name);

		if (used + size > ROOM) {
			blocks++;
			used = 0;
		}
		used += size;
	}
	return blocks;
}

static void put(struct block *b, const char *name, ext2_ino_t ino, mode_t mode)
{
	struct ext2_dir_entry *entry = (void *)(b->bytes + b->used);
	unsigned size = entry_size(name);

	entry->inode = ino;
	entry->rec_len = size;
	ext2fs_dirent_set_name_len(entry, strlen(name));
	ext2fs_dirent_set_file_type(entry, file_type(mode));
	memcpy(entry->name, name, strlen(name));
	b->last = entry;
	b->used += size;
}

static int flush(
	struct ext4_file *f, struct block *b, uint64_t logical, struct err *e)
{
	ext2_filsys fs = f->x->fs;
	errcode_t r;

	b->last->rec_len += ROOM - b->used;
	ext2fs_initialize_dirent_tail(
		fs, EXT2_DIRENT_TAIL(b->bytes, EXT4_BLOCK));
	r = ext2fs_write_dir_block4(
		fs, ext4_file_physical(f, logical), b->bytes, 0, f->ino);
	if (r)
		return ext4_fail(e, r, "%s: directory %u: cannot be written",
			f->x->name, f->ino);
	memset(b, 0, sizeof(*b));
	return 0;
}

int ext4_dir_write(struct ext4_file *f, ext2_ino_t parent,
	const struct ext4_entry *entries, size_t n, struct err *e)
{
	struct block b = { .used = 0 };
	uint64_t blocks = ext4_dir_blocks(entries, n), logical = 0;
	size_t links = 2, i;

	if (ext4_file_map(f, 0, blocks, e) != 0)
		return -1;
	put(&b, ".", f->ino, S_IFDIR);
	put(&b, "..", parent, S_IFDIR);
	for (i = 0; i < n; i++) {
		if (b.used + entry_size(entries[i].name) > ROOM &&
			flush(f, &b, logical++, e) != 0)
			return -1;
		put(&b, entries[i].name, entries[i].ino, entries[i].mode);
		links += S_ISDIR(entries[i].mode);
	}
	if (flush(f, &b, logical, e) != 0)
		return -1;
	f->inode.i_links_count = links < LINKS_MAX ? links : 1;
	f->inode.i_size = blocks * EXT4_BLOCK;
	f->inode.i_size_high = blocks * EXT4_BLOCK >> 32;
	return 0;
}
