/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/erofs.h"
#include "tool/read_private.h"

#define OVERLAY "trusted.overlay."
#define ESCAPED "trusted.overlay.overlay."
#define MANY 16 /* from here on sorting is faster than comparing all */

static const char *const prefixes[] = {
	"",
	"user.",
	"system.posix_acl_access",
	"system.posix_acl_default",
	"trusted.",
	"lustre.",
	"security.",
};

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int set_digest(const struct read_image *r, uint64_t inode,
	const struct read_xattr *x, struct read_stat *s, struct err *e)
{
	const uint8_t *v = x->value;
	unsigned size = x->size - 4;

	if (x->size == 0)
		return 0;
	if (x->size < 4 || v[0] != 0 || v[1] != x->size ||
		!((v[3] == HASH_SHA256 && size == 32) ||
			(v[3] == HASH_SHA512 && size == 64)))
		return read_bad(r, inode, e,
			"expected a metacopy with a SHA-256 or SHA-512 digest, found another of %u bytes",
			x->size);
	s->has_digest = true;
	memset(&s->digest, 0, sizeof(s->digest));
	s->digest.algorithm = v[3];
	s->digest.size = size;
	memcpy(s->digest.bytes, v + 4, size);
	return 0;
}

static unsigned overlay_flag(
	const struct read_xattr *x, const struct read_stat *s)
{
	if (strcmp(x->key, OVERLAY "opaque") == 0 && x->size == 1 &&
		x->value[0] == 'y')
		return READ_OPAQUE;
	if (strcmp(x->key, OVERLAY "redirect") == 0 &&
		(s->mode & S_IFMT) == S_IFDIR)
		return READ_REDIRECT;
	if (strcmp(x->key, OVERLAY "whiteout") == 0)
		return READ_XATTR_WHITEOUT;
	return strcmp(x->key, ESCAPED "whiteouts") == 0 ? READ_WHITEOUTS : 0;
}

/*
 * What an xattr of the image says of the tree. Returns 1 if it is one of the
 * tree's own (its name unescaped), 0 if it is only overlayfs', or -1.
 */
static int interpret(const struct read_image *r, uint64_t inode,
	struct read_xattr *x, struct read_stat *s, struct err *e)
{
	bool regular = (s->mode & S_IFMT) == S_IFREG;

	s->overlay |= overlay_flag(x, s);
	if (strcmp(x->key, OVERLAY "metacopy") == 0)
		return regular ? set_digest(r, inode, x, s, e) : 0;
	if (strcmp(x->key, OVERLAY "redirect") == 0) {
		unsigned slash = x->size > 1 && x->value[0] == '/';

		if (x->size && memchr(x->value, 0, x->size))
			return read_bad(r, inode, e,
				"expected a path in the redirect, found a NUL");
		if (regular && x->size) {
			s->payload = (const char *)x->value + slash;
			s->payload_size = x->size - slash;
		}
		return 0;
	}
	if (regular && strcmp(x->key, ESCAPED "whiteout") == 0) {
		s->mode = S_IFCHR | (s->mode & ~S_IFMT);
		s->rdev = 0;
		s->was_file = s->size && !s->is_object;
		s->size = 0;
		s->is_object = false;
		s->data_size[0] = s->data_size[1] = 0;
		return 0;
	}
	if (strcmp(x->key, ESCAPED "whiteouts") == 0 ||
		strcmp(x->key, "user.overlay.whiteout") == 0 ||
		strcmp(x->key, "user.overlay.whiteouts") == 0)
		return 0;
	if (!begins(x->key, OVERLAY))
		return 1;
	if (!begins(x->key, ESCAPED))
		return 0;
	memmove(x->key + strlen(OVERLAY), x->key + strlen(ESCAPED),
		strlen(x->key + strlen(ESCAPED)) + 1);
	return 1;
}

static int make_room(struct read_stat *s, struct err *e)
{
	uint32_t cap = s->cap_xattrs ? s->cap_xattrs * 2 : 8;
	void *more;

	if (s->n_xattrs < s->cap_xattrs)
		return 0;
	more = realloc(s->xattrs, cap * sizeof(*s->xattrs));
	if (!more)
		return err_set(e, REASON_FAILED, "image: out of memory");
	s->xattrs = more;
	s->cap_xattrs = cap;
	return 0;
}

/* Reads the entry at this offset, which must end by end; *n: its bytes. */
static int read_entry(const struct read_image *r, uint64_t inode, uint64_t at,
	uint64_t end, uint64_t *n, struct read_stat *s, struct err *e)
{
	struct erofs_xattr_entry entry;
	struct read_xattr *x;
	const char *prefix;

	if (at > end || end - at < sizeof(entry))
		return read_bad(
			r, inode, e, "expected an xattr, found the end");
	memcpy(&entry, r->bytes + at, sizeof(entry));
	*n = sizeof(entry) + entry.name_size + le16toh(entry.value_size);
	if (*n > end - at)
		return read_bad(r, inode, e,
			"expected an xattr of %llu bytes, found the end",
			(unsigned long long)*n);
	if (entry.name_index >= sizeof(prefixes) / sizeof(prefixes[0]))
		return read_bad(r, inode, e,
			"expected an xattr's prefix of 0 to 6, found %u",
			entry.name_index);
	if (make_room(s, e) != 0)
		return -1;
	prefix = prefixes[entry.name_index];
	x = &s->xattrs[s->n_xattrs];
	strcpy(x->key, prefix);
	memcpy(x->key + strlen(prefix), r->bytes + at + sizeof(entry),
		entry.name_size);
	x->key[strlen(prefix) + entry.name_size] = '\0';
	if (!x->key[0] || strlen(x->key) != strlen(prefix) + entry.name_size)
		return read_bad(r, inode, e,
			"expected an xattr's name, found none or one with a NUL");
	x->value = r->bytes + at + sizeof(entry) + entry.name_size;
	x->size = le16toh(entry.value_size);
	s->n_xattrs++;
	return 0;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct read_stat *s = arg;

	return strcmp(s->xattrs[*(const uint32_t *)a].key,
		s->xattrs[*(const uint32_t *)b].key);
}

static int twice(const struct read_image *r, uint64_t inode, const char *key,
	struct err *e)
{
	return read_bad(
		r, inode, e, "%s: expected an xattr once, found it twice", key);
}

static int check_twice(const struct read_image *r, uint64_t inode,
	struct read_stat *s, struct err *e)
{
	uint32_t *order, i;
	int result = 0;

	if (s->n_xattrs < MANY) {
		for (i = 1; i < s->n_xattrs; i++)
			for (uint32_t k = 0; k < i; k++)
				if (strcmp(s->xattrs[i].key,
					    s->xattrs[k].key) == 0)
					return twice(
						r, inode, s->xattrs[i].key, e);
		return 0;
	}
	order = malloc(s->n_xattrs * sizeof(*order));
	if (!order)
		return err_set(e, REASON_FAILED, "image: out of memory");
	for (i = 0; i < s->n_xattrs; i++)
		order[i] = i;
	qsort_r(order, s->n_xattrs, sizeof(*order), by_key, s);
	for (i = 1; i < s->n_xattrs && result == 0; i++)
		if (by_key(&order[i - 1], &order[i], s) == 0)
			result = twice(r, inode, s->xattrs[order[i]].key, e);
	free(order);
	return result;
}

/* Takes out what is not the tree's own. */
static int interpret_all(const struct read_image *r, uint64_t inode,
	struct read_stat *s, struct err *e)
{
	uint32_t n = s->n_xattrs;

	s->n_xattrs = 0;
	for (uint32_t i = 0; i < n; i++) {
		int own = interpret(r, inode, &s->xattrs[i], s, e);

		if (own < 0)
			return -1;
		if (own && s->n_xattrs++ != i)
			s->xattrs[s->n_xattrs - 1] = s->xattrs[i];
	}
	return 0;
}

int read_xattrs_at(const struct read_image *r, uint64_t inode, uint64_t at,
	uint64_t n, struct read_stat *s, struct err *e)
{
	struct erofs_xattr_header header;
	uint64_t end = at + n, size, shared_at = at + sizeof(header);

	memcpy(&header, r->bytes + at, sizeof(header));
	if (header.shared_count > (end - shared_at) / sizeof(uint32_t))
		return read_bad(r, inode, e,
			"expected %u shared xattrs, found the end",
			header.shared_count);
	/* The inline ones first: the order of composefs-info dump. */
	at = shared_at + header.shared_count * sizeof(uint32_t);
	for (; at < end; at += (size + 3) & ~3ull)
		if (read_entry(r, inode, at, end, &size, s, e) != 0)
			return -1;
	for (unsigned i = 0; i < header.shared_count; i++) {
		uint32_t index;

		memcpy(&index, r->bytes + shared_at + i * sizeof(index),
			sizeof(index));
		if (read_entry(r, inode,
			    r->xattrs + (uint64_t)le32toh(index) * 4, r->size,
			    &size, s, e) != 0)
			return -1;
	}
	if (check_twice(r, inode, s, e) != 0)
		return -1;
	return interpret_all(r, inode, s, e);
}

void read_stat_free(struct read_stat *s)
{
	free(s->xattrs);
	s->xattrs = NULL;
	s->cap_xattrs = 0;
}
