/* SPDX-License-Identifier: MIT */
/* A release as words and as JSON: list, show and verify say the same. */
#ifndef RW_TOOL_RELEASE_TEXT_H
#define RW_TOOL_RELEASE_TEXT_H

#include "tool/json.h"
#include "tool/releases.h"

/* One of these for each release, in a list. */
struct release_json {
	struct json j;
	char *buf;
	bool any;
};

/* Prints the beginning, each release, and the end of {"releases":[...]}. */
void release_json_begin(struct release_json *r);
/* Begins one: the caller adds members to r->j, and ends it. */
must_check int release_json_open(
	struct release_json *r, const struct store_release *x, struct err *e);
must_check int release_json_close(struct release_json *r, struct err *e);
void release_json_end(struct release_json *r);

/* "web 2: sequence 7, rollback_index 5" on stdout, without a newline. */
void release_print(const struct store_release *x);

#endif
