/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/erofs.h"
#include "tool/read_private.h"

#define INCOMPAT_CHUNKED 0x4u /* others than mkcomposefs set it */

#define bad(r, e, fmt, ...) \
	err_set(e, REASON_FAILED, "%s: " fmt, (r)->name, ##__VA_ARGS__)

static int parse_super(struct read_image *r, uint64_t *root, struct err *e)
{
	struct composefs_header h;
	struct erofs_super s;

	if (r->size < EROFS_SUPER_OFFSET + sizeof(s))
		return bad(r, e,
			"expected a composefs image, found a file of %llu bytes",
			(unsigned long long)r->size);
	memcpy(&h, r->bytes, sizeof(h));
	memcpy(&s, r->bytes + EROFS_SUPER_OFFSET, sizeof(s));
	if (le32toh(h.magic) != COMPOSEFS_MAGIC ||
		le32toh(s.magic) != EROFS_MAGIC)
		return bad(r, e,
			"expected a composefs image, found another kind of file");
	if (le32toh(h.version) != COMPOSEFS_HEADER_VERSION)
		return bad(r, e,
			"expected a composefs header of version %u, found %u",
			COMPOSEFS_HEADER_VERSION, le32toh(h.version));
	if (s.blkszbits != EROFS_BLOCK_BITS)
		return bad(r, e,
			"expected blocks of 4096 bytes, found blocks of 2^%u",
			s.blkszbits);
	if (le32toh(s.feature_incompat) & ~INCOMPAT_CHUNKED)
		return bad(r, e,
			"expected no EROFS features beyond chunks, found 0x%x",
			le32toh(s.feature_incompat));
	if (le32toh(s.build_time_nsec) >= 1000000000)
		return bad(r, e,
			"expected less than 1000000000 nanoseconds, found %u",
			le32toh(s.build_time_nsec));
	r->version = le32toh(h.composefs_version);
	r->meta = (uint64_t)le32toh(s.meta_blkaddr) * EROFS_BLOCK;
	r->xattrs = (uint64_t)le32toh(s.xattr_blkaddr) * EROFS_BLOCK;
	r->build_time = (int64_t)le64toh(s.build_time);
	r->build_time_nsec = le32toh(s.build_time_nsec);
	*root = r->meta + (uint64_t)le16toh(s.root_nid) * EROFS_SLOT;
	return 0;
}

static int load(struct read_image *r, struct err *e)
{
	uint64_t root = 0;

	if (parse_super(r, &root, e) == 0 && read_tree(r, root, e) == 0)
		return 0;
	read_close(r);
	return -1;
}

static int make(
	struct read_image *r, const char *name, uint64_t size, struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->name = strdup(name);
	r->bytes = malloc(size + 1);
	r->size = size;
	if (r->name && r->bytes)
		return 0;
	read_close(r);
	return err_set(e, REASON_FAILED, "%s: out of memory", name);
}

int read_open_bytes(struct read_image *r, const char *name, const void *bytes,
	size_t n, struct err *e)
{
	if (make(r, name, n, e) != 0)
		return -1;
	if (n)
		memcpy(r->bytes, bytes, n);
	return load(r, e);
}

int read_open_owned(struct read_image *r, const char *name, uint8_t *bytes,
	size_t n, struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->name = strdup(name);
	r->bytes = bytes;
	r->size = n;
	if (r->name)
		return load(r, e);
	read_close(r);
	return err_set(e, REASON_FAILED, "%s: out of memory", name);
}

/* The bytes are read, not mapped: the file may be cut while we look. */
static int read_bytes(struct read_image *r, int fd, struct err *e)
{
	for (uint64_t n = 0; n < r->size;) {
		ssize_t some = read(fd, r->bytes + n, r->size - n);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return err_sys(e, REASON_FAILED, some ? errno : EIO,
				"%s: expected %llu bytes, found %llu", r->name,
				(unsigned long long)r->size,
				(unsigned long long)n);
		n += some;
	}
	return 0;
}

int read_open(struct read_image *r, const char *name, struct err *e)
{
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	memset(r, 0, sizeof(*r));
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a regular file, found something else",
			name);
	if ((uint64_t)st.st_size > READ_IMAGE_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected an image of at most %llu bytes, found %llu",
			name, READ_IMAGE_MAX, (unsigned long long)st.st_size);
	if (make(r, name, (uint64_t)st.st_size, e) != 0)
		return -1;
	if (read_bytes(r, fd, e) != 0) {
		read_close(r);
		return -1;
	}
	return load(r, e);
}

void read_close(struct read_image *r)
{
	free(r->name);
	free(r->bytes);
	free(r->nodes);
	free(r->inodes);
	free(r->hidden);
	memset(r, 0, sizeof(*r));
}

size_t read_path(const struct read_image *r, uint32_t node, char *out)
{
	size_t n = 0;

	for (uint32_t i = node; i; i = r->nodes[i].parent)
		n += 1 + r->nodes[i].name_size;
	if (n == 0) {
		strcpy(out, "/");
		return 1;
	}
	out[n] = '\0';
	for (uint32_t i = node; n; i = r->nodes[i].parent) {
		n -= r->nodes[i].name_size;
		memcpy(out + n, r->nodes[i].name, r->nodes[i].name_size);
		out[--n] = '/';
	}
	return strlen(out);
}

int read_hex_name(const char *name, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = n == 2 && name[0] ? strchr(digits, name[0]) : NULL;
	const char *low = high && name[1] ? strchr(digits, name[1]) : NULL;

	return low ? (int)(high - digits) * 16 + (int)(low - digits) : -1;
}

/* The child of that name, or UINT32_MAX. */
static uint32_t child(
	const struct read_image *r, uint32_t dir, const char *name, size_t n)
{
	for (uint32_t i = dir + 1; i < r->nodes[dir].end; i = r->nodes[i].end)
		if (r->nodes[i].name_size == n &&
			memcmp(r->nodes[i].name, name, n) == 0)
			return i;
	return UINT32_MAX;
}

uint32_t read_lookup(const struct read_image *r, const char *path)
{
	uint32_t node = 0;

	for (;;) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			return node;
		node = child(r, node, path, n);
		if (node == UINT32_MAX)
			return node;
		path += n;
	}
}

int read_object(const struct read_image *r, uint32_t node,
	const struct read_stat *s, struct err *e)
{
	char want[OBJECT_PATH_MAX], path[512];
	const char *name = r->nodes[node].name;

	snprintf(path, sizeof(path), "%s: %.*s", r->name,
		(int)r->nodes[node].name_size, name);
	if (!s->has_digest)
		return err_set(e, REASON_FAILED,
			"%s: expected the digest of its object, found none",
			path);
	digest_object_path(&s->digest, want);
	if (s->payload_size == strlen(want + strlen("objects/")) &&
		memcmp(s->payload, want + strlen("objects/"),
			s->payload_size) == 0)
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected its object at %s, found it at %.*s", path,
		want + strlen("objects/"), (int)s->payload_size,
		s->payload ? s->payload : "");
}
