/* SPDX-License-Identifier: MIT */
/*
 * The part of mbedtls 3.6 that both programs link: parse X.509 certificates,
 * verify ECDSA (P-256, P-384) and RSA PKCS#1 v1.5 signatures over SHA-256,
 * SHA-384 and SHA-512.
 *
 * No TLS, no file or network access, no entropy, and no clock:
 * MBEDTLS_HAVE_TIME_DATE stays off, so a certificate's dates are not judged.
 * The same file configures the host program, so that `rootwright verify`
 * and the boot program accept and refuse the same bytes.
 *
 * The structure around a signature is read by core/pkcs7.c, not by mbedtls:
 * it must say what is wrong with a signature, must not touch the heap for an
 * attacker's bytes, and must skip certificates that it has no use for. The
 * unit tests and the fuzzer compile mbedtls' own reader beside it
 * (RW_TEST), to show that ours accepts nothing which that one refuses.
 */
#ifndef RW_MBEDTLS_CONFIG_H
#define RW_MBEDTLS_CONFIG_H

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C

#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_MD_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0 /* one check a boot: no tables */
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C

#ifdef RW_TEST
#define MBEDTLS_X509_CRL_PARSE_C /* PKCS#7 wants it to compile */
#define MBEDTLS_PKCS7_C
#endif

#endif
