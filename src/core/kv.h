/* SPDX-License-Identifier: MIT */
/*
 * The keys of the policy, in one table for boot.conf and the kernel command
 * line: what each is called, what its value may be, where it is kept.
 */
#pragma once

#include "core/base.h"

#define VALUE_MAX 256 /* bytes of one value, with its NUL */
#define SECONDS_MAX 3600

/* A key: one of words (NULL ends them), or what read takes. */
struct setting {
	const char *name;	  /* in boot.conf; NULL: it has none there */
	const char *cmdline;	  /* on the command line; NULL: it has no say */
	size_t member;		  /* its offset in struct policy */
	const char *const *words; /* the member is unsigned: the word's place */
	bool (*read)(void *member, const char *v);
	const char *expected; /* what the value should have been, in words */
};

#define SETTINGS 21
extern const struct setting settings[SETTINGS];

/* The one of this name; NULL: none. */
const struct setting *setting_find(const char *name, bool cmdline);

/*
 * Fills the setting's member of *policy from 1 to 255 characters of printable
 * ASCII. NULL, or the words that follow "expected" in the caller's sentence;
 * then a word or a number is what it was.
 */
const char *setting_read(const struct setting *s, void *policy, const char *v);

/* Absolute, without empty, "." or ".." components. True for "/" too. */
bool kv_clean_path(const char *v);

/* What can name the store's device. */
enum naming {
	BY_PATH,
	BY_LABEL,
	BY_UUID,
	BY_PARTLABEL,
	BY_PARTUUID,
};

/*
 * How v names it, and what stands after "/dev/", "LABEL=", "UUID=",
 * "PARTLABEL=" or "PARTUUID="; NULL: none of them.
 */
const char *kv_naming(const char *v, enum naming *by);
