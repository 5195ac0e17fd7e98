/* SPDX-License-Identifier: MIT */
#include "core/der.h"

#include <string.h>

bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

int der_refuse(const struct der *d, const char *expected, const char *found)
{
	const struct der_file *f = d->file;

	err_set(f->e, f->reason, "%s: %s: expected %s, found %s", f->kind,
		f->name, expected, found);
	return f->hint ? err_hint(f->e, "%s", f->hint) : -1;
}

int der_next(const struct der *d)
{
	return d->p < d->end ? *d->p : -1;
}

int der_enter(struct der *d, int tag, const char *what, struct der *inner)
{
	size_t left = d->end - d->p, header = 2, n;

	if (left < 2)
		return der_refuse(d, what, "the end: it was cut short");
	if (d->p[0] != tag)
		return der_refuse(d, what, "something else");
	n = d->p[1];
	if (n == 0x80)
		return der_refuse(d, "DER", "BER with an indefinite length");
	if (n > 0x80) {
		header += n & 0x7f;
		if (header > 4 || header > left) /* no file has 65,536 bytes */
			return der_refuse(
				d, what, "a length that is out of bounds");
		n = header == 3 ? d->p[2] : d->p[2] << 8 | d->p[3];
		if (n < (header == 3 ? 0x80 : 0x100))
			return der_refuse(d, "DER", "a length not in DER");
	}
	if (n > left - header)
		return der_refuse(d, what, "the end: it was cut short");
	*inner = *d;
	inner->p = d->p + header;
	inner->end = d->p = inner->p + n;
	return 0;
}

int der_take(struct der *d, int tag, const char *what, struct span *out)
{
	struct der inner;

	if (der_enter(d, tag, what, &inner) != 0)
		return -1;
	out->p = inner.p;
	out->n = inner.end - inner.p;
	return 0;
}

int der_whole(struct der *d, int tag, const char *what, struct span *out)
{
	out->p = d->p;
	if (der_enter(d, tag, what, &(struct der){ 0 }) != 0)
		return -1;
	out->n = d->p - out->p;
	return 0;
}

int der_end(const struct der *d, const char *what)
{
	return d->p == d->end ? 0 : der_refuse(d, what, "more after it");
}

int der_algorithm(struct der *d, const char *what, struct span *oid)
{
	struct der in;
	struct span null = { 0 };

	if (der_enter(d, DER_SEQUENCE, what, &in) != 0 ||
		der_take(&in, DER_OID, what, oid) != 0)
		return -1;
	if (in.p != in.end && der_take(&in, DER_NULL, what, &null) != 0)
		return -1;
	return null.n ? der_refuse(d, what, "a NULL with bytes in it")
		      : der_end(&in, what);
}
