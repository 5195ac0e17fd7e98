/* SPDX-License-Identifier: MIT */
/*
 * The record that the boot program leaves in the running system
 * (rootwright-boot(8), boot.json). It lies on a file system in memory that
 * the boot program filled before anything else ran.
 */
#ifndef RW_TOOL_BOOT_RECORD_H
#define RW_TOOL_BOOT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define BOOT_RECORD_FILE "/run/rootwright/boot.json"
#define BOOT_RECORD_MAX 65536

/*
 * Reads the record; *private says that only root can write it. Refused: no
 * file, one that is not a record of format rootwright-boot-1. NULL then.
 */
must_check json_t *boot_record_load(
	const char *path, bool *private, struct err *e);

/* A member of an object of the record, or of the record (object NULL). */
const json_t *boot_record_get(
	const json_t *record, const char *object, const char *key);

/* The same, a string; NULL: there is none. */
const char *boot_record_string(
	const json_t *record, const char *object, const char *key);

/* A number that is not negative. */
bool boot_record_number(const json_t *record, const char *object,
	const char *key, uint64_t *value);

#endif
