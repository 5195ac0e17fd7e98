/* SPDX-License-Identifier: MIT */
#include "tool/hash_private.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif
#ifdef __aarch64__
#include <sys/auxv.h>
#endif

typedef void kernel_function(const struct hash_block *b, size_t n, size_t size);

#ifdef __x86_64__
static bool has_avx512(void)
{
	/* These ask for the operating system's support, too. */
	return __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

static bool has_shani(void)
{
	unsigned a, b, c, d;

	return __builtin_cpu_supports("sse4.1") &&
	       __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}
#endif

#ifdef __aarch64__
static bool has_armv8(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SHA2;
}
#endif

static bool has_openssl(void)
{
	return true;
}

/*
 * The widest first. What a kernel takes does not depend on how many lanes are
 * in use: below least blocks the next one is faster, where that is SHA-NI.
 */
static const struct kernel {
	const char *name;
	bool (*usable)(void);
	struct {
		kernel_function *hash; /* NULL: not for this algorithm */
		unsigned lanes, least;
	} by[2]; /* SHA-256, SHA-512 */
} kernels[] = {
#ifdef __x86_64__
	{ "avx512", has_avx512,
		{ { hash_avx512_sha256, AVX512_SHA256_LANES, 9 },
			{ hash_avx512_sha512, AVX512_SHA512_LANES, 2 } } },
	{ "sha-ni", has_shani, { { hash_shani_sha256, SHANI_LANES, 3 } } },
#endif
#ifdef __aarch64__
	{ "armv8", has_armv8, { { hash_armv8_sha256, ARMV8_LANES, 1 } } },
#endif
	{ "openssl", has_openssl, { { 0 } } },
};

#define KERNELS (sizeof(kernels) / sizeof(kernels[0]))

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *md[2];
static bool usable[KERNELS];
static const struct kernel *only; /* hash_use */

/* Fetching is slow, and slower from many threads: once for all. */
static void set_up(void)
{
	md[0] = EVP_MD_fetch(NULL, "SHA256", NULL);
	md[1] = EVP_MD_fetch(NULL, "SHA512", NULL);
	for (size_t i = 0; i < KERNELS; i++)
		usable[i] = kernels[i].usable();
}

const char *hash_kernel(unsigned i)
{
	return i < KERNELS ? kernels[i].name : NULL;
}

int hash_use(const char *kernel, struct err *e)
{
	pthread_once(&once, set_up);
	only = NULL;
	for (size_t i = 0; kernel && i < KERNELS; i++) {
		if (strcmp(kernel, kernels[i].name) != 0)
			continue;
		if (!usable[i])
			return err_set(e, REASON_FAILED,
				"hash: expected a processor that has %s, found one without it",
				kernel);
		only = &kernels[i];
	}
	if (kernel && !only)
		return err_set(e, REASON_FAILED,
			"hash: expected avx512, sha-ni, armv8 or openssl, found %s",
			kernel);
	return 0;
}

static int hash_openssl(enum hash_algorithm a, const struct hash_block *b,
	size_t n, size_t size, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *m = md[a == HASH_SHA512];
	bool good = ctx && m;

	for (size_t i = 0; good && i < n; i++)
		good = EVP_DigestInit_ex2(ctx, m, NULL) == 1 &&
		       EVP_DigestUpdate(ctx, b[i].bytes, size) == 1 &&
		       EVP_DigestFinal_ex(ctx, b[i].out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return good ? 0
		    : err_set(e, REASON_FAILED,
			      "hash: expected OpenSSL to have %s, found that it has not",
			      hash_name(a));
}

/* How many of n blocks the kernel is the best for. */
static size_t share_of(const struct kernel *k, unsigned algorithm, size_t n)
{
	unsigned lanes = k->by[algorithm].lanes;

	if (!k->by[algorithm].hash || (only && k != only))
		return 0;
	return only || n % lanes >= k->by[algorithm].least ? n : n - n % lanes;
}

int hash_blocks(enum hash_algorithm a, const struct hash_block *b, size_t n,
	size_t size, struct err *e)
{
	unsigned algorithm = a == HASH_SHA512;

	pthread_once(&once, set_up);
	for (size_t i = 0; i < KERNELS && n; i++) {
		const struct kernel *k = &kernels[i];
		size_t lanes = k->by[algorithm].lanes;
		size_t share = usable[i] ? share_of(k, algorithm, n) : 0;

		n -= share;
		for (; share; b += lanes, share -= lanes) {
			if (lanes > share)
				lanes = share;
			k->by[algorithm].hash(b, lanes, size);
		}
	}
	return n ? hash_openssl(a, b, n, size, e) : 0;
}
