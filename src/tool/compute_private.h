/* SPDX-License-Identifier: MIT */
#ifndef RW_TOOL_COMPUTE_PRIVATE_H
#define RW_TOOL_COMPUTE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"

#define DESCRIPTOR_SIZE 256

static inline size_t hash_size_of(enum hash_algorithm a)
{
	return a == HASH_SHA512 ? 64 : 32;
}

/*
 * struct fsverity_descriptor, from the kernel's Documentation/filesystems/
 * fsverity.rst. Its hash is the digest; root may be NULL: an empty file.
 */
void compute_descriptor(uint8_t out[static DESCRIPTOR_SIZE],
	enum hash_algorithm a, uint64_t size, const uint8_t *root);

#endif
