/* SPDX-License-Identifier: MIT */
#include "tool/read_objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"

static int add(
	struct named_objects *o, const struct read_stat *s, struct err *e)
{
	uint32_t cap = o->cap ? o->cap * 2 : 256;

	if (o->n == o->cap) {
		void *more = cap > o->cap ? reallocarray(o->list, cap,
						    sizeof(*o->list))
					  : NULL;

		if (!more)
			return err_set(
				e, REASON_FAILED, "objects: out of memory");
		o->list = more;
		o->cap = cap;
	}
	o->list[o->n].payload = strndup(s->payload, s->payload_size);
	o->list[o->n].size = s->size;
	o->list[o->n].digest = s->digest;
	if (!o->list[o->n].payload)
		return err_set(e, REASON_FAILED, "objects: out of memory");
	o->n++;
	return 0;
}

int objects_add(
	struct named_objects *o, struct reading *d, bool strict, struct err *e)
{
	struct read_image *r = &d->image;
	struct read_stat *s = &d->stat;

	for (uint32_t i = 0; i < r->n_nodes; i++) {
		uint32_t inode = r->nodes[i].inode;

		if (d->chosen[i] < 2 || d->first[inode] != i)
			continue;
		if (read_stat(r, inode, s, e) != 0)
			return -1;
		if (strict && s->is_object && read_object(r, i, s, e) != 0)
			return -1;
		if (S_ISREG(s->mode) && s->payload &&
			(s->is_object || !strict) && add(o, s, e) != 0)
			return -1;
	}
	return 0;
}

static int by_payload(const void *a, const void *b)
{
	const struct named_object *x = a, *y = b;

	return strcmp(x->payload, y->payload);
}

int objects_sort(struct named_objects *o, bool strict, struct err *e)
{
	uint32_t n = 0;

	if (o->n == 0)
		return 0;
	qsort(o->list, o->n, sizeof(*o->list), by_payload);
	for (uint32_t i = 1; i < o->n; i++) {
		struct named_object *x = &o->list[i], *last = &o->list[n];

		if (by_payload(x, last) != 0) {
			o->list[++n] = *x;
			continue;
		}
		if (strict && x->size != last->size) {
			err_set(e, REASON_FAILED,
				"%s: expected one size of an object, found %llu and %llu bytes",
				x->payload, (unsigned long long)last->size,
				(unsigned long long)x->size);
			/* Leave the list whole, for objects_free(). */
			for (; i < o->n; i++)
				o->list[++n] = o->list[i];
			o->n = n + 1;
			return -1;
		}
		free(x->payload);
	}
	o->n = n + 1;
	return 0;
}

void objects_free(struct named_objects *o)
{
	for (uint32_t i = 0; i < o->n; i++)
		free(o->list[i].payload);
	free(o->list);
	memset(o, 0, sizeof(*o));
}

int object_open(const struct store *s, const struct digest *d, uint64_t size,
	const char *name, struct err *e)
{
	char path[OBJECT_PATH_MAX];
	const char *where;
	struct stat st;
	int fd;

	digest_object_path(d, path);
	where = store_path(s, path);
	fd = open_regular_beneath(s->fd, where);
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: expected its object %s in %s, found none", name,
			where, s->name);
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size == size)
		return fd;
	close(fd);
	return err_set(e, REASON_FAILED,
		"%s: %s/%s: expected %llu bytes, as the image says, found %llu",
		name, s->name, where, (unsigned long long)size,
		(unsigned long long)st.st_size);
}

int object_differs(const char *name, const struct digest *want,
	const struct digest *found, struct err *e)
{
	char a[DIGEST_HEX_MAX], b[DIGEST_HEX_MAX];

	digest_to_hex(want, a);
	digest_to_hex(found, b);
	return err_set(e, REASON_FAILED,
		"%s: expected the content of digest %s, found content of digest %s",
		name, a, b);
}
