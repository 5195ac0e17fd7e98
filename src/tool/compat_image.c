/* SPDX-License-Identifier: MIT */
/* composefs-dump: an image is written again, as composefs 1.0.8 would. */
#include "tool/compat_image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/compat.h"
#include "tool/dump_read.h"
#include "tool/publish.h"
#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/tool.h"

/* A new file that takes the name when it is whole. */
static int replace(struct tree *t, const struct image_options *o,
	const char *to, struct image_file *out, struct err *e)
{
	const char *slash = strrchr(to, '/');
	struct pending p = { .fd = -1 };
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - to) + 1 : 1,
		slash ? to : ".");

	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(
			e, REASON_FAILED, errno, "failed to open output file");
	if (pending_open(&p, fd, dir, 0666, e) != 0)
		return -1;
	if (image_write_file(t, o, p.fd, to, out, e) == 0)
		return pending_publish(
			&p, slash ? slash + 1 : to, true, false, e);
	pending_abort(&p);
	return -1;
}

int compat_write(struct tree *t, const struct image_options *o, const char *to,
	struct image_file *out, struct err *e)
{
	struct stat st;

	if (!to)
		return image_write_file(t, o, -1, "the image", out, e);
	if (strcmp(to, "-") == 0)
		return image_write_file(
			t, o, STDOUT_FILENO, "standard output", out, e);
	if (lstat(to, &st) != 0 || S_ISREG(st.st_mode))
		return replace(t, o, to, out, e);

	AUTO_FD int fd =
		open(to, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_sys(
			e, REASON_FAILED, errno, "failed to open output file");
	return image_write_file(t, o, fd, to, out, e);
}

static int print_dump(struct reading *d, FILE *f, struct err *e)
{
	for (uint32_t i = 0; i < d->image.n_nodes; i++) {
		struct text_entry x = { .path = d->path, .stat = &d->stat };
		bool is_link;

		if (reading_at(d, i, &is_link, e) != 0)
			return -1;
		x.link = is_link ? d->link : NULL;
		text_dump(f, &x);
	}
	if (fflush(f) != 0 || ferror(f) || lseek(fileno(f), 0, SEEK_SET) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "the dump: cannot be written");
	return 0;
}

static int write_again(struct reading *d, const char *from, const char *to,
	struct tree *t, FILE *f, struct err *e)
{
	const struct read_options all = { 0 };
	const struct dump_options dump = { 0 };
	struct image_options o = IMAGE_OPTIONS_DEFAULT;
	struct input in = { .fd = fileno(f), .name = from };
	struct image_file out;

	if (reading_open(d, &all, from, e) != 0 || print_dump(d, f, e) != 0 ||
		tree_read_dump(t, &in, &dump, e) != 0)
		return -1;
	o.min_version = o.max_version = d->image.version;
	if (d->image.version > 1)
		return err_set(e, REASON_FAILED,
			"%s: expected version 0 or 1, found %u", from,
			d->image.version);
	return compat_write(t, &o, to, &out, e);
}

static int usage(const char *program, const char *words)
{
	fprintf(stderr, "%s\nusage: %s SRC DEST\n", words, program);
	return EXIT_REFUSED;
}

int compat_dump(int argc, char **argv)
{
	static struct reading d;
	struct tree *t;
	struct err e;
	FILE *f;
	int r = -1;

	if (argc < 2)
		return usage(argv[0], "No source path specified");
	if (argc < 3)
		return usage(argv[0], "No destination path specified");
	t = tree_new(HASH_SHA256);
	f = tmpfile();
	if (t && f)
		r = write_again(&d, argv[1], argv[2], t, f, &e);
	else
		err_set(&e, REASON_FAILED,
			"%s: out of memory or temporary files", argv[1]);
	if (r != 0)
		fprintf(stderr, "composefs-dump: %s\n", e.text);
	reading_close(&d);
	tree_free(t);
	if (f)
		fclose(f);
	return r == 0 ? 0 : EXIT_REFUSED;
}
