/* SPDX-License-Identifier: MIT */
/* mount.composefs, as composefs 1.0.8 has it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/verity.h"
#include "tool/compat.h"
#include "tool/mount.h"
#include "tool/tool.h"

#define HEADER_MAGIC 0xd078629a /* composefs image, offset 0 */

struct options {
	const char *basedirs[MOUNT_OBJECTS_MAX];
	const char *digest;
	struct mount_layers layers;
};

static int usage(const char *program, int code)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;

	fprintf(stderr,
		"usage: %s [-t type] [-o opt[,opts..]] IMAGE MOUNTPOINT\n"
		"Options: basedir=DIR[:DIR] digest=DIGEST verity tryverity ro rw\n"
		"         upperdir=DIR workdir=DIR idmap=FILE\n",
		name);
	return code;
}

static int fail(const char *fmt, ...) printf_like(1, 2);
static int fail(const char *fmt, ...)
{
	va_list ap;

	fputs("mount.composefs: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

/*
 * Cuts the first of the options off: up to a comma without a backslash. The
 * value, which is NULL where there is none, loses its backslashes.
 */
static char *next_option(char *s, char **value)
{
	*value = NULL;
	for (; *s && *s != ','; s++) {
		if (*s == '\\' && s[1]) {
			s++;
		} else if (*s == '=' && !*value) {
			*s = '\0';
			*value = s + 1;
		}
	}
	s = *s ? s + 1 : NULL;
	if (s)
		s[-1] = '\0';
	if (*value)
		unescape(*value);
	return s;
}

static int take_basedirs(struct options *o, char *value)
{
	o->layers.n_objects = 0;
	for (char *dir; (dir = strsep(&value, ":"));) {
		if (!*dir)
			return fail(
				"Value for basedir option has incorrect format");
		if (o->layers.n_objects == MOUNT_OBJECTS_MAX)
			return fail("Value for basedir option has over %d "
				    "directories",
				MOUNT_OBJECTS_MAX);
		o->basedirs[o->layers.n_objects++] = dir;
	}
	return 0;
}

static int take(struct options *o, const char *key, char *value)
{
	struct mount_layers *l = &o->layers;
	const struct {
		const char *key, **value;
	} with[] = { { "digest", &o->digest }, { "upperdir", &l->upperdir },
		{ "workdir", &l->workdir }, { "idmap", &l->idmap },
		{ "basedir", NULL } };

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		if (strcmp(key, with[i].key) != 0)
			continue;
		if (!value)
			return fail("No value specified for %s option", key);
		if (!with[i].value)
			return take_basedirs(o, value);
		*with[i].value = value;
		return 0;
	}
	/* verity=require is there in every kernel that we mount with. */
	if (strcmp(key, "verity") == 0 || strcmp(key, "tryverity") == 0)
		l->verity = true;
	else if (strcmp(key, "ro") == 0 || strcmp(key, "rw") == 0)
		l->readonly = key[1] == 'o';
	else
		return fail("Unsupported option %s", key);
	return 0;
}

static int parse(struct options *o, int argc, char **argv)
{
	char *list = NULL, *value;
	int c;

	while ((c = getopt(argc, argv, "ht:o:")) != -1) {
		if (c == 'o')
			list = optarg;
		else if (c == 't' && strcmp(optarg, "composefs") != 0)
			return fail("Unsupported fs type '%s'", optarg);
		else if (c != 't')
			return usage(argv[0], c == 'h' ? 0 : EXIT_REFUSED);
	}
	if (argc - optind < 2) {
		fprintf(stderr, "No %s path specified\n",
			argc == optind ? "source" : "mount");
		return usage(argv[0], EXIT_REFUSED);
	}
	while (list) {
		char *key = list;

		list = next_option(key, &value);
		c = take(o, key, value);
		if (c != 0)
			return c;
	}
	if (o->layers.n_objects == 0) {
		fprintf(stderr, "No object dirs specified\n");
		return usage(argv[0], EXIT_REFUSED);
	}
	if (!o->layers.upperdir != !o->layers.workdir)
		return fail(
			"Both workdir and upperdir must be specified if used");
	if (o->layers.idmap && access(o->layers.idmap, R_OK) != 0)
		return fail("Failed to open userns %s: %s", o->layers.idmap,
			strerror(errno));
	return -1;
}

/* Hex digits of either case. One of another size than ours has size 0. */
static bool read_digest(struct digest *d, const char *hex)
{
	char lower[DIGEST_HEX_MAX];
	size_t n = strlen(hex);

	if (n % 2 || n == 0 || n >= sizeof(lower) ||
		strspn(hex, "0123456789abcdefABCDEF") != n)
		return false;
	for (size_t i = 0; i <= n; i++)
		lower[i] =
			hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] | 0x20 : hex[i];
	if (!digest_from_hex(d, lower, n))
		d->size = 0;
	return true;
}

/* Is this its digest, as the kernel measures it? */
static int check_digest(int fd, const char *image, const char *hex)
{
	const char *why = "Image has wrong fs-verity";
	struct digest want, found;

	if (!read_digest(&want, hex))
		why = strerror(EINVAL);
	else if (verity_measure(fd, &found) != 0)
		why = errno == ENODATA || errno == EOPNOTSUPP || errno == ENOTTY
			      ? "Image has no fs-verity"
			      : strerror(errno);
	else if (digest_equal(&want, &found))
		return 0;
	return fail("Failed to mount composefs %s: %s", image, why);
}

static int open_image(const struct options *o, const char *image, int *fd)
{
	uint8_t b[4] = { 0 };

	*fd = open(image, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return fail("Failed to open %s: %s", image, strerror(errno));
	if (o->digest && check_digest(*fd, image, o->digest) != 0)
		return EXIT_REFUSED;
	if (pread(*fd, b, sizeof(b), 0) == sizeof(b) &&
		(b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24) ==
			HEADER_MAGIC)
		return 0;
	return fail(
		"Failed to mount composefs %s: %s", image, strerror(EINVAL));
}

int compat_mount(int argc, char **argv)
{
	struct options o = { .layers.source = "composefs" };
	struct mounting m = { .outer = -1, .target = -1 };
	struct mount_file image = { .fd = -1 };
	AUTO_FD int fd = -1;
	struct err e;
	int r;

	o.layers.objects = o.basedirs;
	r = parse(&o, argc, argv);
	if (r >= 0)
		return r;
	o.layers.verity |= o.digest != NULL;
	if (open_image(&o, argv[optind], &fd) != 0)
		return EXIT_REFUSED;
	image.fd = fd;
	o.layers.images = &image;
	o.layers.n_images = 1;
	r = mount_begin(&m, argv[optind + 1], &e);
	if (r == 0)
		r = mount_tree(&m, &o.layers, &e);
	mount_end(&m);
	if (r != 0)
		return fail("Failed to mount composefs %s: %s", argv[optind],
			e.text);
	return 0;
}
