/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include "core/text.h"

bool digest_from_hex(struct digest *d, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	if (n != 64 && n != 128)
		return false;
	memset(d, 0, sizeof(*d));
	d->algorithm = n == 64 ? HASH_SHA256 : HASH_SHA512;
	d->size = n / 2;
	for (size_t i = 0; i < n; i++) {
		const char *digit = memchr(hex, s[i], 16);

		if (!digit)
			return false;
		d->bytes[i / 2] = d->bytes[i / 2] << 4 | (digit - hex);
	}
	return true;
}

char *digest_to_hex(const struct digest *d, char *out)
{
	return text_hex(out, d->bytes, d->size);
}

void digest_object_path(const struct digest *d, char *out)
{
	memcpy(out, "objects/", 8);
	text_hex(out + 8, d->bytes, 1);
	out[10] = '/';
	text_hex(out + 11, d->bytes + 1, d->size - 1);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && a->size == b->size &&
	       memcmp(a->bytes, b->bytes, a->size) == 0;
}

const char *hash_name(enum hash_algorithm a)
{
	return a == HASH_SHA512 ? "sha512" : "sha256";
}

size_t digest_formatted(const struct digest *d, uint8_t *out)
{
	memcpy(out, "FSVerity", 8);
	out[8] = d->algorithm;
	out[9] = 0;
	out[10] = d->size;
	out[11] = 0;
	memcpy(out + 12, d->bytes, d->size);
	return 12 + d->size;
}

const char *images_add(struct images *i, const char *s, size_t n)
{
	struct digest d;

	if (i->n == IMAGES_MAX)
		return "at most 8 images";
	if (!digest_from_hex(&d, s, n))
		return "64 or 128 lower-case hex digits";
	for (unsigned k = 0; k < i->n; k++)
		if (digest_equal(&d, &i->list[k]))
			return "different images";
	i->list[i->n++] = d;
	return NULL;
}

unsigned images_common(const struct images *a, const struct images *b)
{
	unsigned k = 0;

	while (k < b->n && digest_equal(&a->list[k], &b->list[k]))
		k++;
	return k;
}
