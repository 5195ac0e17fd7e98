/* SPDX-License-Identifier: MIT */
/*
 * What is on a block device, from bytes that the caller has read: pure
 * functions over hostile input. They find a device by its name, they do not
 * vouch for it: every label and UUID can be forged, and what is mounted in
 * the end is checked by other means.
 *
 * Of GPT only the primary header counts, as for the kernel (without "gpt"
 * on its command line), and both checksums must match. Superblocks are not
 * checksummed here: the kernel does that when it mounts them.
 *
 * Sources: UEFI 2.10 chapter 5.3; the kernel's Documentation/filesystems/
 * ext4/super.rst, include/uapi/linux/btrfs_tree.h and
 * include/linux/f2fs_fs.h.
 */
#ifndef RW_CORE_PROBE_H
#define RW_CORE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	uint8_t uuid[16];    /* in the order in which it is written */
	bool needs_recovery; /* a journal or log; never known for f2fs */
};

/* The file system whose superblock the n bytes begin with; false: none. */
bool probe_ext4(const uint8_t *sb, size_t n, struct identity *out);
bool probe_btrfs(const uint8_t *sb, size_t n, struct identity *out);
bool probe_f2fs(const uint8_t *sb, size_t n, struct identity *out);

#define GPT_ENTRY_SIZE 128
#define GPT_TABLE_MAX 32768 /* bytes of entries that we read: 256 */

struct gpt {
	uint64_t table_lba;  /* where the entries are, in sectors */
	uint32_t table_size; /* their bytes, at most GPT_TABLE_MAX */
	uint32_t n, table_crc;
	uint64_t first, last; /* sectors that partitions may use */
};

/*
 * The primary header: one sector (512 to 4096 bytes), read at sector 1 of a
 * disk of that many sectors. False: none, a bad checksum, or out of bounds.
 */
bool probe_gpt(
	const uint8_t *sector, size_t n, uint64_t sectors, struct gpt *out);

/* The g->table_size bytes at g->table_lba are those the header means. */
bool probe_gpt_table(const struct gpt *g, const uint8_t *table, size_t n);

/*
 * PARTLABEL and PARTUUID of the partition with the kernel's number (from 1) in
 * a table that probe_gpt_table has accepted. False: not in use, or out of
 * bounds.
 */
bool probe_gpt_partition(const struct gpt *g, const uint8_t *table,
	unsigned number, struct identity *out);

/* Lower-case, with dashes, 36 characters and a NUL. */
void probe_uuid_text(const uint8_t *uuid, char *out);

#endif
