/* SPDX-License-Identifier: MIT */
/* rootwright oci: the digests of composefs images in an OCI image. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/build.h"
#include "tool/oci_seal.h"
#include "tool/progress.h"
#include "tool/read_cmd.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright oci seal [--algorithm HASH] DIR[:REF]\n"
	"       rootwright oci verify DIR[:REF]\n"
	"\n"
	"seal puts the digests of an OCI image's composefs images into the image,\n"
	"in the OCI image layout DIR: of the whole as a label, of each layer as an\n"
	"annotation. verify builds the images and compares. Both print the digest of\n"
	"the whole.\n"
	"\n"
	"  --algorithm HASH  sha256 (default) or sha512\n"
	"  --help            print this\n";

struct sealing {
	bool verify;
	enum hash_algorithm algorithm;
	const char *where;
	struct oci oci;
	struct oci_image image;
	struct oci_digests digests;
};

/* The digest of a tree's image, which is written nowhere. */
static int measure(
	struct tree *t, const char *name, struct digest *d, struct err *e)
{
	const struct image_options versions = IMAGE_OPTIONS_DEFAULT;
	struct image_file image;

	if (image_write_file(t, &versions, -1, name, &image, e) != 0)
		return -1;
	*d = image.digest;
	return 0;
}

static int measure_all(struct sealing *s, struct build *b, struct err *e)
{
	struct oci_digests *d = &s->digests;

	d->layers = calloc(b->stack.n + 1, sizeof(*d->layers));
	if (!d->layers)
		return err_set(e, REASON_FAILED, "%s: out of memory", s->where);
	if (measure(b->tree, s->where, &d->whole, e) != 0)
		return -1;
	for (; d->n < b->stack.n; d->n++)
		if (measure(b->stack.list[d->n].tree, s->where,
			    &d->layers[d->n], e) != 0)
			return -1;
	return 0;
}

/* The images are those of build and build --layers without options. */
static int compute(struct sealing *s, struct build *b, struct err *e)
{
	struct source_options o = { .stack = &b->stack };

	if (build_open(b, e) != 0)
		return -1;
	o.intake = b->intake;
	if (source_read(&b->source, b->tree, &o, e) != 0)
		return -1;
	if (strcmp(b->source.oci.chosen, s->image.at.digest) != 0)
		return err_set(e, REASON_FAILED,
			"%s: expected a layout that does not change, found another image in it",
			s->where);
	return measure_all(s, b, e);
}

static int finish(struct sealing *s, struct err *e)
{
	char manifest[OCI_DIGEST], hex[DIGEST_HEX_MAX];
	unsigned annotated = 0;

	if (s->verify) {
		if (oci_seal_check(&s->oci, &s->image, &s->digests, &annotated,
			    e) != 0)
			return -1;
		tool_say("%s: as it is sealed, %u of %u layers, too, in %.2f s",
			s->where, annotated, s->digests.n, progress_seconds());
	} else {
		if (oci_seal(&s->oci, &s->image, &s->digests, manifest, e) != 0)
			return -1;
		tool_say("%s: sealed, with %u layers, as %s, in %.2f s",
			s->where, s->digests.n, manifest, progress_seconds());
	}
	puts(digest_to_hex(&s->digests.whole, hex));
	return 0;
}

static int run(struct sealing *s, struct build *b, struct err *e)
{
	if (oci_open(&s->oci, s->where, e) != 0 ||
		oci_image_load(&s->oci, &s->image, e) != 0)
		return -1;
	if (s->verify &&
		oci_seal_algorithm(&s->oci, &s->image, &b->algorithm, e) != 0)
		return -1;
	return compute(s, b, e) == 0 ? finish(s, e) : -1;
}

/* Returns -1 to go on, or the exit code. */
static int parse(struct sealing *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "algorithm", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int o, r;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (o != 'a')
			return tool_usage(
				"oci", "expected --algorithm HASH or --help");
		r = tool_algorithm("oci", optarg, &s->algorithm);
		if (r != 0)
			return r;
	}
	if (argc - optind != 2 || (strcmp(argv[optind], "seal") != 0 &&
					  strcmp(argv[optind], "verify") != 0))
		return tool_usage(
			"oci", "expected seal or verify, and a layout");
	s->verify = strcmp(argv[optind], "verify") == 0;
	s->where = argv[optind + 1];
	if (s->verify && s->algorithm)
		return tool_usage("oci",
			"expected --algorithm with seal, found it with verify");
	return -1;
}

int cmd_oci(int argc, char **argv)
{
	struct sealing s = { .oci = { .dir = -1 } };
	struct build b = BUILD_NONE;
	char source[PATH_MAX + 256];
	struct err e;
	int r = parse(&s, argc, argv);

	if (r >= 0)
		return r;
	progress_seconds();
	snprintf(source, sizeof(source), "oci:%s", s.where);
	b.source_name = source;
	b.algorithm = s.algorithm;
	b.layers = true;
	r = run(&s, &b, &e);
	build_close(&b);
	oci_image_free(&s.image);
	oci_close(&s.oci);
	free(s.digests.layers);
	return r == 0 ? read_flush() : tool_fail(&e);
}
