/* SPDX-License-Identifier: MIT */
/*
 * A certificate file. What is taken has a name, an id and a certificate, which
 * is taken again, and is the same then.
 */
#include <stdlib.h>
#include <string.h>

#include "core/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct keyring ring;

static int add(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n + 1); /* ASan sees a read behind the NUL */
	struct err e;
	int r;

	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	copy[n] = '\0';
	r = keyring_add(&ring, "x", copy, n, &e);
	if (r != 0 && e.reason != REASON_KEYS_INVALID)
		__builtin_trap();
	free(copy);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct key *keys = ring.keys;

	if (n > CERTIFICATE_MAX)
		return 0;
	keyring_init(&ring);
	if (add(bytes, n) != 0) {
		if (ring.n != 0)
			__builtin_trap();
		return 0;
	}
	if (ring.n != 1 || strlen(keys->id) != 64 || !keys->subject[0] ||
		keys->der_n > CERTIFICATE_DER_MAX ||
		add(keys->der, keys->der_n) != 0 || ring.n != 2 ||
		strcmp(keys[0].id, keys[1].id) != 0 ||
		strcmp(keys[0].subject, keys[1].subject) != 0 ||
		keys[0].der_n != keys[1].der_n ||
		memcmp(keys[0].der, keys[1].der, keys->der_n) != 0)
		__builtin_trap();
	return 0;
}
