/* SPDX-License-Identifier: MIT */
#include "tool/oci_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/publish.h"

/* The object of that name in another, made where there is none. */
static json_t *child(json_t *parent, const char *name)
{
	json_t *j = json_object_get(parent, name);

	if (!json_is_object(j)) {
		j = json_object();
		if (json_object_set_new(parent, name, j) != 0)
			return NULL;
	}
	return j;
}

/* json_string() here is json.h's. */
static json_t *string(const char *text)
{
	return json_stringn(text, strlen(text));
}

static int set_hex(json_t *j, const char *name, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	return j ? json_object_set_new(j, name, string(digest_to_hex(d, hex)))
		 : -1;
}

static int write_bytes(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* A file of the layout, whole or not at all. */
static int write_file(const struct oci *o, const char *dir, const char *name,
	const char *text, struct err *e)
{
	AUTO_FD int fd =
		openat(o->dir, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pending p = { .fd = -1 };
	int r;

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s/%s: cannot be opened", o->name, dir);
	if (pending_open(&p, fd, o->name, 0644, e) != 0)
		return -1;
	r = write_bytes(p.fd, text, strlen(text)) == 0
		    ? pending_publish(&p, name, true, true, e)
		    : err_sys(e, REASON_FAILED, errno,
			      "%s/%s/%s: cannot be written", o->name, dir,
			      name);
	pending_abort(&p);
	return r;
}

/* Writes it as a blob and puts its digest and size into the descriptor. */
static int put_blob(const struct oci *o, const json_t *doc, json_t *descriptor,
	char *digest, struct err *e)
{
	char *text = json_dumps(doc, JSON_COMPACT);
	size_t n = text ? strlen(text) : 0;
	struct sha256 hash = { 0 };
	int r = -1;

	if (!text || sha256_begin(&hash) != 0 ||
		sha256_add(&hash, text, n) != 0 ||
		sha256_end(&hash, digest) != 0 ||
		json_object_set_new(descriptor, "digest", string(digest)) !=
			0 ||
		json_object_set_new(
			descriptor, "size", json_integer((json_int_t)n)) != 0)
		err_set(e, REASON_FAILED, "%s: out of memory", o->name);
	else
		r = write_file(o, "blobs/sha256", digest + 7, text, e);
	sha256_free(&hash);
	free(text);
	return r;
}

/* The image's own entry, or NULL: it is in another index. */
static json_t *find_entry(const struct oci_image *i)
{
	json_t *list = json_object_get(i->index, "manifests");

	for (size_t k = 0; k < json_array_size(list); k++) {
		json_t *j = json_array_get(list, k);
		const char *digest = oci_string(j, "digest");

		if (digest && strcmp(digest, i->at.digest) == 0)
			return j;
	}
	return NULL;
}

/* Every entry that names the image, which may have several tags. */
static int replace_entries(struct oci_image *i, const json_t *entry)
{
	json_t *list = json_object_get(i->index, "manifests");

	for (size_t k = 0; k < json_array_size(list); k++) {
		json_t *j = json_array_get(list, k);
		const char *digest = oci_string(j, "digest");

		if (j == entry || !digest || strcmp(digest, i->at.digest) != 0)
			continue;
		if (json_object_set(j, "digest",
			    json_object_get(entry, "digest")) != 0 ||
			json_object_set(
				j, "size", json_object_get(entry, "size")) != 0)
			return -1;
	}
	return 0;
}

static int set_digests(struct oci_image *i, const struct oci_digests *d)
{
	json_t *config = child(i->config, "config");
	json_t *layers = json_object_get(i->manifest, "layers");

	if (!config || set_hex(child(config, "Labels"), OCI_SEAL_LABEL,
			       &d->whole) != 0)
		return -1;
	for (unsigned k = 0; k < d->n; k++)
		if (set_hex(child(json_array_get(layers, k), "annotations"),
			    OCI_SEAL_LAYER, &d->layers[k]) != 0)
			return -1;
	return 0;
}

int oci_seal(const struct oci *o, struct oci_image *i,
	const struct oci_digests *d, char *manifest, struct err *e)
{
	char config[OCI_DIGEST];
	json_t *entry = find_entry(i);
	char *text;
	int r;

	if (!entry) {
		err_set(e, REASON_FAILED,
			"%s: %s: expected the image in index.json itself, found it in another index",
			o->name, i->at.digest);
		return err_hint(
			e, "skopeo copy makes a layout of the one image");
	}
	if (set_digests(i, d) != 0)
		return err_set(e, REASON_FAILED, "%s: out of memory", o->name);
	if (put_blob(o, i->config, json_object_get(i->manifest, "config"),
		    config, e) != 0)
		return -1;
	/* What it is found by is changed last. */
	json_incref(entry);
	r = put_blob(o, i->manifest, entry, manifest, e);
	if (r == 0 && replace_entries(i, entry) != 0)
		r = err_set(e, REASON_FAILED, "%s: out of memory", o->name);
	json_decref(entry);
	if (r != 0)
		return -1;
	text = json_dumps(i->index, JSON_COMPACT);
	if (!text)
		return err_set(e, REASON_FAILED, "%s: out of memory", o->name);
	r = write_file(o, ".", "index.json", text, e);
	free(text);
	return r;
}

static bool parse(struct digest *d, const char *text)
{
	enum hash_algorithm a = 0;

	if (strncmp(text, "sha256:", 7) == 0)
		a = HASH_SHA256;
	else if (strncmp(text, "sha512:", 7) == 0)
		a = HASH_SHA512;
	if (a)
		text += 7;
	return digest_from_hex(d, text, strlen(text)) &&
	       (!a || d->algorithm == a);
}

static int read_label(const struct oci *o, const struct oci_image *i,
	struct digest *d, struct err *e)
{
	const char *text = oci_string(
		json_object_get(json_object_get(i->config, "config"), "Labels"),
		OCI_SEAL_LABEL);

	if (!text) {
		err_set(e, REASON_FAILED,
			"%s: %s: expected a config with the label %s, found none: the image is not sealed",
			o->name, i->config_at.digest, OCI_SEAL_LABEL);
		return err_hint(e, "rootwright oci seal seals it");
	}
	if (parse(d, text))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: %s: %s: expected a digest of 64 or 128 lower-case hex digits, found \"%.150s\"",
		o->name, i->config_at.digest, OCI_SEAL_LABEL, text);
}

int oci_seal_algorithm(const struct oci *o, const struct oci_image *i,
	enum hash_algorithm *a, struct err *e)
{
	struct digest d;

	if (read_label(o, i, &d, e) != 0)
		return -1;
	*a = d.algorithm;
	return 0;
}

static int compare(const char *what, const struct digest *said,
	const struct digest *found, struct err *e)
{
	char a[DIGEST_HEX_MAX], b[DIGEST_HEX_MAX];

	if (digest_equal(said, found))
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected an image of digest %s, as it is sealed, found %s",
		what, digest_to_hex(said, a), digest_to_hex(found, b));
}

static int check_layer(const struct oci *o, const struct oci_image *i,
	const struct oci_digests *d, unsigned k, unsigned *annotated,
	struct err *e)
{
	const json_t *layer =
		json_array_get(json_object_get(i->manifest, "layers"), k);
	const char *text = oci_string(
		json_object_get(layer, "annotations"), OCI_SEAL_LAYER);
	char what[PATH_MAX + 32];
	struct digest said;

	if (!text)
		return 0;
	++*annotated;
	snprintf(what, sizeof(what), "%s, layer %u", o->name, k + 1);
	if (!parse(&said, text))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected a digest of 64 or 128 lower-case hex digits, found \"%.150s\"",
			what, OCI_SEAL_LAYER, text);
	return compare(what, &said, &d->layers[k], e);
}

int oci_seal_check(const struct oci *o, const struct oci_image *i,
	const struct oci_digests *d, unsigned *annotated, struct err *e)
{
	struct digest said;

	*annotated = 0;
	if (read_label(o, i, &said, e) != 0 ||
		compare(o->name, &said, &d->whole, e) != 0)
		return -1;
	for (unsigned k = 0; k < d->n; k++)
		if (check_layer(o, i, d, k, annotated, e) != 0)
			return -1;
	return 0;
}
