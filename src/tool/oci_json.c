/* SPDX-License-Identifier: MIT */
#include "tool/oci_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

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

json_t *oci_load_file(const struct oci *o, const char *file, struct err *e)
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

const char *oci_string(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

/* One document must not be read as two kinds. */
static int check_kind(const struct oci *o, const struct oci_descriptor *d,
	const json_t *j, struct err *e)
{
	const char *type = oci_string(j, "mediaType");

	if (type && strcmp(type, d->media_type) != 0)
		return err_set(e, REASON_FAILED,
			"%s: %s: expected the media type \"%s\", as its descriptor says, found \"%.100s\"",
			o->name, d->digest, d->media_type, type);
	if (json_object_get(j, "manifests") && json_object_get(j, "layers"))
		return err_set(e, REASON_FAILED,
			"%s: %s: expected an index or a manifest, found both in one",
			o->name, d->digest);
	return 0;
}

json_t *oci_load_blob(
	const struct oci *o, const struct oci_descriptor *d, struct err *e)
{
	size_t n;
	char *text = blob_text(o, d, &n, e);
	json_t *j = text ? parse(d->digest, text, n, e) : NULL;

	free(text);
	if (j && check_kind(o, d, j, e) != 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

int oci_describe(const struct oci *o, const json_t *j, struct oci_descriptor *d,
	struct err *e)
{
	const char *type = oci_string(j, "mediaType");
	const char *digest = oci_string(j, "digest");
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
