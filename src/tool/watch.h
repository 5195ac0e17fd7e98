/* SPDX-License-Identifier: MIT */
/*
 * A file of the store that the kernel calls corrupt: which object it is,
 * whether it is so when it is read again, and what is done then.
 */
#ifndef RW_TOOL_WATCH_H
#define RW_TOOL_WATCH_H

#include <stdint.h>

#include "tool/boot_record.h"

enum reaction {
	REACTION_LOG,
	REACTION_BAD,	 /* the release is not booted again */
	REACTION_REBOOT, /* the same, and now */
};

struct watch {
	const json_t *record;
	const char *store; /* where it is mounted; NULL: by its device */
	char device[64];   /* its name in the kernel's messages */
	enum reaction reaction;
	bool done;		/* the reaction was carried out */
	uint64_t confirmed[64]; /* inodes that were said to be damaged */
	unsigned n_confirmed;
};

/*
 * Takes one line of the kernel log, as /dev/kmsg gives it. True: it is the
 * kernel's own word that a file of this device is corrupt, and which inode.
 */
bool watch_is_hint(const struct watch *w, const char *line, uint64_t *inode);

/* Reads the object again, and reacts when that fails. Says what it found. */
must_check int watch_look(struct watch *w, uint64_t inode, struct err *e);

#endif
