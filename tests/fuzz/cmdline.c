/* SPDX-License-Identifier: MIT */
/*
 * A command line. What is accepted must keep the promises of policy.h, and
 * what follows " -- " must not change the answer.
 */
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char tail[] = " -- composefs=x rootwright.x init=/bin/sh \"";

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char text[CMDLINE_MAX];
	struct cmdline c, again;
	struct err e;

	if (cmdline_parse(&c, (const char *)data, n, &e)) {
		must(e.reason == REASON_CMDLINE_INVALID ||
			e.reason == REASON_DIGEST_INVALID);
		return 0;
	}
	must(memchr(c.store, '\0', sizeof(c.store)) != NULL);
	must(!c.unverified || c.digest.size);
	must(!c.digest.size || c.digest.size == 32 || c.digest.size == 64);
	must(c.timeout <= SECONDS_MAX);
	if (n > sizeof(text) - sizeof(tail))
		return 0;
	memcpy(text, data, n);
	memcpy(text + n, tail, sizeof(tail) - 1);
	must(cmdline_parse(&again, text, n + sizeof(tail) - 1, &e) == 0);
	must(c.digest.size == again.digest.size &&
		c.has_init == again.has_init && c.timeout == again.timeout &&
		strcmp(c.store, again.store) == 0);
	return 0;
}
