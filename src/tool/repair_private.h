/* SPDX-License-Identifier: MIT */
/* What the parts of repair share. */
#ifndef RW_TOOL_REPAIR_PRIVATE_H
#define RW_TOOL_REPAIR_PRIVATE_H

#include "tool/repair.h"

/* Notes what became of a path; text NULL: it is repaired. */
must_check int repair_note(
	struct repair *r, const char *path, const char *text, struct err *e);

/* Fetches one object and puts it in the place of what is there. */
must_check int repair_fetch(
	struct repair *r, const struct digest *d, uint64_t size, struct err *e);

#endif
