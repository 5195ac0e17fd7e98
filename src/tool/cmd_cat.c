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
	"usage: rootwright cat [--store DIR] IMAGE PATH...\n"
	"\n"
	"Prints the content of files of a composefs image, those that are in the\n"
	"image, and with --store those whose objects are in a store. An object whose\n"
	"content is not what the image says is refused.\n"
	"\n"
	"  --store DIR  the store\n"
	"  --help       print this\n";

/* Writes to standard output what it reads. */
static int read_and_write(void *ctx, void *buf, size_t n)
{
	const int *fd = ctx;
	uint8_t *p = buf;
	size_t got = 0;

	while (got < n) {
		ssize_t some = read(*fd, p + got, n - got);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return some ? -errno : -ENODATA;
		got += (size_t)some;
	}
	return fwrite(buf, 1, n, stdout) == n ? 0 : -EIO;
}

/*
 * Hashed before a byte is printed, and again while it is: a file without
 * fs-verity can be changed in between.
 */
static int print_object(const struct store *s, const struct read_stat *file,
	const char *name, struct err *e)
{
	const struct digest *want = &file->digest;
	AUTO_FD int fd = object_open(s, want, file->size, name, e);
	const struct compute_stream stream = {
		.ctx = &fd,
		.read = read_and_write,
	};
	struct digest found;

	if (fd < 0)
		return -1;
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

static int print_file(struct reading *d, const struct store *s,
	const char *path, struct err *e)
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
	if (file->is_object) {
		if (read_object(&d->image, node, file, e) != 0)
			return -1;
		if (s->fd < 0)
			return err_set(e, REASON_FAILED,
				"%s: expected --store, as its content is not in the image",
				name);
		return print_object(s, file, name, e);
	}
	for (int i = 0; i < 2; i++)
		if (file->data_size[i])
			fwrite(file->data[i], 1, file->data_size[i], stdout);
	return 0;
}

int cmd_cat(int argc, char **argv)
{
	static struct reading d;
	struct read_options o = {
		.command = "cat",
		.usage = usage,
		.takes = "s",
		.needs = "an image and a path",
		.min = 2,
		.max = INT_MAX,
	};
	struct store store = { .fd = -1, .objects = -1 };
	struct err e;
	int code, r = 0, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	if (o.store)
		r = store_open(&store, o.store, &e);
	if (r == 0)
		r = reading_open(&d, &o, argv[first], &e);
	for (int i = first + 1; i < argc && r == 0; i++)
		r = print_file(&d, &store, argv[i], &e);
	reading_close(&d);
	store_close(&store);
	if (read_flush() != 0)
		return EXIT_REFUSED;
	return r == 0 ? 0 : tool_fail(&e);
}
