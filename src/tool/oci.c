/* SPDX-License-Identifier: MIT */
#include "tool/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/oci_json.h"
#include "tool/progress.h"

static const char *const configs[] = {
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json",
	NULL,
};

static const char *const layers[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
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

static int check_layout(const struct oci *o, struct err *e)
{
	json_t *j = oci_load_file(o, "oci-layout", e);
	const char *version = oci_string(j, "imageLayoutVersion");
	int r = j ? 0 : -1;

	if (j && (!version || strcmp(version, "1.0.0") != 0))
		r = err_set(e, REASON_FAILED,
			"%s/oci-layout: expected imageLayoutVersion 1.0.0, found %.40s",
			o->name, version ? version : "none");
	json_decref(j);
	return r;
}

/* A layer while it is read: the blob, and the tar that comes out of it. */
struct reading_layer {
	struct blob blob;
	struct sha256 tar;
	const struct oci *oci;
};

static ssize_t layer_bytes(void *ctx, void *buf, size_t n, struct err *e)
{
	struct reading_layer *r = ctx;

	progress_part(r->oci->done + r->blob.seen, r->oci->all);
	return blob_read(&r->blob, buf, n, e);
}

static int tar_bytes(void *ctx, const void *p, size_t n)
{
	struct reading_layer *r = ctx;

	return sha256_add(&r->tar, p, n);
}

/* Its digest when nothing is compressed. */
static int check_diff_id(
	struct reading_layer *r, const char *diff_id, struct err *e)
{
	char found[OCI_DIGEST];

	if (sha256_end(&r->tar, found) != 0)
		return err_set(e, REASON_FAILED,
			"%s: cannot be hashed by OpenSSL", r->blob.name);
	if (strcmp(found, diff_id) == 0)
		return 0;
	return err_set(e, REASON_FAILED,
		"%s: expected a tar of digest %s, as the image's config says, found %s",
		r->blob.name, diff_id, found);
}

static int read_layer(const struct oci *o, const struct oci_descriptor *d,
	const char *diff_id, struct layers *l, struct err *e)
{
	struct reading_layer b = { .blob = { .fd = -1 }, .oci = o };
	struct unpack u = {
		.read = layer_bytes,
		.seen = tar_bytes,
		.ctx = &b,
		.name = b.blob.name,
	};
	struct err why;
	int r = blob_open(&b.blob, o, d, e);

	if (r == 0 && sha256_begin(&b.tar) != 0)
		r = err_set(e, REASON_FAILED, "%s: cannot be hashed by OpenSSL",
			b.blob.name);
	if (r == 0) {
		r = unpack_open(&u, e);
		if (r == 0)
			r = layer_read(l, &u, e);
		/* Of a blob that is damaged, that is the thing to say. */
		if (!u.failed && blob_end(&b.blob, &why) != 0) {
			*e = why;
			r = -1;
		}
		unpack_close(&u);
	}
	if (r == 0)
		r = check_diff_id(&b, diff_id, e);
	sha256_free(&b.tar);
	blob_close(&b.blob);
	return r;
}

/* A layer's own digest, in the config; NULL and *e where it is none. */
static const char *diff_id(const struct oci *o, const struct oci_descriptor *d,
	const json_t *ids, size_t i, struct err *e)
{
	const char *id = json_string_value(json_array_get(ids, i));

	if (id && is_sha256(id))
		return id;
	err_set(e, REASON_FAILED,
		"%s: %s: expected a config with the diff_id sha256:<64 hex digits> of layer %zu, found %.80s",
		o->name, d->digest, i + 1, id ? id : "none");
	return NULL;
}

/* All is looked at before the first layer is read. */
static int check_layers(struct oci *o, const json_t *list, const json_t *ids,
	const struct oci_descriptor *config, struct err *e)
{
	struct oci_descriptor d;

	if (!json_is_array(list))
		return err_set(e, REASON_FAILED,
			"%s: expected a manifest with a list of layers, found none",
			o->name);
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (oci_describe(o, json_array_get(list, i), &d, e) != 0)
			return -1;
		if (!is_one_of(d.media_type, layers))
			return err_set(e, REASON_FAILED,
				"%s: %s: expected a layer that is a tar, found the media type \"%s\"",
				o->name, d.digest, d.media_type);
		if (!diff_id(o, config, ids, i, e))
			return -1;
		o->all += d.size;
	}
	if (json_array_size(ids) != json_array_size(list))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected a config with %zu diff_ids, one a layer, found %zu",
			o->name, config->digest, json_array_size(list),
			json_array_size(ids));
	return 0;
}

int oci_image_load(const struct oci *o, struct oci_image *i, struct err *e)
{
	if (check_layout(o, e) != 0)
		return -1;
	i->index = oci_load_file(o, "index.json", e);
	if (!i->index || oci_choose(o, i->index, &i->at, e) != 0)
		return -1;
	i->manifest = oci_load_blob(o, &i->at, e);
	if (!i->manifest ||
		oci_describe(o, json_object_get(i->manifest, "config"),
			&i->config_at, e) != 0)
		return -1;
	if (!is_one_of(i->config_at.media_type, configs))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected the config of an image, found the media type \"%s\"",
			o->name, i->config_at.digest, i->config_at.media_type);
	i->config = oci_load_blob(o, &i->config_at, e);
	return i->config ? 0 : -1;
}

void oci_image_free(struct oci_image *i)
{
	json_decref(i->index);
	json_decref(i->manifest);
	json_decref(i->config);
	memset(i, 0, sizeof(*i));
}

static int read_layers(struct oci *o, const struct oci_image *i,
	struct layers *l, struct err *e)
{
	const json_t *list = json_object_get(i->manifest, "layers");
	const json_t *ids = json_object_get(
		json_object_get(i->config, "rootfs"), "diff_ids");
	struct oci_descriptor d;
	int r = check_layers(o, list, ids, &i->config_at, e);

	for (size_t k = 0; r == 0 && k < json_array_size(list); k++) {
		r = oci_describe(o, json_array_get(list, k), &d, e);
		if (r == 0)
			r = read_layer(o, &d,
				diff_id(o, &i->config_at, ids, k, e), l, e);
		o->done += d.size;
	}
	return r;
}

int oci_read(struct oci *o, struct layers *l, struct err *e)
{
	struct oci_image i = { 0 };
	int r = oci_image_load(o, &i, e);

	l->oci = true;
	o->done = o->all = 0;
	if (r == 0) {
		strcpy(o->chosen, i.at.digest);
		r = read_layers(o, &i, l, e);
	}
	oci_image_free(&i);
	return r;
}
