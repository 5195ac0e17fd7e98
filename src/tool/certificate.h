/* SPDX-License-Identifier: MIT */
/* Certificates that the user names, and what is to be said of them. */
#ifndef RW_TOOL_CERTIFICATE_H
#define RW_TOOL_CERTIFICATE_H

#include "core/keyring.h"

/* Adds the certificate of a file that the user named. */
must_check int load_certificate(
	struct keyring *k, const char *path, struct err *e);

/* Says loudly when the key is the development key. */
void warn_development(const struct key *key);

#endif
