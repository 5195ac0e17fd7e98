/* SPDX-License-Identifier: MIT */
/*
 * What the boot program recorded, asked again of the running kernel. A
 * finding is weaker where the kernel says less than the record; what nobody
 * can ask any more is unknown, and no fault.
 */
#ifndef RW_TOOL_STATUS_H
#define RW_TOOL_STATUS_H

#include "tool/boot_record.h"

enum verdict {
	VERDICT_SAME,
	VERDICT_UNKNOWN,
	VERDICT_WEAKER,
};

#define FINDINGS_MAX 32
#define STATUS_STORES_MAX 16

struct finding {
	const char *name; /* "kernel", "command line", ... */
	enum verdict verdict;
	char text[512];
};

struct status {
	const json_t *record;
	const char *proc; /* "/proc" */
	/* Where stores are mounted, in the order of the overlay. */
	const char *stores[STATUS_STORES_MAX];
	unsigned n_stores;
	unsigned n;
	struct finding findings[FINDINGS_MAX];
};

/* Asks all of it. private: only root can write the record. */
void status_check(struct status *s, bool private);

/* Adds one; the last place says that there were more. */
void status_add(struct status *s, const char *name, enum verdict v,
	const char *fmt, ...) printf_like(4, 5);

/* The mounts of the running system: root, and what lies over it. */
void status_check_mounts(struct status *s);

/* The first finding that is weaker, or NULL. */
const struct finding *status_weaker(const struct status *s);

/* How many reasons the record itself has to call the boot weakened. */
size_t status_weakened(const struct status *s);

/* "same", "unknown", "weaker"; "verified", "weakened", "weaker". */
const char *verdict_name(enum verdict v);
const char *status_word(const struct status *s);

/* The chain of trust on one screen. */
void status_print(const struct status *s);

#endif
