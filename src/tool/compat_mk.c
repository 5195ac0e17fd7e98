/* SPDX-License-Identifier: MIT */
/* mkcomposefs, as composefs 1.0.8 has it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/compat.h"
#include "tool/compat_image.h"
#include "tool/filter.h"
#include "tool/object.h"
#include "tool/source.h"
#include "tool/threads.h"
#include "tool/tool.h"

struct mk {
	const char *source, *output, *digest_store;
	bool print, only, from_file;
	long min, max, threads;
	struct filter filter;
	struct store store;
	struct object_writer objects;
	struct intake *intake;
};

static const struct option options[] = {
	{ "digest-store", required_argument, NULL, 's' },
	{ "use-epoch", no_argument, NULL, 'e' },
	{ "skip-devices", no_argument, NULL, 'd' },
	{ "skip-xattrs", no_argument, NULL, 'x' },
	{ "user-xattrs", no_argument, NULL, 'u' },
	{ "print-digest", no_argument, NULL, 'p' },
	{ "print-digest-only", no_argument, NULL, 'o' },
	{ "from-file", no_argument, NULL, 'f' },
	{ "min-version", required_argument, NULL, 'm' },
	{ "max-version", required_argument, NULL, 'M' },
	{ "threads", required_argument, NULL, 't' },
	{ 0 },
};

static int usage(const char *program, const char *words)
{
	fprintf(stderr,
		"%sUsage: %s [OPTIONS] SOURCE IMAGE\n"
		"Options:\n"
		"  --digest-store=PATH   Store content files in this directory\n"
		"  --use-epoch           Make all mtimes zero\n"
		"  --skip-devices        Don't store device nodes\n"
		"  --skip-xattrs         Don't store file xattrs\n"
		"  --user-xattrs         Only store user.* xattrs\n"
		"  --print-digest        Print the digest of the image\n"
		"  --print-digest-only   Print the digest of the image, don't write image\n"
		"  --from-file           The source is a dump file, not a directory\n"
		"  --min-version=N       Use this minimal format version (default=0)\n"
		"  --max-version=N       Use this maximum format version (default=1)\n"
		"  --threads=N           Use this to override the default number of threads used to calculate digest and copy files (default=%ld)\n",
		words, program, sysconf(_SC_NPROCESSORS_ONLN));
	return EXIT_REFUSED;
}

static int parse_number(long *n, long least, const char *what)
{
	char *end;

	errno = 0;
	*n = strtol(optarg, &end, 10);
	if (errno == 0 && end != optarg && *end == '\0' && *n >= least)
		return 0;
	fprintf(stderr, "Invalid %s %s\n", what, optarg);
	return EXIT_REFUSED;
}

static int parse_option(struct mk *m, int c, const char *program)
{
	switch (c) {
	case 's':
		m->digest_store = optarg;
		return 0;
	case 'e':
		m->filter.use_epoch = true;
		return 0;
	case 'd':
		m->filter.skip_devices = true;
		return 0;
	case 'x':
		m->filter.skip_xattrs = true;
		return 0;
	case 'u':
		m->filter.user_xattrs = true;
		return 0;
	case 'p':
		m->print = true;
		return 0;
	case 'o':
		m->print = m->only = true;
		return 0;
	case 'f':
		m->from_file = true;
		return 0;
	case 'm':
		return parse_number(&m->min, LONG_MIN, "min version");
	case 'M':
		return parse_number(&m->max, LONG_MIN, "max version");
	case 't':
		if (parse_number(&m->threads, 1, "threads count") != 0)
			return EXIT_REFUSED;
		/* It takes any number; more than this are of no use. */
		if (m->threads > THREADS_MAX)
			m->threads = THREADS_MAX;
		return 0;
	default:
		return usage(program, "");
	}
}

static int parse(struct mk *m, int argc, char **argv)
{
	int c, r, n;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		r = parse_option(m, c, argv[0]);
		if (r != 0)
			return r;
	}
	n = argc - optind;
	if (n < 1)
		return usage(argv[0], "No source path specified\n");
	if (n > 2)
		return usage(argv[0], "Too many arguments\n");
	if (m->only && n == 2)
		return usage(argv[0],
			"Cannot specify destination path with --print-digest-only\n");
	if (!m->only && n == 1)
		return usage(argv[0], "No destination path specified\n");
	m->source = argv[optind];
	m->output = m->only ? NULL : argv[optind + 1];
	if (m->output && strcmp(m->output, "-") == 0 && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "stdout is a tty. Refusing to use it\n");
		return EXIT_REFUSED;
	}
	return 0;
}

/* The directory, with those above it. */
static void make_directories(const char *path)
{
	char part[PATH_MAX];

	for (size_t n = 1; path[n - 1] && n < sizeof(part); n++) {
		if (path[n] && path[n] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		/* What cannot be made is said when it cannot be opened. */
		(void)!mkdir(part, 0777);
	}
}

/* The objects lie in the directory itself, which may have anything else. */
static int open_digest_store(struct mk *m, struct err *e)
{
	struct store *s = &m->store;

	make_directories(m->digest_store);
	s->fd = open(m->digest_store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return err_sys(e, REASON_FAILED, errno, "cannot fill store");
	snprintf(s->name, sizeof(s->name), "%s", m->digest_store);
	s->objects = s->fd;
	s->algorithm = HASH_SHA256;
	s->flat = true;
	return object_writer_open(&m->objects, s, (unsigned)m->threads, e);
}

/* The source that it is told to be, not what it looks like. */
static int open_source(
	struct mk *m, struct source *s, char *name, size_t n, struct err *e)
{
	struct stat st;

	snprintf(name, n, "%s%s", m->from_file ? "dump:" : "", m->source);
	if (m->from_file)
		return source_open(s, name, e);
	if (lstat(m->source, &st) != 0)
		return err_sys(e, REASON_FAILED, errno, "error accessing %s",
			m->source);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, REASON_FAILED, ENOTDIR, "cannot write file");
	return source_open(s, name, e);
}

static int read_tree(
	struct mk *m, struct tree *t, struct source *s, struct err *e)
{
	struct source_options o = {
		.strict = getenv("CFS_PARSE_STRICT") != NULL,
	};

	/* It neither digests nor stores anything when the source is a dump. */
	if (m->from_file)
		return source_read(s, t, &o, e);
	compute_set_threads((unsigned)m->threads);
	if ((m->digest_store && open_digest_store(m, e) != 0) ||
		intake_open(&m->intake, t, m->digest_store ? &m->objects : NULL,
			(unsigned)m->threads, e) != 0)
		return -1;
	o.intake = m->intake;
	if (source_read(s, t, &o, e) != 0 || tree_filter(t, &m->filter, e) != 0)
		return -1;
	return m->digest_store ? object_flush(&m->objects, e) : 0;
}

static int make(struct mk *m, struct tree *t, struct source *s, char *name,
	size_t n, struct err *e)
{
	const struct image_options versions = {
		.min_version = (unsigned)m->min,
		.max_version = (unsigned)m->max,
	};
	struct image_file out;
	char hex[DIGEST_HEX_MAX];

	if (m->filter.skip_xattrs && m->filter.user_xattrs)
		return err_sys(e, REASON_FAILED, EINVAL, "error accessing %s",
			m->source);
	if (m->min < 0 || m->min > 1 || m->max < 0 || m->max > 1)
		return err_sys(e, REASON_FAILED, EINVAL, "cannot write file");
	if (open_source(m, s, name, n, e) != 0 || read_tree(m, t, s, e) != 0 ||
		compat_write(t, &versions, m->output, &out, e) != 0)
		return -1;
	digest_to_hex(&out.digest, hex);
	if (m->print)
		puts(hex);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_sys(e, REASON_FAILED, errno,
			"standard output: cannot be written");
	return 0;
}

int compat_mk(int argc, char **argv)
{
	struct mk m = {
		.max = 1,
		.threads = threads_default(),
		.filter = { .no_hardlinks = true },
		.store = { .fd = -1, .objects = -1 },
	};
	struct source s = SOURCE_NONE;
	char name[PATH_MAX + 8];
	struct tree *t = NULL;
	struct err e;
	int r = parse(&m, argc, argv);

	if (r != 0)
		return r;
	t = tree_new(HASH_SHA256);
	r = t ? make(&m, t, &s, name, sizeof(name), &e)
	      : err_set(&e, REASON_FAILED, "%s: out of memory", m.source);
	if (r != 0)
		fprintf(stderr, "mkcomposefs: %s\n", e.text);
	intake_close(m.intake);
	source_close(&s);
	tree_free(t);
	if (m.store.fd >= 0) {
		object_writer_close(&m.objects);
		close(m.store.fd);
	}
	return r == 0 ? 0 : EXIT_REFUSED;
}
