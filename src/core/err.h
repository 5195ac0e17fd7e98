/* SPDX-License-Identifier: MIT */
/*
 * One error: filled where most is known, passed up untouched, printed once
 * by main. Nothing in core prints or exits.
 *
 * The sentence reads `what: object: expected X, found Y: cause`.
 */
#pragma once

#include "core/base.h"
#include "core/reason.h"

struct err {
	enum reason reason;
	char text[1024]; /* one sentence, no newline; cut where it is full */
	char hint[512];	 /* what to do; empty: the reason's own hint */
};

/* Fills *e, keeps no hint of an earlier error, and returns -1. */
#define err_set(e, r, ...) err_sys(e, r, 0, __VA_ARGS__)

/* The same, followed by ": " and the text of errnum (unless that is 0). */
int err_sys(struct err *e, enum reason r, int errnum, const char *fmt, ...)
	printf_like(4, 5);

/* Replaces the hint of an error that is set; returns -1. */
int err_hint(struct err *e, const char *fmt, ...) printf_like(2, 3);

/* The hint to print: the error's own, else the reason's. */
const char *err_hint_text(const struct err *e);
