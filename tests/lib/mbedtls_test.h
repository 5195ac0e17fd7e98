/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests and the fuzz targets change in core/mbedtls_config.h:
 * mbedtls' own PKCS#7 reader, to compare ours with, and libc's heap, which
 * ASan watches over.
 */
#undef MBEDTLS_PLATFORM_MEMORY
#undef MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#undef MBEDTLS_PLATFORM_SNPRINTF_MACRO
#undef MBEDTLS_MEMORY_BUFFER_ALLOC_C

#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_PKCS7_C
