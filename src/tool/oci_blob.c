/* SPDX-License-Identifier: MIT */
#include "tool/oci_blob.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

int sha256_begin(struct sha256 *s)
{
	s->md = EVP_MD_CTX_new();
	return s->md && EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) == 1 ? 0
									  : -1;
}

int sha256_add(struct sha256 *s, const void *p, size_t n)
{
	return EVP_DigestUpdate(s->md, p, n) == 1 ? 0 : -1;
}

int sha256_end(struct sha256 *s, char out[static OCI_DIGEST])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	char *p = stpcpy(out, "sha256:");

	if (EVP_DigestFinal_ex(s->md, md, NULL) != 1)
		return -1;
	for (unsigned i = 0; i < 32; i++)
		p += sprintf(p, "%02x", md[i]);
	return 0;
}

void sha256_free(struct sha256 *s)
{
	EVP_MD_CTX_free(s->md);
	s->md = NULL;
}

bool is_sha256(const char *s)
{
	struct digest d;

	return strlen(s) == OCI_DIGEST - 1 && strncmp(s, "sha256:", 7) == 0 &&
	       digest_from_hex(&d, s + 7, 64);
}

int blob_open(struct blob *b, const struct oci *o,
	const struct oci_descriptor *d, struct err *e)
{
	char path[OCI_DIGEST + 16];

	memset(b, 0, sizeof(*b));
	b->fd = -1;
	if (!is_sha256(d->digest))
		return err_set(e, REASON_FAILED,
			"%s: expected a digest sha256:<64 hex digits>, found \"%s\"",
			o->name, d->digest);
	snprintf(path, sizeof(path), "blobs/sha256/%s", d->digest + 7);
	snprintf(b->name, sizeof(b->name), "%s/%s", o->name, path);
	memcpy(b->digest, d->digest, sizeof(b->digest));
	b->size = d->size;
	b->fd = open_regular_beneath(o->dir, path);
	if (b->fd < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			b->name);
	if (sha256_begin(&b->hash) != 0)
		return err_set(e, REASON_FAILED,
			"%s: cannot be hashed by OpenSSL", b->name);
	return 0;
}

void blob_close(struct blob *b)
{
	fd_cleanup(&b->fd);
	sha256_free(&b->hash);
	b->fd = -1;
}

static int wrong_size(const struct blob *b, const char *found, struct err *e)
{
	return err_set(e, REASON_FAILED,
		"%s: expected %llu bytes, as its descriptor says, found %s",
		b->name, (unsigned long long)b->size, found);
}

ssize_t blob_read(void *blob, void *buf, size_t n, struct err *e)
{
	struct blob *b = blob;
	ssize_t r;

	do
		r = read(b->fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", b->name);
	b->seen += (uint64_t)r;
	if (b->seen > b->size)
		return wrong_size(b, "more", e);
	if (sha256_add(&b->hash, buf, (size_t)r) != 0)
		return err_set(e, REASON_FAILED,
			"%s: cannot be hashed by OpenSSL", b->name);
	return r;
}

int blob_end(struct blob *b, struct err *e)
{
	char rest[4096], found[OCI_DIGEST];
	ssize_t n;

	do
		n = blob_read(b, rest, sizeof(rest), e);
	while (n > 0);
	if (n < 0)
		return -1;
	if (b->seen != b->size)
		return wrong_size(b, "fewer", e);
	if (sha256_end(&b->hash, found) != 0)
		return err_set(e, REASON_FAILED,
			"%s: cannot be hashed by OpenSSL", b->name);
	if (strcmp(found, b->digest) != 0)
		return err_set(e, REASON_FAILED,
			"%s: expected the content that its name says, found %s",
			b->name, found);
	return 0;
}

static char *read_text(struct blob *b, size_t *size, struct err *e)
{
	char *text;
	ssize_t n = 1;

	*size = 0;
	if (b->size > OCI_JSON_MAX) {
		err_set(e, REASON_FAILED,
			"%s: expected at most %d bytes of JSON, found %llu",
			b->name, OCI_JSON_MAX, (unsigned long long)b->size);
		return NULL;
	}
	text = malloc(b->size + 1);
	if (!text) {
		err_set(e, REASON_FAILED, "%s: out of memory", b->name);
		return NULL;
	}
	while (n > 0 && *size < b->size) {
		n = blob_read(b, text + *size, b->size - *size, e);
		*size += n > 0 ? (size_t)n : 0;
	}
	text[*size] = '\0';
	if (n >= 0 && blob_end(b, e) == 0)
		return text;
	free(text);
	return NULL;
}

char *blob_text(const struct oci *o, const struct oci_descriptor *d, size_t *n,
	struct err *e)
{
	struct blob b;
	char *text = NULL;

	if (blob_open(&b, o, d, e) == 0)
		text = read_text(&b, n, e);
	blob_close(&b);
	return text;
}
