/* SPDX-License-Identifier: MIT */
/*
 * The first byte is the number of keys; then boot.conf up to a NUL, then the
 * command line. What is accepted must keep the promises of policy.h.
 */
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct policy p;
	struct cmdline c;
	struct plan plan;
	struct err e;
	static char text[65536];
	char *nul;
	size_t conf_n;

	if (n == 0 || n > sizeof(text))
		return 0;
	memcpy(text, data + 1, n - 1);
	text[n - 1] = '\0';
	nul = memchr(text, '\0', n - 1);
	conf_n = nul ? (size_t)(nul - text) : n - 1;
	if (policy_parse(&p, "boot.conf", text, conf_n, &e)) {
		must(e.reason == REASON_POLICY_INVALID);
		return 0;
	}
	must(p.present && ends(p.store, sizeof(p.store)) &&
		ends(p.store_fstype, sizeof(p.store_fstype)) &&
		ends(p.store_path, sizeof(p.store_path)) &&
		ends(p.init, sizeof(p.init)) && p.init[0] == '/' &&
		p.store_path[0] == '/' && p.timeout >= 1 &&
		p.timeout <= SECONDS_MAX && p.failure_delay <= SECONDS_MAX);
	if (policy_check(&p, data[0], &e))
		return 0;
	must(p.trust == TRUST_DIGEST || data[0]);
	memset(&c, 0, sizeof(c));
	if (nul && cmdline_parse(&c, nul + 1, &e))
		return 0;
	if (plan_make(&plan, &p, &c, &e))
		return 0;
	must(plan.store[0] && (plan.images.n || p.trust == TRUST_RELEASE) &&
		plan.timeout >= 1 && plan.timeout <= p.timeout);
	must(!plan.unverified ||
		(p.allow_unverified && p.trust == TRUST_DIGEST));
	must(!p.images.n ||
		(plan.images.n == p.images.n &&
			images_common(&p.images, &plan.images) == p.images.n));
	must(!p.store[0] || strcmp(p.store, plan.store) == 0);
	return 0;
}
