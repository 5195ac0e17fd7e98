/* SPDX-License-Identifier: MIT */
/*
 * The lines of one state record. Their checksum is made here, as whoever
 * writes the disk makes it too. What is accepted is the same when written and
 * read again.
 */
#include "core/state.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define SUM_LINE 72

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t file[STATE_SIZE];
	struct state s, again;
	uint8_t sum[32];
	char hex[65];
	struct err e;

	if (n > STATE_RECORD - SUM_LINE)
		return 0;
	memset(file, '\n', sizeof(file));
	memcpy(file + SUM_LINE, bytes, n);
	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		file + SUM_LINE, STATE_RECORD - SUM_LINE, sum);
	memcpy(file, "sha256=", 7);
	memcpy(file + 7, text_hex(hex, sum, sizeof(sum)), 64);
	if (state_choose(&s, "web", file, sizeof(file), &e) < 0) {
		must(e.text[0] && !s.blessed[0] && !s.trying[0] && !s.floor);
		return 0;
	}
	must(!strcmp(s.name, "web") && s.tries_left <= STATE_TRIES_MAX);
	memset(file, 0, STATE_RECORD);
	state_format(file + STATE_RECORD, &s);
	must(state_choose(&again, "web", file, sizeof(file), &e) == 1);
	must(again.generation == s.generation && again.floor == s.floor &&
		again.tries_left == s.tries_left &&
		!strcmp(again.blessed, s.blessed) &&
		!strcmp(again.trying, s.trying));
	return 0;
}
