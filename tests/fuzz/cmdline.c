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
	static char text[CMDLINE_MAX + 1];
	char *copy = malloc(n + 1);
	struct cmdline c, again;
	struct err e;
	bool refused;

	memcpy(copy, data, n);
	copy[n] = '\0';
	n = strlen(copy);
	refused = cmdline_parse(&c, copy, &e);
	free(copy);
	if (refused) {
		must(e.reason == REASON_CMDLINE_INVALID ||
			e.reason == REASON_DIGEST_INVALID);
		return 0;
	}
	must(memchr(c.said.store, '\0', sizeof(c.said.store)) != NULL);
	must(!c.unverified || c.said.images.n);
	must(c.said.images.n <= IMAGES_MAX);
	for (unsigned i = 0; i < c.said.images.n; i++)
		must(c.said.images.list[i].size == 32 ||
			c.said.images.list[i].size == 64);
	must(c.said.timeout <= SECONDS_MAX);
	if (n > sizeof(text) - sizeof(tail))
		return 0;
	memcpy(text, data, n);
	memcpy(text + n, tail, sizeof(tail));
	must(cmdline_parse(&again, text, &e) == 0);
	must(c.said.images.n == again.said.images.n &&
		c.said.timeout == again.said.timeout &&
		strcmp(c.said.store, again.said.store) == 0);
	return 0;
}
