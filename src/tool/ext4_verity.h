/* SPDX-License-Identifier: MIT */
/*
 * fs-verity on an inode of an ext4 that nobody has mounted: what the kernel
 * would have written after FS_IOC_ENABLE_VERITY, without a kernel that can,
 * without root. 4096-byte Merkle blocks, no salt, no built-in signature.
 *
 * The format is Linux' (fs/ext4/verity.c, Documentation/filesystems/ext4/
 * verity.rst): the Merkle tree begins at the file's size rounded up to
 * 65536, the root level first; the descriptor (struct fsverity_descriptor,
 * 256 bytes) at the next block; the size of the descriptor is the le32 in
 * the last 4 bytes of the last block that is allocated; the size of the file
 * stays that of its data.
 */
#ifndef RW_TOOL_EXT4_VERITY_H
#define RW_TOOL_EXT4_VERITY_H

#include "core/digest.h"
#include "tool/ext4_file.h"

/* Blocks of a sealed file: its data, its tree, its descriptor. */
uint64_t ext4_verity_blocks(uint64_t size, enum hash_algorithm a);

/*
 * Fills a new inode with the bytes of fd, as many as its size says, and
 * seals it; the bytes are read once and the digest is of just those. what is
 * for messages.
 */
must_check int ext4_verity_copy(struct ext4_file *f, int fd, const char *what,
	enum hash_algorithm a, struct digest *d, struct err *e);

/* What a sealed file holds, and whether the kernel would find it so. */
struct ext4_verity {
	struct digest digest;  /* computed from the data, all of it */
	bool flag;	       /* the inode says fs-verity */
	bool tree, descriptor; /* are those of the data */
	bool end;	       /* the descriptor's size is where it belongs */
};

/* Reads and hashes all of an inode; only what cannot be read is an error. */
must_check int ext4_verity_read(struct ext4_file *f, const char *what,
	enum hash_algorithm a, struct ext4_verity *v, struct err *e);

#endif
