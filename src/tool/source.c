/* SPDX-License-Identifier: MIT */
#include "tool/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/census.h"
#include "tool/dump_read.h"
#include "tool/layer.h"
#include "tool/progress.h"
#include "tool/scan.h"

static const char *after(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* A dump begins with its root, a slash and a space. */
static bool is_dump(const struct input *in)
{
	return in->n_first >= 2 && memcmp(in->first, "/ ", 2) == 0;
}

int source_open(struct source *s, const char *name, struct err *e)
{
	const char *dump = after(name, "dump:"), *tar = after(name, "tar:");
	const char *oci = after(name, "oci:");
	struct stat st;

	s->name = name;
	if (oci) {
		s->kind = SOURCE_OCI;
		return oci_open(&s->oci, oci, e);
	}
	s->kind = tar ? SOURCE_TAR : SOURCE_DUMP;
	if (dump || tar)
		return input_open(&s->in, dump ? dump : tar, e);
	if (strcmp(name, "-") != 0 && stat(name, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (strcmp(name, "-") != 0 && S_ISDIR(st.st_mode)) {
		s->kind = SOURCE_DIRECTORY;
		s->dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->dir < 0)
			return err_sys(e, REASON_FAILED, errno,
				"%s: cannot be opened as a directory", name);
		return 0;
	}
	if (input_open(&s->in, name, e) != 0)
		return -1;
	s->kind = is_dump(&s->in) ? SOURCE_DUMP : SOURCE_TAR;
	return 0;
}

void source_close(struct source *s)
{
	input_close(&s->in);
	oci_close(&s->oci);
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
}

static ssize_t read_input(void *ctx, void *buf, size_t n, struct err *e)
{
	struct input *in = ctx;
	struct stat st;
	ssize_t r = input_read(in, buf, n);

	if (r < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be read",
			in->name);
	if (progress_wanted() && fstat(in->fd, &st) == 0)
		progress_part((uint64_t)lseek(in->fd, 0, SEEK_CUR),
			S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	return r;
}

static int put_from(void *ctx, const struct compute_reader *from, uint64_t size,
	uint32_t inode, const char *path, struct err *e)
{
	return intake_from(ctx, from, size, inode, path, e);
}

static int put_file(void *ctx, const struct scan_file *f, struct err *e)
{
	return intake_file(ctx, f->fd, &f->before, f->inode, f->path, e);
}

static int read_tar(struct source *s, struct layers *l, struct err *e)
{
	struct unpack u = {
		.read = read_input,
		.ctx = &s->in,
		.name = s->in.name,
	};
	int r = unpack_open(&u, e);

	if (r == 0)
		r = layer_read(l, &u, e);
	unpack_close(&u);
	return r;
}

static int read_layers(struct source *s, struct tree *t,
	const struct source_options *o, struct err *e)
{
	struct layers l = {
		.tree = t,
		.object = put_from,
		.ctx = o->intake,
		.stack = o->stack,
	};
	struct err other;
	int r = s->kind == SOURCE_OCI ? oci_read(&s->oci, &l, e)
				      : read_tar(s, &l, e);

	return layers_end(&l, r == 0 ? e : &other) != 0 ? -1 : r;
}

static int read_source(struct source *s, struct tree *t,
	const struct source_options *o, struct err *e)
{
	const struct dump_options dump = { .strict = o->strict };
	const struct scan_options scan = { put_file, o->intake };

	if (s->kind == SOURCE_DIRECTORY)
		return tree_scan(t, s->dir, s->name, &scan, e);
	if (s->kind == SOURCE_TAR || s->kind == SOURCE_OCI)
		return read_layers(s, t, o, e);
	return tree_read_dump(t, &s->in, &dump, e);
}

int source_read(struct source *s, struct tree *t,
	const struct source_options *o, struct err *e)
{
	struct err earlier;
	int r;

	if (s->kind == SOURCE_DIRECTORY && o->intake)
		census_begin(s->name);
	r = read_source(s, t, o, e);
	if (o->intake && intake_finish(o->intake, &earlier) != 0) {
		*e = earlier;
		r = -1;
	}
	census_end();
	if (r == 0 && o->stack)
		r = layer_stack_fill(o->stack, t, e);
	return r;
}
