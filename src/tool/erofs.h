/* SPDX-License-Identifier: MIT */
/*
 * The part of EROFS that a metadata image uses, and composefs' own header in
 * the 1024 bytes before the superblock. All numbers are little-endian.
 *
 * Format: https://docs.kernel.org/filesystems/erofs.html
 */
#ifndef RW_TOOL_EROFS_H
#define RW_TOOL_EROFS_H

#include <stdint.h>

#define EROFS_BLOCK_BITS 12
#define EROFS_BLOCK (1u << EROFS_BLOCK_BITS)
#define EROFS_SLOT 32u /* an inode's number is its position in slots */
#define EROFS_SUPER_OFFSET 1024u
#define EROFS_MAGIC 0xe0f5e1e2u
#define EROFS_COMPAT_MTIME 0x2u
#define EROFS_COMPAT_XATTR_FILTER 0x4u

#define COMPOSEFS_MAGIC 0xd078629au
#define COMPOSEFS_HEADER_VERSION 1u
#define COMPOSEFS_HAS_ACL 0x1u

struct composefs_header {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t composefs_version;
	uint32_t unused[4];
};

struct erofs_super {
	uint32_t magic;
	uint32_t checksum;
	uint32_t feature_compat;
	uint8_t blkszbits;
	uint8_t sb_extslots;
	uint16_t root_nid;
	uint64_t inos;
	uint64_t build_time;
	uint32_t build_time_nsec;
	uint32_t blocks;
	uint32_t meta_blkaddr;
	uint32_t xattr_blkaddr;
	uint8_t uuid[16];
	uint8_t volume_name[16];
	uint32_t feature_incompat;
	uint8_t unused[44];
};

/* Data layouts: bits 1 to 3 of format; bit 0 says that it is extended. */
#define EROFS_EXTENDED 1u
#define EROFS_FLAT_PLAIN (0u << 1)
#define EROFS_FLAT_INLINE (2u << 1)
#define EROFS_CHUNK_BASED (4u << 1)

struct erofs_inode_compact {
	uint16_t format;
	uint16_t xattr_icount;
	uint16_t mode;
	uint16_t nlink;
	uint32_t size;
	uint32_t unused;
	uint32_t u; /* block address, rdev or chunk format */
	uint32_t ino;
	uint16_t uid;
	uint16_t gid;
	uint32_t unused2;
};

struct erofs_inode_extended {
	uint16_t format;
	uint16_t xattr_icount;
	uint16_t mode;
	uint16_t unused;
	uint64_t size;
	uint32_t u;
	uint32_t ino;
	uint32_t uid;
	uint32_t gid;
	uint64_t mtime;
	uint32_t mtime_nsec;
	uint32_t nlink;
	uint8_t unused2[16];
};

#define EROFS_CHUNK_BITS_MAX (EROFS_BLOCK_BITS + 31)
#define EROFS_CHUNK_HOLE 0xffffffffu

struct erofs_xattr_header {
	uint32_t name_filter; /* a bit is 0 when such a name is there */
	uint8_t shared_count;
	uint8_t unused[7];
};

#define EROFS_XATTR_SHARED_MAX 128
#define EROFS_XATTR_FILTER_SEED 0x25bbe08fu

/* Followed by the name without its prefix and the value, to 4 bytes. */
struct erofs_xattr_entry {
	uint8_t name_size;
	uint8_t name_index;
	uint16_t value_size;
};

/* nid is a 64-bit number that is not aligned to 8. */
struct __attribute__((packed)) erofs_dirent {
	uint64_t nid;
	uint16_t nameoff;
	uint8_t file_type;
	uint8_t unused;
};

/* Types of a directory entry. */
#define EROFS_TYPE_DIRECTORY 2
#define EROFS_TYPE_CHARACTER 3

_Static_assert(sizeof(struct composefs_header) == 32, "composefs header");
_Static_assert(sizeof(struct erofs_super) == 128, "superblock");
_Static_assert(sizeof(struct erofs_inode_compact) == 32, "compact inode");
_Static_assert(sizeof(struct erofs_inode_extended) == 64, "extended inode");
_Static_assert(sizeof(struct erofs_xattr_header) == 12, "xattr header");
_Static_assert(sizeof(struct erofs_xattr_entry) == 4, "xattr entry");
_Static_assert(sizeof(struct erofs_dirent) == 12, "directory entry");

#endif
