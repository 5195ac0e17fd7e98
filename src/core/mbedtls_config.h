/* SPDX-License-Identifier: MIT */
/*
 * The part of mbedtls 3.6 that both programs link: verify ECDSA (P-256,
 * P-384) and RSA PKCS#1 v1.5 signatures over SHA-256, SHA-384 and SHA-512.
 * No TLS, no file or network access, no entropy, no clock. The same file
 * configures the host program, so that `rootwright verify` and the boot
 * program accept and refuse the same bytes.
 *
 * The structures around a signature and a key are read by core/pkcs7.c and
 * core/x509.c. mbedtls' own readers copy an attacker's bytes to the heap,
 * take several signers, do not look at who signed, and answer every shape
 * that they do not take with a number; and with PK and OIDs behind them they
 * are 23 KB of the boot program. The unit tests and the fuzzer compile them
 * beside ours (tests/lib/mbedtls_test.h), to show that ours accept nothing
 * which those refuse.
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

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
