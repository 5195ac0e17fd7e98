/* SPDX-License-Identifier: MIT */
#include "tool/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/threads.h"

/* Is path, or the directory where it would be made, the tree or inside it? */
static bool is_inside(int tree, const char *path)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	const char *slash = strrchr(path, '/');
	int fd = open(path, flags);
	char parent[PATH_MAX];
	struct stat top, at, last = { 0 };
	bool found = false;

	snprintf(parent, sizeof(parent), "%.*s",
		slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (fd < 0)
		fd = open(parent, flags);
	while (fd >= 0 && !found && fstat(tree, &top) == 0 &&
		fstat(fd, &at) == 0 &&
		(at.st_ino != last.st_ino || at.st_dev != last.st_dev)) {
		int up = openat(fd, "..", flags);

		found = at.st_ino == top.st_ino && at.st_dev == top.st_dev;
		last = at;
		close(fd);
		fd = up;
	}
	fd_cleanup(&fd);
	return found;
}

/* A file that can be written to by its name in the tree is no object. */
static int may_link(const struct build *b, struct err *e)
{
	if (b->source.kind != SOURCE_DIRECTORY)
		return err_set(e, REASON_FAILED,
			"%s: --hardlink: expected a directory, found another source",
			b->source_name);
	if (!b->objects.stats.unsealed)
		return 0;
	err_set(e, REASON_FAILED,
		"%s: --hardlink: expected a file system and a kernel with fs-verity, found that fs-verity cannot be enabled",
		b->store_name);
	return err_hint(e,
		"without fs-verity whoever writes to a file of the tree would change its object: leave --hardlink away");
}

static int open_store(struct build *b, struct err *e)
{
	if (b->source.kind == SOURCE_DIRECTORY &&
		is_inside(b->source.dir, b->store_name))
		return err_set(e, REASON_FAILED,
			"%s: expected a store outside of the tree %s, found one inside",
			b->store_name, b->source_name);
	if (store_create(&b->store, b->store_name, b->algorithm, e) != 0)
		return -1;
	b->algorithm = b->store.algorithm;
	if (object_writer_open(&b->objects, &b->store, b->threads, e) != 0)
		return -1;
	b->objects.hardlink = b->hardlink;
	return b->hardlink ? may_link(b, e) : 0;
}

static int check_output(const struct build *b, struct err *e)
{
	if (!b->output ||
		faccessat(AT_FDCWD, b->output, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	err_set(e, REASON_FAILED, "%s: expected no such file, found one",
		b->output);
	return err_hint(e, "remove it, or name another --output");
}

static int check_source(const struct build *b, struct err *e)
{
	if (b->layers && b->source.kind != SOURCE_OCI)
		return err_set(e, REASON_FAILED,
			"%s: --layers: expected oci:DIR[:REF], found another source",
			b->source_name);
	/* mkcomposefs silently does not mind them there. */
	if (b->source.kind != SOURCE_DUMP || !filter_any(&b->filter))
		return 0;
	err_set(e, REASON_FAILED,
		"%s: expected no option that changes a dump, found one",
		b->source_name);
	return err_hint(e,
		"a dump is taken as it is: --no-hardlinks, --use-epoch and the --skip options are for other sources");
}

int build_prepare(struct build *b, struct err *e)
{
	if (check_output(b, e) != 0)
		return -1;
	if (b->threads == 0)
		b->threads = threads_default();
	compute_set_threads(b->threads);
	if (b->store_name && open_store(b, e) != 0)
		return -1;
	if (!b->algorithm)
		b->algorithm = HASH_SHA256;
	b->tree = tree_new(b->algorithm);
	return b->tree ? 0
		       : err_set(e, REASON_FAILED, "%s: out of memory",
				 b->source_name);
}

int build_open(struct build *b, struct err *e)
{
	if (check_output(b, e) != 0 ||
		source_open(&b->source, b->source_name, e) != 0 ||
		check_source(b, e) != 0 || build_prepare(b, e) != 0)
		return -1;
	return intake_open(&b->intake, b->tree,
		b->store_name ? &b->objects : NULL, b->threads, e);
}

/* The directory and the file's name in it. */
static int open_output(
	struct build *b, struct pending *p, const char **name, struct err *e)
{
	const char *slash = strrchr(b->output, '/');
	char dir[PATH_MAX];
	int fd;

	*name = slash ? slash + 1 : b->output;
	snprintf(dir, sizeof(dir), "%.*s",
		slash ? (int)(slash - b->output) + 1 : 1,
		slash ? b->output : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", dir);
	if (pending_open(p, fd, dir, 0644, e) == 0)
		return fd;
	close(fd);
	return -1;
}

static int put_into_store(struct build *b, int fd, struct err *e)
{
	struct digest d;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "the image: cannot be read");
	if (object_put(&b->objects, fd, "the image", b->image.size, &d, e) !=
			0 ||
		object_flush(&b->objects, e) != 0)
		return -1;
	return store_add_image(&b->store, &d, e);
}

static int write_image(
	struct build *b, struct tree *t, int fd, const char *to, struct err *e)
{
	if (image_write_file(t, &b->image_options, fd, to, &b->image, e) != 0)
		return -1;
	return b->store_name ? put_into_store(b, fd, e) : 0;
}

int build_publish(struct build *b, struct tree *t, struct err *e)
{
	struct pending p = { .fd = -1 };
	const char *name = NULL;
	AUTO_FD int dir = -1;
	int r = 0;

	if (b->output) {
		dir = open_output(b, &p, &name, e);
		r = dir < 0 ? -1 : 0;
	} else if (b->store_name) {
		r = pending_open(&p, b->store.objects, b->store_name, 0600, e);
	}
	if (r == 0)
		r = write_image(
			b, t, p.fd, b->output ? b->output : b->store_name, e);
	if (r == 0 && b->output)
		return pending_publish(&p, name, false, true, e);
	pending_abort(&p);
	return r;
}

void build_close(struct build *b)
{
	intake_close(b->intake);
	object_writer_close(&b->objects);
	store_close(&b->store);
	tree_free(b->tree);
	layer_stack_free(&b->stack);
	source_close(&b->source);
}
