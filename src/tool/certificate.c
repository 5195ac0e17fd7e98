/* SPDX-License-Identifier: MIT */
#include "tool/certificate.h"

#include <errno.h>
#include <fcntl.h>

#include "core/file.h"
#include "tool/tool.h"

int load_certificate(struct keyring *k, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[CERTIFICATE_MAX + 1];
	ssize_t n = fd < 0 ? -1 : read_all(fd, bytes, CERTIFICATE_MAX);

	if (n >= 0)
		bytes[n] = '\0';
	if (n >= 0 && keyring_add(k, path, bytes, n, e) == 0)
		return 0;
	if (n >= 0)
		return err_hint(e,
			"openssl x509 -text -noout -in %s shows what it is",
			path);
	if (errno == EFBIG)
		return err_set(e, REASON_FAILED,
			"certificate: %s: expected at most %d bytes, found more",
			path, CERTIFICATE_MAX);
	return err_sys(e, REASON_FAILED, errno,
		"certificate: %s: cannot be read", path);
}

void warn_development(const struct key *key)
{
	if (key->development)
		tool_say(
			"WARNING: this is a DEVELOPMENT key: %s: never ship what it signed",
			key->file);
}
