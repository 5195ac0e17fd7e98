/* SPDX-License-Identifier: MIT */
/*
 * The file `state` of a store (core/state.h). It is made whole, under a
 * temporary name, and after that only ever overwritten, one record at a
 * time: that needs no space. A lock on the file itself is held for as long as
 * that takes, and not the store's, which builders hold for long.
 */
#ifndef RW_TOOL_STATE_FILE_H
#define RW_TOOL_STATE_FILE_H

#include "core/state.h"

/*
 * The state of this name. A file that is not there, or has no valid record for
 * the name, gives a new state, 1, and *e says why; else 0. -1 where there is
 * one that cannot be read.
 */
must_check int state_file_read(
	int storefd, const char *name, struct state *s, struct err *e);

/* Makes the file with a new state of this name, unless there is one. */
must_check int state_file_create(
	int storefd, const char *store, const char *name, struct err *e);

/*
 * Reads the state of this name as above, lets change change it, and writes it
 * durably when that returns 1; 0: leave it as it is; -1: *e is filled. A file
 * that cannot be a state is replaced.
 */
must_check int state_file_update(int storefd, const char *store,
	const char *name, int (*change)(struct state *s, void *ctx), void *ctx,
	struct err *e);

#endif
