/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/build.h"
#include "tool/capture.h"
#include "tool/compute.h"
#include "tool/forboot.h"
#include "tool/threads.h"
#include "tool/progress.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright build [OPTION...] SOURCE\n"
	"\n"
	"Prints the digest of the metadata image of SOURCE: a directory, tar:FILE\n"
	"(plain, gzip, zstd, xz), dump:FILE (a composefs dump), oci:DIR[:REF] (an\n"
	"OCI image layout), or - for a tar or dump from standard input.\n"
	"\n"
	"  --store DIR        put the files' objects and the image into this store\n"
	"  --output IMAGE     write the image to this file, which must not exist\n"
	"  --algorithm HASH   sha256 (default) or sha512; a store has its own\n"
	"  --min-version N    the format's version is at least N, 0 (default) or 1\n"
	"  --max-version N    and at most N, 0 or 1 (default)\n"
	"  --layers           of oci:, one image for each layer, the top one first\n"
	"  --lower            refuse what would harm images above this one\n"
	"  --for-boot         make the image fit to be booted, say what is changed\n"
	"  --hardlink         seal the tree's files and link them into the store\n"
	"  --no-hardlinks     make each hard link a file of its own, as mkcomposefs\n"
	"  --use-epoch        set all modification times to 0\n"
	"  --skip-devices     leave out character and block devices\n"
	"  --skip-xattrs      leave out all extended attributes\n"
	"  --user-xattrs      leave out all extended attributes but user.*\n"
	"  --threads N        read, hash and store on N threads, 1 to 256; default:\n"
	"                     as many as there are processors\n"
	"  --help             print this\n";

static const struct option options[] = {
	{ "store", required_argument, NULL, 's' },
	{ "output", required_argument, NULL, 'o' },
	{ "algorithm", required_argument, NULL, 'a' },
	{ "min-version", required_argument, NULL, 'm' },
	{ "max-version", required_argument, NULL, 'M' },
	{ "layers", no_argument, NULL, 'y' },
	{ "lower", no_argument, NULL, 'w' },
	{ "for-boot", no_argument, NULL, 'b' },
	{ "hardlink", no_argument, NULL, 'l' },
	{ "no-hardlinks", no_argument, NULL, 'n' },
	{ "use-epoch", no_argument, NULL, 'e' },
	{ "skip-devices", no_argument, NULL, 'd' },
	{ "skip-xattrs", no_argument, NULL, 'x' },
	{ "user-xattrs", no_argument, NULL, 'u' },
	{ "threads", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int parse_threads(struct build *b)
{
	b->threads = threads_parse(optarg);
	return b->threads
		       ? 0
		       : tool_usage("build",
				 "--threads: expected a number from 1 to %u, found \"%s\"",
				 THREADS_MAX, optarg);
}

static int parse_option(struct build *b, int o)
{
	switch (o) {
	case 's':
		b->store_name = optarg;
		return 0;
	case 'o':
		b->output = optarg;
		return 0;
	case 'a':
		return tool_algorithm("build", optarg, &b->algorithm);
	case 'm':
		return tool_version(
			"build", optarg, &b->image_options.min_version);
	case 'M':
		return tool_version(
			"build", optarg, &b->image_options.max_version);
	case 'y':
		b->layers = true;
		return 0;
	case 'w':
		b->lower = true;
		return 0;
	case 'b':
		b->for_boot = true;
		return 0;
	case 'l':
		b->hardlink = true;
		return 0;
	case 'n':
		b->filter.no_hardlinks = true;
		return 0;
	case 'e':
		b->filter.use_epoch = true;
		return 0;
	case 'd':
		b->filter.skip_devices = true;
		return 0;
	case 'x':
		b->filter.skip_xattrs = true;
		return 0;
	case 'u':
		b->filter.user_xattrs = true;
		return 0;
	case 't':
		return parse_threads(b);
	case 'h':
		fputs(usage, stdout);
		return 'h';
	default:
		return tool_usage("build",
			"expected an option that it knows, with its value");
	}
}

static int parse(struct build *b, int argc, char **argv)
{
	int o, r;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		r = parse_option(b, o);
		if (r != 0)
			return r;
	}
	if (argc - optind != 1)
		return tool_usage("build",
			"expected one tree, found %d arguments", argc - optind);
	if (b->hardlink && !b->store_name)
		return tool_usage(
			"build", "--hardlink: expected a --store, found none");
	if (b->layers && (b->output || b->for_boot))
		return tool_usage("build",
			"--layers: expected no --output and no --for-boot, found one");
	if (b->filter.skip_xattrs && b->filter.user_xattrs)
		return tool_usage("build",
			"expected --skip-xattrs or --user-xattrs, found both");
	b->source_name = argv[optind];
	return 0;
}

static int put_bytes(void *ctx, const void *bytes, size_t n, const char *name,
	struct digest *d, struct err *e)
{
	struct build *b = ctx;

	if (!b->store_name)
		return compute_bytes(bytes, n, name, b->algorithm, d, e);
	return object_put_bytes(&b->objects, bytes, n, name, d, e);
}

/* A directory's file. No symbolic link may have come since the scan. */
static int open_in_directory(void *ctx, const char *path)
{
	const struct build *b = ctx;

	return open_how(b->source.dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* Any other source's file is an object by now. */
static int open_object(void *ctx, const char *path)
{
	const struct build *b = ctx;
	char object[OBJECT_PATH_MAX];
	struct digest d;

	if (!tree_object(b->tree, tree_lookup(b->tree, path), &d)) {
		errno = ENODATA;
		return -1;
	}
	digest_object_path(&d, object);
	return open_regular_beneath(b->store.fd, object);
}

static int fit_for_boot(struct build *b, struct err *e)
{
	bool directory = b->source.kind == SOURCE_DIRECTORY;
	const struct forboot boot = {
		.inside = { b->tree, b->source_name,
			directory ? open_in_directory : open_object, b },
		.init = "/sbin/init",
		.object = put_bytes,
		.ctx = b,
	};

	if (!directory && !b->store_name) {
		err_set(e, REASON_FAILED,
			"%s: --for-boot: expected a directory or a --store, found neither",
			b->source_name);
		return err_hint(
			e, "the files that init needs are read from the store");
	}
	if (!directory && object_flush(&b->objects, e) != 0)
		return -1;
	return forboot_prepare(&boot, e);
}

static int read_tree(struct build *b, struct err *e)
{
	const struct source_options o = {
		.intake = b->intake,
		.strict = getenv("CFS_PARSE_STRICT") != NULL,
		.stack = b->layers ? &b->stack : NULL,
	};
	const struct capture_tree lower = { b->source_name, b->tree };

	if (source_read(&b->source, b->tree, &o, e) != 0 ||
		tree_filter(b->tree, &b->filter, e) != 0)
		return -1;
	if (b->for_boot && fit_for_boot(b, e) != 0)
		return -1;
	if (b->lower && !b->layers &&
		capture_check_tree(&lower, NULL, 0, e) != 0)
		return -1;
	b->entries = tree_entries(b->tree);
	return 0;
}

static void summary(const struct build *b)
{
	const struct object_stats *s = &b->objects.stats;
	struct intake_stats in = intake_stats(b->intake);

	tool_say(
		"%s: %u entries, %llu files of %llu bytes outside the image, image%s of %llu bytes, in %.2f s",
		b->source_name, b->entries, (unsigned long long)in.files,
		U64(in.bytes), b->layers ? "s" : "", U64(b->image.size),
		progress_seconds());
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

static int print(const struct image_file *images, unsigned n, struct err *e)
{
	char hex[DIGEST_HEX_MAX];

	for (unsigned i = 0; i < n; i++)
		puts(digest_to_hex(&images[i].digest, hex));
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_sys(e, REASON_FAILED, errno,
			"standard output: cannot be written");
	return 0;
}

static int run_layers(struct build *b, struct err *e)
{
	struct image_file *images = calloc(b->stack.n + 1, sizeof(*images));
	int r = images ? build_layers(b, images, e)
		       : err_set(e, REASON_FAILED, "%s: out of memory",
				 b->source_name);

	if (r == 0) {
		summary(b);
		r = print(images, b->stack.n, e);
	}
	free(images);
	return r;
}

static int run(struct build *b, struct err *e)
{
	if (build_open(b, e) != 0 || read_tree(b, e) != 0)
		return -1;
	if (b->layers)
		return run_layers(b, e);
	if (build_publish(b, b->tree, e) != 0)
		return -1;
	summary(b);
	return print(&b->image, 1, e);
}

int cmd_build(int argc, char **argv)
{
	struct build b = BUILD_NONE;
	struct err e;
	int r = parse(&b, argc, argv);

	if (r != 0)
		return r == 'h' ? 0 : r;
	progress_seconds();
	r = run(&b, &e);
	build_close(&b);
	return r == 0 ? 0 : tool_fail(&e);
}
