/* SPDX-License-Identifier: MIT */
/* rootwright mount: an image and its objects, in a running system. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tool/capture.h"
#include "tool/mount.h"
#include "tool/mount_image.h"
#include "tool/stack.h"
#include "tool/store.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright mount [OPTION...] --store DIR IMAGE... TARGET\n"
	"\n"
	"Mounts images, the topmost first, with the objects of a store at the\n"
	"directory TARGET, read-only; umount undoes it. IMAGE is a digest, then the\n"
	"image is in the store and its digest is what is verified; or a file, which\n"
	"needs --digest or --cert. The kernel verifies each object when it is read.\n"
	"\n"
	"  --store DIR       the store of the objects; may be repeated: a file's object\n"
	"                    is taken from the first store that has it\n"
	"  --digest DIGEST   the one image, a file, has this digest\n"
	"  --cert CERT       one of these certificates signed each image; may be\n"
	"                    repeated\n"
	"  --signature FILE  the one image's signature is there, not where rootwright\n"
	"                    sign puts it\n"
	"  --upperdir DIR    what is written goes there; needs --workdir\n"
	"  --workdir DIR     an empty directory of the same file system\n"
	"  --volatile        what is written goes to memory, and is gone with the mount\n"
	"  --idmap FILE      owners as in this user namespace (/proc/PID/ns/user)\n"
	"  --insecure        objects are not verified, nor is an image without\n"
	"                    --digest and --cert\n"
	"  --help            print this\n";

struct options {
	const char *stores[MOUNT_OBJECTS_MAX];
	unsigned n_stores;
	char **images;
	unsigned n_images;
	const char *target;
	const char *upperdir, *workdir, *idmap;
	bool temporary;
	struct mount_trust trust;
};

/* What is open while it is mounted. */
struct opened {
	struct mounting mounting;
	struct store stores[MOUNT_OBJECTS_MAX];
	unsigned n_stores;
	char objects[MOUNT_OBJECTS_MAX][PATH_MAX + 16];
	struct mount_image images[MOUNT_IMAGES_MAX];
	unsigned n_images;
};

static int bad_images(const struct options *o)
{
	const struct mount_trust *t = &o->trust;

	if (o->n_images > 1 && (t->digest || t->signature))
		return tool_usage("mount",
			"expected one image with --digest or --signature, found %u",
			o->n_images);
	if (t->digest && mount_is_digest(o->images[0]))
		return tool_usage("mount",
			"expected --digest for an image that is a file, found the digest of one in the store");
	if (t->digest && !mount_is_digest(t->digest))
		return tool_usage("mount",
			"%s: expected a digest of 64 or 128 lower-case hex digits, found something else",
			t->digest);
	for (unsigned i = 0; i < o->n_images; i++)
		if (!mount_is_digest(o->images[i]) && !t->digest &&
			!t->n_certificates && !t->insecure)
			return tool_usage("mount",
				"%s: expected --digest or --cert for an image that is a file (--insecure mounts it unverified)",
				o->images[i]);
	return 0;
}

static int bad_usage(const struct options *o, int n)
{
	const struct mount_trust *t = &o->trust;

	if (n < 2)
		return tool_usage("mount", "expected an image and a directory");
	if (o->n_images > MOUNT_IMAGES_MAX)
		return tool_usage("mount",
			"expected at most %d images, found %u",
			MOUNT_IMAGES_MAX, o->n_images);
	if (!o->n_stores)
		return tool_usage("mount", "expected --store");
	if (!o->upperdir != !o->workdir)
		return tool_usage("mount",
			"expected both --upperdir and --workdir, or neither");
	if (o->upperdir && o->temporary)
		return tool_usage("mount",
			"expected --upperdir or --volatile, found both");
	if (t->signature && !t->n_certificates)
		return tool_usage("mount", "expected --cert with --signature");
	return bad_images(o);
}

static int take_option(struct options *o, int c)
{
	struct mount_trust *t = &o->trust;

	switch (c) {
	case 's':
		if (o->n_stores == MOUNT_OBJECTS_MAX)
			return tool_usage("mount",
				"expected at most %d times --store",
				MOUNT_OBJECTS_MAX);
		o->stores[o->n_stores++] = optarg;
		return 0;
	case 'd':
		t->digest = optarg;
		return 0;
	case 'c':
		if (t->n_certificates == KEYS_MAX)
			return tool_usage("mount",
				"expected at most %d times --cert", KEYS_MAX);
		t->certificates[t->n_certificates++] = optarg;
		return 0;
	case 'S':
		t->signature = optarg;
		return 0;
	case 'u':
		o->upperdir = optarg;
		return 0;
	case 'w':
		o->workdir = optarg;
		return 0;
	case 'v':
		o->temporary = true;
		return 0;
	case 'm':
		o->idmap = optarg;
		return 0;
	default:
		t->insecure = true;
		return 0;
	}
}

/* Returns -1 to go on, or the exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "digest", required_argument, NULL, 'd' },
		{ "cert", required_argument, NULL, 'c' },
		{ "signature", required_argument, NULL, 'S' },
		{ "upperdir", required_argument, NULL, 'u' },
		{ "workdir", required_argument, NULL, 'w' },
		{ "volatile", no_argument, NULL, 'v' },
		{ "idmap", required_argument, NULL, 'm' },
		{ "insecure", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c, r;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (c == ':' || c == '?')
			return tool_usage("mount",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
		r = take_option(o, c);
		if (r != 0)
			return r;
	}
	if (argc - optind >= 2) {
		o->images = argv + optind;
		o->n_images = (unsigned)(argc - optind - 1);
		o->target = argv[argc - 1];
	}
	r = bad_usage(o, argc - optind);
	return r ? r : -1;
}

static int open_stores(struct opened *w, const struct options *o, struct err *e)
{
	for (; w->n_stores < o->n_stores; w->n_stores++) {
		const char *name = o->stores[w->n_stores];
		char *objects = w->objects[w->n_stores];
		struct store *s = &w->stores[w->n_stores];

		if (store_open(s, name, e) != 0)
			return -1;
		snprintf(objects, sizeof(w->objects[0]), "%s/objects", name);
		if (!o->trust.insecure &&
			mount_check_objects(objects, e) != 0) {
			store_close(s);
			return -1;
		}
	}
	return 0;
}

/* The first store that has it; what none has is missing in the first. */
static unsigned find_store(const struct opened *w, const char *name)
{
	char path[OBJECT_PATH_MAX];
	struct digest d;
	struct stat st;

	if (!digest_from_hex(&d, name, strlen(name)))
		return 0;
	digest_object_path(&d, path);
	for (unsigned i = 0; i < w->n_stores; i++)
		if (fstatat(w->stores[i].fd, path, &st, AT_SYMLINK_NOFOLLOW) ==
				0 &&
			S_ISREG(st.st_mode))
			return i;
	return 0;
}

static int open_images(struct opened *w, struct options *o, struct err *e)
{
	for (; w->n_images < o->n_images; w->n_images++) {
		const char *name = o->images[w->n_images];
		unsigned at = find_store(w, name);

		o->trust.algorithm = w->stores[at].algorithm;
		if (mount_image_open(&w->images[w->n_images], o->stores[at],
			    name, &o->trust, e) != 0)
			return -1;
	}
	return 0;
}

/* No image may have what those above it do not survive. */
static int check_stack(
	const struct opened *w, const struct options *o, struct err *e)
{
	struct stack k = { 0 };
	int r = 0;

	if (w->n_images == 1)
		return 0;
	for (unsigned i = 0; r == 0 && i < w->n_images; i++)
		r = stack_add_fd(&k, w->images[i].fd, o->images[i], e);
	if (r == 0)
		r = capture_check_images(k.images, k.n, e);
	stack_close(&k);
	return r;
}

static int attach(struct opened *w, const struct options *o, struct err *e)
{
	struct mount_file files[MOUNT_IMAGES_MAX];
	char source[DIGEST_HEX_MAX + 16] = "composefs";
	const char *datadirs[MOUNT_OBJECTS_MAX];
	const struct mount_layers layers = {
		.source = source,
		.images = files,
		.n_images = w->n_images,
		.objects = datadirs,
		.n_objects = w->n_stores,
		.upperdir = o->upperdir,
		.workdir = o->workdir,
		.temporary = o->temporary,
		.idmap = o->idmap,
		.verity = !o->trust.insecure,
		.xino = true,
		.trial = true,
	};

	for (unsigned i = 0; i < w->n_stores; i++)
		datadirs[i] = w->objects[i];
	for (unsigned i = 0; i < w->n_images; i++)
		files[i] = (struct mount_file){ w->images[i].fd,
			w->images[i].memory };
	if (w->images[0].digest.size) {
		strcat(source, ":");
		digest_to_hex(&w->images[0].digest, source + strlen(source));
	}
	return mount_tree(&w->mounting, &layers, e);
}

static int run(struct opened *w, struct options *o, struct err *e)
{
	if (mount_begin(&w->mounting, o->target, e) != 0 ||
		open_stores(w, o, e) != 0 || open_images(w, o, e) != 0 ||
		check_stack(w, o, e) != 0)
		return -1;
	return attach(w, o, e);
}

static void close_all(struct opened *w)
{
	for (unsigned i = 0; i < w->n_images; i++)
		fd_cleanup(&w->images[i].fd);
	for (unsigned i = 0; i < w->n_stores; i++)
		store_close(&w->stores[i]);
	mount_end(&w->mounting);
}

/* The reasons' own hints are for those who boot. */
static void hint(struct err *e)
{
	static const struct {
		enum reason reason;
		const char *text;
	} hints[] = {
		{ REASON_KERNEL_FEATURE,
			"load the kernel module, or boot a kernel that has it" },
		{ REASON_IMAGE_MISSING,
			"install the image into the store, or name one that is there" },
		{ REASON_IMAGE_UNSEALED,
			"put the image into a store in a file system with fs-verity" },
		{ REASON_IMAGE_MOUNT,
			"the image was changed or damaged, or is none: dmesg may have the kernel's own words" },
		{ REASON_ROOT_MOUNT, "dmesg may have the kernel's own words" },
		{ REASON_SIGNATURE_UNTRUSTED,
			"sign the image with the key of a certificate that --cert names" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (!e->hint[0] && e->reason == hints[i].reason)
			err_hint(e, "%s", hints[i].text);
}

/* A stack is not verified unless each of its images is. */
static void warn(const struct opened *w, const struct options *o)
{
	bool verified = true;

	for (unsigned i = 0; i < w->n_images; i++)
		verified &= w->images[i].digest.size != 0;
	if (o->trust.insecure)
		tool_say("WARNING: %s: %s: --insecure", o->target,
			verified
				? "its files are not verified"
				: "neither its image nor its files are verified");
}

int cmd_mount(int argc, char **argv)
{
	static struct opened w = { .mounting = { .outer = -1, .target = -1 } };
	static struct options o;
	struct err e;
	int r = parse(&o, argc, argv);

	if (r >= 0)
		return r;
	r = run(&w, &o, &e);
	close_all(&w);
	if (r != 0) {
		hint(&e);
		return tool_fail(&e);
	}
	warn(&w, &o);
	return 0;
}
