/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/compute.h"
#include "tool/forboot.h"
#include "tool/image.h"
#include "tool/object.h"
#include "tool/progress.h"
#include "tool/scan.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright build [--store DIR] [--output IMAGE] [--no-hardlinks]\n"
	"                        [--for-boot] TREE\n"
	"\n"
	"Prints the digest of the metadata image of the directory TREE.\n"
	"\n"
	"  --store DIR      put the files' objects and the image into this store\n"
	"  --output IMAGE   write the image to this file, which must not exist\n"
	"  --no-hardlinks   make each hard link a file of its own, as mkcomposefs\n"
	"  --for-boot       make the image fit to be booted, say what is changed\n"
	"  --help           print this\n";

struct build {
	const char *source, *store_name, *output;
	bool no_hardlinks, for_boot;
	int dir; /* of the source */
	struct store store;
	struct object_writer objects;
	struct tree *tree;
	struct image image;
	uint64_t files, bytes; /* whose content is not in the image */
	uint32_t entries;
};

static int parse(struct build *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "no-hardlinks", no_argument, NULL, 'n' },
		{ "for-boot", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's':
			b->store_name = optarg;
			break;
		case 'o':
			b->output = optarg;
			break;
		case 'n':
			b->no_hardlinks = true;
			break;
		case 'b':
			b->for_boot = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 'h';
		default:
			return tool_usage("build",
				"expected an option that it knows, with its value");
		}
	}
	if (argc - optind != 1)
		return tool_usage("build",
			"expected one tree, found %d arguments", argc - optind);
	b->source = argv[optind];
	return 0;
}

static int put(void *ctx, int fd, const char *path, uint64_t size,
	struct digest *d, struct err *e)
{
	struct build *b = ctx;

	b->files++;
	b->bytes += size;
	progress_show(b->files, "files", b->bytes);
	if (!b->store_name)
		return compute_fd(fd, path, size, HASH_SHA256, d, e);
	return object_put(&b->objects, fd, path, size, d, e);
}

static int put_bytes(void *ctx, const void *bytes, size_t n, const char *name,
	struct digest *d, struct err *e)
{
	struct build *b = ctx;

	if (!b->store_name)
		return compute_bytes(bytes, n, name, HASH_SHA256, d, e);
	return object_put_bytes(&b->objects, bytes, n, name, d, e);
}

/* The path has no symbolic links: none may have come since the scan. */
static int open_source(void *ctx, const char *path)
{
	struct build *b = ctx;

	return open_how(b->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

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

/* Everything that can be known to be wrong before the tree is read. */
static int open_all(struct build *b, struct err *e)
{
	if (b->output && faccessat(AT_FDCWD, b->output, F_OK,
				 AT_SYMLINK_NOFOLLOW) == 0) {
		err_set(e, REASON_FAILED,
			"%s: expected no such file, found one", b->output);
		return err_hint(e, "remove it, or name another --output");
	}
	b->dir = open(b->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened as a directory", b->source);
	b->tree = tree_new(HASH_SHA256);
	if (!b->tree)
		return err_set(
			e, REASON_FAILED, "%s: out of memory", b->source);
	if (!b->store_name)
		return 0;
	if (is_inside(b->dir, b->store_name))
		return err_set(e, REASON_FAILED,
			"%s: expected a store outside of the tree %s, found one inside",
			b->store_name, b->source);
	if (store_create(&b->store, b->store_name, HASH_SHA256, e) != 0)
		return -1;
	return object_writer_open(&b->objects, &b->store, e);
}

static int make_image(struct build *b, struct err *e)
{
	const struct scan_options scan = {
		.no_hardlinks = b->no_hardlinks,
		.object = put,
		.ctx = b,
	};
	const struct forboot boot = {
		.inside = { b->tree, b->source, open_source, b },
		.init = "/sbin/init",
		.object = put_bytes,
		.ctx = b,
	};
	const struct image_options options = IMAGE_OPTIONS_DEFAULT;
	int r = tree_scan(b->tree, b->dir, b->source, &scan, e);

	progress_clear();
	if (r != 0 || (b->for_boot && forboot_prepare(&boot, e) != 0))
		return -1;
	b->entries = tree_entries(b->tree);
	return image_build(b->tree, &options, &b->image, e);
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t r = write(fd, bytes, n);

		if (r < 0 && errno != EINTR)
			return -1;
		bytes += r > 0 ? r : 0;
		n -= r > 0 ? r : 0;
	}
	return 0;
}

static int write_output(struct build *b, struct err *e)
{
	const char *slash = strrchr(b->output, '/');
	const char *name = slash ? slash + 1 : b->output;
	char dir[PATH_MAX];
	struct pending p;

	snprintf(dir, sizeof(dir), "%.*s",
		slash ? (int)(slash - b->output) + 1 : 1,
		slash ? b->output : ".");
	AUTO_FD
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", dir);
	if (pending_open(&p, fd, dir, 0644, e) != 0)
		return -1;
	if (write_all(p.fd, b->image.bytes, b->image.size) != 0) {
		err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
			b->output);
		pending_abort(&p);
		return -1;
	}
	return pending_publish(&p, name, false, true, e);
}

/* The image last: whoever finds it finds all its objects. */
static int publish(struct build *b, struct err *e)
{
	struct digest d;

	if (b->store_name && (object_put_bytes(&b->objects, b->image.bytes,
				      b->image.size, "the image", &d, e) != 0 ||
				     object_flush(&b->objects, e) != 0 ||
				     store_add_image(&b->store, &d, e) != 0))
		return -1;
	return b->output ? write_output(b, e) : 0;
}

static void summary(const struct build *b)
{
	const struct object_stats *s = &b->objects.stats;

	tool_say(
		"%s: %u entries, %llu files of %llu bytes outside the image, image of %zu bytes",
		b->source, b->entries, (unsigned long long)b->files,
		(unsigned long long)b->bytes, b->image.size);
	if (!b->store_name)
		return;
	tool_say("%s: %llu objects new (%llu bytes), %llu shared (%llu bytes)",
		b->store_name, (unsigned long long)s->new,
		(unsigned long long)s->new_bytes, (unsigned long long)s->shared,
		(unsigned long long)s->shared_bytes);
	if (s->unsealed)
		tool_say(
			"%s: fs-verity is not enabled: that takes a file system with fs-verity and blocks of 4096 bytes, and a kernel with fs-verity; rootwright disk sets it in any case",
			b->store_name);
}

static int run(struct build *b, struct err *e)
{
	char hex[DIGEST_HEX_MAX];

	if (open_all(b, e) != 0 || make_image(b, e) != 0 || publish(b, e) != 0)
		return -1;
	summary(b);
	digest_to_hex(&b->image.digest, hex);
	puts(hex);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_sys(e, REASON_FAILED, errno,
			"standard output: cannot be written");
	return 0;
}

int cmd_build(int argc, char **argv)
{
	struct build b = { .dir = -1, .store = { .fd = -1, .objects = -1 } };
	struct err e;
	int r = parse(&b, argc, argv);

	if (r != 0)
		return r == 'h' ? 0 : r;
	r = run(&b, &e);
	object_writer_close(&b.objects);
	store_close(&b.store);
	if (b.tree)
		tree_free(b.tree);
	free(b.image.bytes);
	if (b.dir >= 0)
		close(b.dir);
	return r == 0 ? 0 : tool_fail(&e);
}
