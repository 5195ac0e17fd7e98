/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tool/oci_json.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define ATTESTATION "vnd.docker.reference.type"
#define FOUND_MAX 16

static const char *const manifests[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
};

static const char *const indexes[] = {
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
};

/* What was found, each once. */
struct choice {
	const struct oci *o;
	struct err *e;
	struct oci_descriptor found[FOUND_MAX];
	char platforms[FOUND_MAX][40];
	unsigned n;	  /* there may be more of them */
	unsigned indexes; /* that were read */
};

static bool is_one_of(const char *type, const char *const list[2])
{
	return strcmp(type, list[0]) == 0 || strcmp(type, list[1]) == 0;
}

static bool is_named(const struct oci *o, const json_t *j, unsigned depth)
{
	const char *digest = oci_string(j, "digest");
	const char *tag =
		oci_string(json_object_get(j, "annotations"), REF_NAME);

	return (digest && strcmp(digest, o->ref) == 0) ||
	       (depth == 0 && tag && strcmp(tag, o->ref) == 0);
}

static int add(struct choice *c, const struct oci_descriptor *d,
	const json_t *platform)
{
	const char *os = oci_string(platform, "os");
	const char *machine = oci_string(platform, "architecture");
	const char *variant = oci_string(platform, "variant");

	if (!is_one_of(d->media_type, manifests))
		return err_set(c->e, REASON_FAILED,
			"%s: %s: expected the manifest of an image, found the media type \"%s\"",
			c->o->name, d->digest, d->media_type);
	for (unsigned i = 0; i < c->n && i < FOUND_MAX; i++)
		if (strcmp(c->found[i].digest, d->digest) == 0)
			return 0;
	if (c->n < FOUND_MAX) {
		c->found[c->n] = *d;
		snprintf(c->platforms[c->n], sizeof(c->platforms[0]),
			"%.12s/%.12s%s%.10s", os ? os : "?",
			machine ? machine : "?", variant ? "/" : "",
			variant ? variant : "");
	}
	c->n++;
	return 0;
}

static int collect(struct choice *c, const json_t *doc, bool all, bool deep,
	unsigned depth);

static int descend(struct choice *c, const struct oci_descriptor *d, bool all,
	bool deep, unsigned depth)
{
	json_t *j;
	int r;

	if (depth == OCI_DEPTH_MAX || c->indexes == OCI_INDEXES_MAX)
		return err_set(c->e, REASON_FAILED,
			"%s: %s: expected at most %d indexes, %d deep, found more",
			c->o->name, d->digest, OCI_INDEXES_MAX, OCI_DEPTH_MAX);
	c->indexes++;
	j = oci_load_blob(c->o, d, c->e);
	if (!j)
		return -1;
	r = collect(c, j, all, deep, depth + 1);
	json_decref(j);
	return r;
}

/*
 * all: the whole document is asked for. deep: look also into indexes that
 * are not.
 */
static int collect(struct choice *c, const json_t *doc, bool all, bool deep,
	unsigned depth)
{
	const json_t *list = json_object_get(doc, "manifests");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		const char *type = oci_string(j, "mediaType");
		bool is_index = type && is_one_of(type, indexes);
		bool named = c->o->ref && is_named(c->o, j, depth);
		struct oci_descriptor d;

		if (!all && !named && !(deep && is_index))
			continue;
		if (!named && json_object_get(json_object_get(j, "annotations"),
				      ATTESTATION))
			continue;
		if (oci_describe(c->o, j, &d, c->e) != 0)
			return -1;
		if (is_index && descend(c, &d, all || named, deep, depth) != 0)
			return -1;
		if (!is_index &&
			add(c, &d, json_object_get(j, "platform")) != 0)
			return -1;
	}
	return 0;
}

static int refuse(struct choice *c)
{
	const char *ref = c->o->ref;
	char list[400] = "";
	size_t n = 0;

	for (unsigned i = 0; i < c->n && i < FOUND_MAX; i++) {
		int some = snprintf(list + n, sizeof(list) - n, "%s%s %s",
			i ? ", " : "", c->platforms[i], c->found[i].digest);

		if (n + (size_t)some >= sizeof(list)) {
			/* Not half a digest. */
			list[n] = '\0';
			break;
		}
		n += (size_t)some;
	}
	err_set(c->e, REASON_FAILED, "%s: expected one image%s%s, found %u",
		c->o->name, ref ? " of tag or digest " : "", ref ? ref : "",
		c->n);
	if (c->n == 0)
		return err_hint(c->e,
			"name one: oci:DIR:TAG or oci:DIR:sha256:HEX; index.json lists them");
	return err_hint(c->e, "name one as oci:DIR:sha256:HEX: %s", list);
}

int oci_choose(const struct oci *o, const json_t *index,
	struct oci_descriptor *d, struct err *e)
{
	struct choice c = { .o = o, .e = e };

	if (collect(&c, index, !o->ref, false, 0) != 0)
		return -1;
	/* Not named at the top: then inside of an index that is there. */
	if (c.n == 0 && o->ref && strncmp(o->ref, "sha256:", 7) == 0 &&
		collect(&c, index, false, true, 0) != 0)
		return -1;
	if (c.n != 1)
		return refuse(&c);
	*d = c.found[0];
	return 0;
}
