/* SPDX-License-Identifier: MIT */
/*
 * What is on a block device, from bytes that the caller has read: pure
 * functions over hostile input. They find a device by its name, they do not
 * vouch for it: every label and UUID can be forged, and what is mounted in
 * the end is checked by other means.
 *
 * Nothing is checksummed here. The kernel does that for a superblock when it
 * mounts it, and for GPT before it makes a partition of it. Its own words of
 * a partition would do (PARTNAME= and PARTUUID= of a uevent), but PARTUUID=
 * came with 6.13; so the entry is read here, and it is the kernel's if it
 * begins where the kernel's partition does.
 *
 * Sources: UEFI 2.10 chapter 5.3; the kernel's Documentation/filesystems/
 * ext4/super.rst, include/uapi/linux/btrfs_tree.h and
 * include/linux/f2fs_fs.h.
 */
#pragma once

#include "core/base.h"

/* Where the caller reads, and how many bytes each function needs at least. */
#define EXT4_OFFSET 1024
#define EXT4_SIZE 1024
#define F2FS_OFFSET 1024
#define F2FS_SIZE 2184
#define BTRFS_OFFSET 65536
#define BTRFS_SIZE 555

/* What a file system, or the partition table, says to know it by. */
struct identity {
	char label[257];     /* empty: none, or longer than this */
	char uuid[37];	     /* lower-case, with dashes */
	bool needs_recovery; /* a journal or log; never known for f2fs */
};

/* The file system whose superblock the n bytes begin with; false: none. */
bool probe_ext4(const uint8_t *sb, size_t n, struct identity *out);
bool probe_btrfs(const uint8_t *sb, size_t n, struct identity *out);
bool probe_f2fs(const uint8_t *sb, size_t n, struct identity *out);

#define GPT_HEADER_SIZE 92
#define GPT_ENTRY_SIZE 128

/* The sector of the table, from a header (sector 1); 0: it is none. */
uint64_t probe_gpt(const uint8_t *header);

/*
 * PARTLABEL and PARTUUID from the entry of a partition that begins at sector
 * start. False: it is about another one.
 */
bool probe_gpt_entry(
	const uint8_t *entry, uint64_t start, struct identity *out);
