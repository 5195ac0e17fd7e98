/* SPDX-License-Identifier: MIT */
#include "tool/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/oci_blob.h"

#define REF_NAME "org.opencontainers.image.ref.name"

static const char *const manifests[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	NULL,
};

static const char *const layers[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	NULL,
};

static bool is_one_of(const char *s, const char *const *list)
{
	while (*list && strcmp(s, *list) != 0)
		list++;
	return *list != NULL;
}

/* The directory ends where a file of that name is: names may have colons. */
int oci_open(struct oci *o, const char *where, struct err *e)
{
	const char *colon = NULL;

	snprintf(o->name, sizeof(o->name), "%s", where);
	o->ref = NULL;
	o->dir = open(o->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (o->dir < 0 && (errno == ENOENT || errno == ENOTDIR) &&
		(colon = strchr(colon ? colon + 1 : where, ':'))) {
		snprintf(o->name, sizeof(o->name), "%.*s", (int)(colon - where),
			where);
		o->ref = colon + 1;
		o->dir = open(o->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (o->dir < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened as an OCI layout", where);
	return 0;
}

void oci_close(struct oci *o)
{
	fd_cleanup(&o->dir);
	o->dir = -1;
}

static json_t *parse(
	const char *name, const char *text, size_t n, struct err *e)
{
	json_error_t why;
	json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);

	if (!j || !json_is_object(j)) {
		err_set(e, REASON_FAILED,
			"%s:%d: expected a JSON object, found something else: %s",
			name, j ? 1 : why.line,
			j ? "it is another value" : why.text);
		json_decref(j);
		return NULL;
	}
	return j;
}

/* A file of the layout that no digest protects: index.json, oci-layout. */
static json_t *load_file(const struct oci *o, const char *file, struct err *e)
{
	char name[PATH_MAX + 16];
	AUTO_FD int fd = open_regular_beneath(o->dir, file);
	char *text = malloc(OCI_JSON_MAX);
	json_t *j = NULL;
	ssize_t n;

	snprintf(name, sizeof(name), "%s/%s", o->name, file);
	if (!text) {
		err_set(e, REASON_FAILED, "%s: out of memory", name);
		return NULL;
	}
	n = fd < 0 ? -1 : read_all(fd, text, OCI_JSON_MAX);
	if (n < 0)
		err_sys(e, REASON_FAILED, errno, "%s: cannot be read", name);
	else
		j = parse(name, text, (size_t)n, e);
	free(text);
	return j;
}

static json_t *load_blob(
	const struct oci *o, const struct oci_descriptor *d, struct err *e)
{
	size_t n;
	char *text = blob_text(o, d, &n, e);
	json_t *j = text ? parse(d->digest, text, n, e) : NULL;

	free(text);
	return j;
}

static int descriptor(const struct oci *o, const json_t *j,
	struct oci_descriptor *d, struct err *e)
{
	const char *type = json_string_value(json_object_get(j, "mediaType"));
	const char *digest = json_string_value(json_object_get(j, "digest"));
	const json_t *size = json_object_get(j, "size");

	if (!type || !digest || !json_is_integer(size) ||
		json_integer_value(size) < 0 ||
		strlen(type) >= sizeof(d->media_type) ||
		strlen(digest) >= sizeof(d->digest))
		return err_set(e, REASON_FAILED,
			"%s: expected a descriptor with mediaType, digest (sha256) and size, found another",
			o->name);
	snprintf(d->media_type, sizeof(d->media_type), "%s", type);
	snprintf(d->digest, sizeof(d->digest), "%s", digest);
	d->size = (uint64_t)json_integer_value(size);
	return 0;
}

static bool is_wanted(const struct oci *o, const json_t *j)
{
	const json_t *notes = json_object_get(j, "annotations");
	const char *tag = json_string_value(json_object_get(notes, REF_NAME));
	const char *digest = json_string_value(json_object_get(j, "digest"));

	return !o->ref || (tag && strcmp(tag, o->ref) == 0) ||
	       (digest && strcmp(digest, o->ref) == 0);
}

/* The one manifest in the index that is asked for. */
static int choose(const struct oci *o, const json_t *index,
	struct oci_descriptor *d, struct err *e)
{
	const json_t *list = json_object_get(index, "manifests"), *found = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!is_wanted(o, json_array_get(list, i)))
			continue;
		found = json_array_get(list, i);
		n++;
	}
	if (n != 1) {
		err_set(e, REASON_FAILED,
			"%s: expected one image%s%s, found %u", o->name,
			o->ref ? " of tag or digest " : "",
			o->ref ? o->ref : "", n);
		return err_hint(e,
			"name one: oci:DIR:TAG or oci:DIR:sha256:HEX; index.json lists them");
	}
	if (descriptor(o, found, d, e) != 0)
		return -1;
	if (!is_one_of(d->media_type, manifests))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected the manifest of an image, found the media type \"%s\"",
			o->name, d->digest, d->media_type);
	return 0;
}

static int check_layout(const struct oci *o, struct err *e)
{
	json_t *j = load_file(o, "oci-layout", e);
	const char *version =
		json_string_value(json_object_get(j, "imageLayoutVersion"));
	int r = j ? 0 : -1;

	if (j && (!version || strcmp(version, "1.0.0") != 0))
		r = err_set(e, REASON_FAILED,
			"%s/oci-layout: expected imageLayoutVersion 1.0.0, found %.40s",
			o->name, version ? version : "none");
	json_decref(j);
	return r;
}

static int read_layer(const struct oci *o, const struct oci_descriptor *d,
	struct layers *l, struct err *e)
{
	struct blob b;
	struct unpack u = { .read = blob_read, .ctx = &b, .name = b.name };
	struct err why;
	int r = blob_open(&b, o, d, e);

	if (r == 0) {
		r = unpack_open(&u, e);
		if (r == 0)
			r = layer_read(l, &u, e);
		/* Of a blob that is damaged, that is the thing to say. */
		if (!u.failed && blob_end(&b, &why) != 0) {
			*e = why;
			r = -1;
		}
		unpack_close(&u);
	}
	blob_close(&b);
	return r;
}

static int read_layers(const struct oci *o, const json_t *manifest,
	struct layers *l, struct err *e)
{
	const json_t *list = json_object_get(manifest, "layers");
	struct oci_descriptor d;

	if (!json_is_array(list))
		return err_set(e, REASON_FAILED,
			"%s: expected a manifest with a list of layers, found none",
			o->name);
	/* All of them before the first is read. */
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (descriptor(o, json_array_get(list, i), &d, e) != 0)
			return -1;
		if (!is_one_of(d.media_type, layers))
			return err_set(e, REASON_FAILED,
				"%s: %s: expected a layer that is a tar, found the media type \"%s\"",
				o->name, d.digest, d.media_type);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (descriptor(o, json_array_get(list, i), &d, e) != 0 ||
			read_layer(o, &d, l, e) != 0)
			return -1;
	return 0;
}

int oci_read(struct oci *o, struct layers *l, struct err *e)
{
	json_t *index = NULL, *manifest = NULL, *config = NULL;
	struct oci_descriptor d;
	int r = check_layout(o, e);

	l->oci = true;
	if (r == 0)
		index = load_file(o, "index.json", e);
	if (index && choose(o, index, &d, e) == 0)
		manifest = load_blob(o, &d, e);
	/* Nothing of it is needed, but a blob that is wrong is refused. */
	if (manifest &&
		descriptor(o, json_object_get(manifest, "config"), &d, e) == 0)
		config = load_blob(o, &d, e);
	r = config ? read_layers(o, manifest, l, e) : -1;
	json_decref(index);
	json_decref(manifest);
	json_decref(config);
	return r;
}
