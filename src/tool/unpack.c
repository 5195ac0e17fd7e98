/* SPDX-License-Identifier: MIT */
#include "tool/unpack.h"

#include <errno.h>
#include <stdlib.h>

#define BUFFER (256 * 1024)

int unpack_error(struct unpack *u, struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	/* Whoever reads the source knows best. */
	if (u->failed)
		return -1;
	return err_set(e, REASON_FAILED,
		"%s: offset %lld: cannot be read as a tar: %s", u->name,
		(long long)archive_filter_bytes(u->tar ? u->tar : u->outer, 0),
		why ? why : "it has another format");
}

static la_ssize_t read_source(struct archive *a, void *ctx, const void **out)
{
	struct unpack *u = ctx;
	ssize_t n = u->read(u->ctx, u->in, BUFFER, u->e);

	*out = u->in;
	if (n < 0) {
		u->failed = true;
		archive_set_error(a, EIO, "the source cannot be read");
	}
	return n;
}

/* As archive_read_data. */
static la_ssize_t inflate(struct unpack *u)
{
	la_ssize_t n = archive_read_data(u->outer, u->out, BUFFER);

	if (n > 0 && u->seen && u->seen(u->ctx, u->out, (size_t)n) != 0) {
		archive_set_error(u->outer, EIO, "it cannot be hashed");
		return -1;
	}
	return n;
}

static la_ssize_t read_outer(struct archive *a, void *ctx, const void **out)
{
	struct unpack *u = ctx;
	la_ssize_t n = inflate(u);

	*out = u->out;
	if (n < 0) {
		const char *why = archive_error_string(u->outer);

		archive_set_error(a, EIO, "%s", why ? why : "it is damaged");
		return -1;
	}
	return n;
}

static int open_outer(struct unpack *u, struct err *e)
{
	struct archive_entry *entry;

	if (archive_read_support_filter_gzip(u->outer) != ARCHIVE_OK ||
		archive_read_support_filter_xz(u->outer) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(u->outer) != ARCHIVE_OK ||
		archive_read_support_format_raw(u->outer) != ARCHIVE_OK ||
		archive_read_support_format_empty(u->outer) != ARCHIVE_OK ||
		archive_read_open(u->outer, u, NULL, read_source, NULL) !=
			ARCHIVE_OK)
		return unpack_error(u, u->outer, e);
	switch (archive_read_next_header(u->outer, &entry)) {
	case ARCHIVE_OK:
		return 0;
	case ARCHIVE_EOF:
		return err_set(e, REASON_FAILED,
			"%s: expected a tar, found nothing", u->name);
	default:
		return unpack_error(u, u->outer, e);
	}
}

int unpack_open(struct unpack *u, struct err *e)
{
	u->e = e;
	u->failed = false;
	u->tar = NULL;
	u->in = malloc(BUFFER);
	u->out = malloc(BUFFER);
	u->outer = archive_read_new();
	if (!u->in || !u->out || !u->outer)
		return err_set(e, REASON_FAILED, "%s: out of memory", u->name);
	if (open_outer(u, e) != 0)
		return -1;
	u->tar = archive_read_new();
	if (!u->tar)
		return err_set(e, REASON_FAILED, "%s: out of memory", u->name);
	if (archive_read_support_format_tar(u->tar) != ARCHIVE_OK ||
		archive_read_open(u->tar, u, NULL, read_outer, NULL) !=
			ARCHIVE_OK)
		return unpack_error(u, u->tar, e);
	return 0;
}

int unpack_end(struct unpack *u, struct err *e)
{
	la_ssize_t n;

	u->e = e;
	/* libarchive takes the end of the file for the end of the archive. */
	if (archive_filter_bytes(u->tar, 0) <
		archive_read_header_position(u->tar) + 512)
		return err_set(e, REASON_FAILED,
			"%s: offset %lld: expected the end mark of a tar, found the end of the file: it was cut",
			u->name, (long long)archive_filter_bytes(u->tar, 0));
	do
		n = inflate(u);
	while (n > 0);
	return n < 0 ? unpack_error(u, u->outer, e) : 0;
}

void unpack_close(struct unpack *u)
{
	archive_read_free(u->tar);
	archive_read_free(u->outer);
	free(u->in);
	free(u->out);
	u->tar = u->outer = NULL;
	u->in = u->out = NULL;
}
