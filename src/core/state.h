/* SPDX-License-Identifier: MIT */
/*
 * What the device remembers from boot to boot: which release was declared
 * good, the roll-back floor, and how many tries a new release has left.
 *
 * The file <store_path>/state is two records of STATE_RECORD bytes. Each is
 * text: `sha256=<64 hex digits>` over what follows that line, then
 * `format=rootwright-state-1`, key=value lines, and newlines up to the end.
 * The valid record of the larger generation counts, and a writer overwrites
 * the other one, so that a power cut leaves one that is whole.
 *
 * Nothing authenticates the file: who can write the disk can write any
 * valid record. So it can only choose among what is signed and not below
 * the floor that the initramfs has baked in.
 */
#pragma once

#include "core/fields.h"

#define STATE_FILE "state"
#define STATE_RECORD 4096
#define STATE_SIZE (2 * STATE_RECORD)
#define STATE_TRIES_MAX 99

struct state {
	uint64_t generation; /* goes round after 2^64 - 1 */
	char name[NAME_MAX_SIZE];
	char blessed[NAME_MAX_SIZE]; /* version; empty: none */
	uint64_t floor;
	char trying[NAME_MAX_SIZE]; /* version; empty: none */
	uint64_t tries_left;	    /* of trying; at most STATE_TRIES_MAX */
};

/*
 * Reads the n bytes of the file and gives the index of the record that
 * counts (0, 1). Where none of them is valid and for this name, -1: *s is
 * then a state in which nothing was ever tried, of generation 0, and *e says
 * what is wrong with the first; that is no reason to refuse a boot.
 */
must_check int state_choose(struct state *s, const char *name,
	const uint8_t *bytes, size_t n, struct err *e);

/* Writes the record: STATE_RECORD bytes. */
void state_format(uint8_t *record, const struct state *s);
