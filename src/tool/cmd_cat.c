/* SPDX-License-Identifier: MIT */
/* rootwright cat: the content of files of an image. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute.h"
#include "tool/read_objects.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright cat [--json] [--store DIR] IMAGE PATH...\n"
	"       rootwright cat [--json] --digest-store DIR IMAGE PATH...\n"
	"\n"
	"Prints the content of files of a composefs image, those that are in the\n"
	"image, and with --store those whose objects are in a store. An object whose\n"
	"content is not what the image says is refused.\n"
	"\n"
	"  --store DIR         the store\n"
	"  --digest-store DIR  or mkcomposefs' directory of objects\n"
	"  --json              print one JSON document, with the content in Base64\n"
	"  --help              print this\n";

/* Where content goes: standard output, as it is or as Base64. */
struct sink {
	bool base64;
	uint8_t kept[3]; /* what is no whole group yet */
	size_t n;
	int fd; /* of the object that is printed */
};

static void put_group(struct sink *s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits =
		(uint32_t)s->kept[0] << 16 | s->kept[1] << 8 | s->kept[2];

	for (size_t i = 0; i < 4; i++)
		putchar(i <= s->n ? digits[bits >> (18 - 6 * i) & 63] : '=');
	memset(s->kept, 0, sizeof(s->kept));
	s->n = 0;
}

static int put(struct sink *s, const uint8_t *p, size_t n)
{
	if (!s->base64)
		return fwrite(p, 1, n, stdout) == n ? 0 : -EIO;
	for (size_t i = 0; i < n; i++) {
		s->kept[s->n++] = p[i];
		if (s->n == 3)
			put_group(s);
	}
	return ferror(stdout) ? -EIO : 0;
}

static int read_and_write(void *ctx, void *buf, size_t n)
{
	struct sink *s = ctx;
	uint8_t *p = buf;
	size_t got = 0;

	while (got < n) {
		ssize_t some = read(s->fd, p + got, n - got);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return some ? -errno : -ENODATA;
		got += (size_t)some;
	}
	return put(s, buf, n);
}

/*
 * Hashed before a byte is printed, and again while it is: a file without
 * fs-verity can be changed in between.
 */
static int print_object(const struct store *s, const struct read_stat *file,
	const char *name, struct sink *sink, struct err *e)
{
	const struct digest *want = &file->digest;
	AUTO_FD int fd = object_open(s, want, file->size, name, e);
	const struct compute_stream stream = {
		.ctx = sink,
		.read = read_and_write,
	};
	struct digest found;

	if (fd < 0)
		return -1;
	sink->fd = fd;
	if (compute_fd(fd, name, file->size, want->algorithm, &found, e) != 0)
		return -1;
	if (!digest_equal(&found, want))
		return object_differs(name, want, &found, e);
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be read", name);
	if (compute_stream(
		    &stream, name, file->size, want->algorithm, &found, e) != 0)
		return -1;
	return digest_equal(&found, want)
		       ? 0
		       : object_differs(name, want, &found, e);
}

static int print_content(struct reading *d, uint32_t node,
	const struct store *s, const char *name, struct sink *sink,
	struct err *e)
{
	const struct read_stat *file = &d->stat;

	if (file->is_object) {
		if (read_object(&d->image, node, file, e) != 0)
			return -1;
		if (s->fd < 0)
			return err_set(e, REASON_FAILED,
				"%s: expected --store, as its content is not in the image",
				name);
		return print_object(s, file, name, sink, e);
	}
	for (int i = 0; i < 2; i++)
		if (put(sink, file->data[i], file->data_size[i]) != 0)
			break; /* read_flush() says so */
	return 0;
}

static int print_file(struct reading *d, const struct store *s,
	const char *path, struct sink *sink, struct err *e)
{
	uint32_t node = read_lookup(&d->image, path);
	const struct read_stat *file = &d->stat;
	char name[1024];

	snprintf(name, sizeof(name), "%s: %s", d->image.name, path);
	if (node == UINT32_MAX)
		return err_set(e, REASON_FAILED,
			"%s: expected an entry %s, found none", d->image.name,
			path);
	if (read_stat(&d->image, d->image.nodes[node].inode, &d->stat, e) != 0)
		return -1;
	if (!S_ISREG(file->mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a file, found a %s", name,
			text_type(file->mode));
	if (!sink->base64)
		return print_content(d, node, s, name, sink, e);
	fputs("{\"path\":", stdout);
	text_json(stdout, d->path, read_path(&d->image, node, d->path));
	printf(",\"size\":%llu,\"base64\":\"", (unsigned long long)file->size);
	if (print_content(d, node, s, name, sink, e) != 0)
		return -1;
	if (sink->n)
		put_group(sink);
	fputs("\"}", stdout);
	return 0;
}

int cmd_cat(int argc, char **argv)
{
	static struct reading d;
	struct read_options o = {
		.command = "cat",
		.usage = usage,
		.takes = "js",
		.needs = "an image and a path",
		.min = 2,
		.max = INT_MAX,
	};
	struct store store = { .fd = -1, .objects = -1 };
	struct sink sink = { 0 };
	struct err e;
	int code, r, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	sink.base64 = o.json;
	r = read_store(&o, &store, &e);
	if (r == 0)
		r = reading_open(&d, &o, argv[first], &e);
	if (r == 0 && o.json)
		fputs("{\"files\":[", stdout);
	for (int i = first + 1; i < argc && r == 0; i++) {
		if (o.json && i > first + 1)
			putchar(',');
		r = print_file(&d, &store, argv[i], &sink, &e);
	}
	if (r == 0 && o.json)
		puts("]}");
	reading_close(&d);
	store_close(&store);
	if (read_flush() != 0)
		return EXIT_REFUSED;
	return r == 0 ? 0 : tool_fail(&e);
}
