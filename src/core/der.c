/* SPDX-License-Identifier: MIT */
#include "core/der.h"

bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

void der_check(
	const struct der *d, bool good, const char *expected, const char *found)
{
	struct der_file *f = d->file;

	if (good || f->failed)
		return;
	f->failed = true;
	err_set(f->e, f->reason, "%s: %s: expected %s, found %s", f->kind,
		f->name, expected, found);
	if (f->hint)
		err_hint(f->e, "%s", f->hint);
}

int der_next(const struct der *d)
{
	return d->p < d->end && !d->file->failed ? *d->p : -1;
}

/* The length of the next element, whose header has *header bytes. */
static size_t read_length(const struct der *d, const char *what, size_t *header)
{
	size_t left = d->end - d->p, n = d->p[1];

	*header = 2;
	der_check(d, n != 0x80, "DER", "BER with an indefinite length");
	if (n <= 0x80)
		return n;
	*header += n & 0x7f;
	/* No file has 65,536 bytes. */
	der_check(d, *header <= 4 && *header <= left, what,
		"a length that is out of bounds");
	if (d->file->failed)
		return 0;
	n = *header == 3 ? d->p[2] : d->p[2] << 8 | d->p[3];
	der_check(d, n >= (*header == 3 ? 0x80 : 0x100), "DER",
		"a length not in DER");
	return n;
}

struct der der_enter(struct der *d, int tag, const char *what)
{
	struct der inner = { d->p, d->p, d->file };
	size_t left = d->end - d->p, header = 0, n = 0;

	der_check(d, left >= 2, what, "the end: it was cut short");
	der_check(d, left < 2 || d->p[0] == tag, what, "something else");
	if (!d->file->failed)
		n = read_length(d, what, &header);
	der_check(d, header + n <= left, what, "the end: it was cut short");
	if (d->file->failed)
		return inner;
	inner.p = d->p + header;
	inner.end = d->p = inner.p + n;
	return inner;
}

struct span der_take(struct der *d, int tag, const char *what)
{
	struct der inner = der_enter(d, tag, what);

	return (struct span){ inner.p, inner.end - inner.p };
}

struct span der_whole(struct der *d, int tag, const char *what)
{
	const uint8_t *p = d->p;

	der_enter(d, tag, what);
	return (struct span){ p, d->p - p };
}

void der_end(const struct der *d, const char *what)
{
	der_check(d, d->p == d->end, what, "more after it");
}

struct span der_algorithm(struct der *d, const char *what)
{
	struct der in = der_enter(d, DER_SEQUENCE, what);
	struct span oid = der_take(&in, DER_OID, what);

	if (der_next(&in) >= 0)
		der_check(d, der_take(&in, DER_NULL, what).n == 0, what,
			"a NULL with bytes in it");
	der_end(&in, what);
	return oid;
}
