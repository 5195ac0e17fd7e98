/* SPDX-License-Identifier: MIT */
/*
 * meta.json, which says what kind of repository a store is. The format is
 * that of composefs-rs 0.7 (crates/composefs/src/repository_format.rs):
 *
 *	version		1; a greater one is refused
 *	algorithm	"fsverity-sha256-12" or "fsverity-sha512-12": the hash
 *			and log2 of the block size
 *	features	three lists of names. An unknown "incompatible" one is
 *			refused, an unknown "read-only-compatible" one forbids
 *			writing, "compatible" ones do not matter
 *
 * Other keys are skipped. The bytes may be anything: refused with the reason
 * and, where it is not JSON, the offset.
 */
#ifndef RW_TOOL_META_H
#define RW_TOOL_META_H

#include <stddef.h>

#include "core/digest.h"
#include "core/err.h"

#define META_MAX 65536 /* bytes of a meta.json that are read */

struct meta {
	enum hash_algorithm algorithm;
	/* The feature that forbids writing; empty: the store may be written. */
	char read_only[64];
};

/* name is for messages. */
must_check int meta_parse(struct meta *m, const char *name, const char *text,
	size_t n, struct err *e);

/* Writes the text of a new store's meta.json; returns its length. */
size_t meta_format(char *out, size_t size, enum hash_algorithm algorithm);

/* "fsverity-sha256-12" or "fsverity-sha512-12". */
const char *meta_algorithm(enum hash_algorithm a);

#endif
