/* SPDX-License-Identifier: MIT */
/*
 * The part of mbedtls 3.6 that both programs link: verify ECDSA (P-256,
 * P-384) and RSA PKCS#1 v1.5 signatures over SHA-256, SHA-384 and SHA-512.
 * No TLS, no file or network access, no entropy, no clock. The same file
 * configures the host program, so that `rootwright verify` and the boot
 * program accept and refuse the same bytes.
 *
 * Certificates, which come with the policy, are read by mbedtls. The structure
 * around a signature, which comes from the disk, is read by core/pkcs7.c:
 * mbedtls' own reader copies an attacker's bytes to the heap, parses the
 * certificates among them, takes several signers, does not look at who signed,
 * and answers every shape that it does not take with a number. The unit tests
 * and the fuzzer compile it beside ours (tests/lib/mbedtls_test.h), to show
 * that ours accepts nothing which it refuses.
 */
#pragma once

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C

/*
 * mbedtls' own heap in a buffer of fixed size (core/keyring.c), and none of
 * libc's.
 */
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C

/* Size before speed: 76 bytes are hashed at a boot, and one key is used. */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_MD_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_RSA_NO_CRT /* there are no private keys */

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_REMOVE_INFO
