/* SPDX-License-Identifier: MIT */
/* Bytes as text, for people and programs. */
#pragma once

#include "core/base.h"

/* Writes two lower-case hex digits a byte, and a NUL; returns out. */
char *text_hex(char *out, const uint8_t *bytes, size_t n);

/*
 * The bytes of the UTF-8 sequence at s, which a NUL ends; 0 when it is not
 * one: RFC 3629, so neither over-long forms, nor surrogates, nor beyond
 * U+10FFFF.
 */
size_t text_utf8(const char *s);

/*
 * Text that goes to the kernel log and to a console, and of which parts come
 * from the attacked disk: replaces by '?' what is not UTF-8 or a control
 * character (the C1 ones too: U+009B begins an escape sequence on a Linux
 * console).
 */
void text_printable(char *s);
