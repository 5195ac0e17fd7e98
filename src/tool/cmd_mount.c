/* SPDX-License-Identifier: MIT */
/* rootwright mount: an image and its objects, in a running system. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "tool/mount.h"
#include "tool/mount_image.h"
#include "tool/store.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright mount [OPTION...] --store DIR IMAGE TARGET\n"
	"\n"
	"Mounts an image with the objects of a store at the directory TARGET,\n"
	"read-only; umount undoes it. IMAGE is a digest, then the image is in the\n"
	"store and its digest is what is verified; or a file, which needs --digest or\n"
	"--cert. The kernel verifies each object when it is read.\n"
	"\n"
	"  --store DIR       the store of the objects\n"
	"  --digest DIGEST   the image, a file, has this digest\n"
	"  --cert CERT       one of these certificates signed the image; may be\n"
	"                    repeated\n"
	"  --signature FILE  the signature is there, not where rootwright sign\n"
	"                    puts it\n"
	"  --upperdir DIR    what is written goes there; needs --workdir\n"
	"  --workdir DIR     an empty directory of the same file system\n"
	"  --idmap FILE      owners as in this user namespace (/proc/PID/ns/user)\n"
	"  --insecure        objects are not verified, nor is an image without\n"
	"                    --digest and --cert\n"
	"  --help            print this\n";

struct options {
	const char *store, *image, *target;
	const char *upperdir, *workdir, *idmap;
	struct mount_trust trust;
};

static int bad_usage(const struct options *o, int n)
{
	const struct mount_trust *t = &o->trust;

	if (n != 2)
		return tool_usage("mount", "expected an image and a directory");
	if (!o->store)
		return tool_usage("mount", "expected --store");
	if (!o->upperdir != !o->workdir)
		return tool_usage("mount",
			"expected both --upperdir and --workdir, or neither");
	if (t->digest && mount_is_digest(o->image))
		return tool_usage("mount",
			"expected --digest for an image that is a file, found the digest of one in the store");
	if (t->digest && !mount_is_digest(t->digest))
		return tool_usage("mount",
			"%s: expected a digest of 64 or 128 lower-case hex digits, found something else",
			t->digest);
	if (t->signature && !t->n_certificates)
		return tool_usage("mount", "expected --cert with --signature");
	if (!mount_is_digest(o->image) && !t->digest && !t->n_certificates &&
		!t->insecure)
		return tool_usage("mount",
			"%s: expected --digest or --cert for an image that is a file (--insecure mounts it unverified)",
			o->image);
	return 0;
}

static int take_option(struct options *o, int c)
{
	struct mount_trust *t = &o->trust;

	switch (c) {
	case 's':
		o->store = optarg;
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
	if (argc - optind == 2) {
		o->image = argv[optind];
		o->target = argv[optind + 1];
	}
	r = bad_usage(o, argc - optind);
	return r ? r : -1;
}

static int run(struct options *o, struct mounting *m, struct store *store,
	struct mount_image *image, struct err *e)
{
	char objects[PATH_MAX + 16], source[DIGEST_HEX_MAX + 16] = "composefs";
	const char *datadirs[] = { objects };
	const struct mount_layers layers = {
		.source = source,
		.objects = datadirs,
		.n_objects = 1,
		.upperdir = o->upperdir,
		.workdir = o->workdir,
		.idmap = o->idmap,
		.verity = !o->trust.insecure,
		.trial = true,
	};

	if (mount_begin(m, o->target, e) != 0 ||
		store_open(store, o->store, e) != 0)
		return -1;
	o->trust.algorithm = store->algorithm;
	snprintf(objects, sizeof(objects), "%s/objects", o->store);
	if (layers.verity && mount_check_objects(objects, e) != 0)
		return -1;
	if (mount_image_open(image, o->store, o->image, &o->trust, e) != 0)
		return -1;
	if (image->digest.size) {
		strcat(source, ":");
		digest_to_hex(&image->digest, source + strlen(source));
	}
	return mount_tree(m, image->fd, image->memory, &layers, e);
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

int cmd_mount(int argc, char **argv)
{
	struct store store = { .fd = -1, .objects = -1 };
	struct mounting m = { .outer = -1, .target = -1 };
	struct mount_image image = { .fd = -1 };
	struct options o = { 0 };
	struct err e;
	int r = parse(&o, argc, argv);

	if (r >= 0)
		return r;
	r = run(&o, &m, &store, &image, &e);
	fd_cleanup(&image.fd);
	store_close(&store);
	mount_end(&m);
	if (r != 0) {
		hint(&e);
		return tool_fail(&e);
	}
	if (o.trust.insecure)
		tool_say("WARNING: %s: %s: --insecure", o.target,
			image.digest.size
				? "its files are not verified"
				: "neither its image nor its files are verified");
	return 0;
}
