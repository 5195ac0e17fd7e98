/* SPDX-License-Identifier: MIT */
#include "tool/capture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/erofs.h"
#include "tool/tree_private.h"

/* A file above, and where its object is. */
struct redirect {
	const char *image;
	struct digest object;
	char path[600]; /* cut where it is long */
};

static int refuse_directory(const char *name, unsigned byte,
	const struct redirect *r, struct err *e)
{
	char object[OBJECT_PATH_MAX];

	if (r) {
		digest_object_path(&r->object, object);
		err_set(e, REASON_FAILED,
			"%s: expected no directory named by two hex digits in the root of an image below others, found /%02x: it would capture the redirect %s of %s in %s",
			name, byte, object + strlen("objects"), r->path,
			r->image);
	} else {
		err_set(e, REASON_FAILED,
			"%s: expected no directory named by two hex digits in the root of an image below others, found /%02x: it would capture redirects /%02x/... of the images above",
			name, byte, byte);
	}
	return err_hint(e,
		"rename it, or make one image of all: the directory is harmless in the topmost image");
}

static int refuse_hidden(
	const char *name, unsigned byte, const char *above, struct err *e)
{
	err_set(e, REASON_FAILED,
		"%s: expected no name of two hex digits in the root of an image below others, found /%02x: a whiteout of %s hides it",
		name, byte, above);
	return err_hint(e,
		"rename it, or make one image of all: composefs images have whiteouts of these 256 names");
}

static bool find_in_tree(
	const struct capture_tree *above, unsigned byte, struct redirect *r)
{
	const struct tree *t = above->tree;

	for (uint32_t i = 0; i < t->n_inodes; i++) {
		if (t->inodes[i].links == 0 || !tree_object(t, i, &r->object) ||
			r->object.bytes[0] != byte)
			continue;
		r->image = above->name;
		tree_path(t, i, r->path, sizeof(r->path));
		return true;
	}
	return false;
}

struct looking {
	const struct capture_tree *t, *above;
	unsigned n;
	struct err *e;
};

static int look(void *ctx, const char *name, uint32_t inode)
{
	const struct looking *l = ctx;
	const struct tree *t = l->t->tree;
	int byte = read_hex_name(name, strlen(name));
	struct redirect r;

	if (byte < 0 || t->inodes[inode].hides)
		return 0;
	if (!tree_type(t, inode, S_IFDIR))
		return refuse_hidden(l->t->name, (unsigned)byte,
			l->n ? l->above->name : "each image above", l->e);
	for (unsigned i = 0; i < l->n; i++)
		if (find_in_tree(&l->above[i], (unsigned)byte, &r))
			return refuse_directory(
				l->t->name, (unsigned)byte, &r, l->e);
	return refuse_directory(l->t->name, (unsigned)byte, NULL, l->e);
}

int capture_check_tree(const struct capture_tree *t,
	const struct capture_tree *above, unsigned n, struct err *e)
{
	struct looking l = { t, above, n, e };

	return tree_each(t->tree, TREE_ROOT, look, &l);
}

/* 1: found; 0: none; -1. */
static int find_in_image(struct read_image *above, struct read_stat *s,
	unsigned byte, struct redirect *r, struct err *e)
{
	static char path[READ_PATH_MAX + 1];

	for (uint32_t i = 0; i < above->n_inodes; i++) {
		if (above->inodes[i].node == UINT32_MAX)
			continue;
		if (read_stat(above, i, s, e) != 0)
			return -1;
		if (!s->is_object || !s->has_digest ||
			s->digest.bytes[0] != byte)
			continue;
		r->image = above->name;
		r->object = s->digest;
		read_path(above, above->inodes[i].node, path);
		snprintf(r->path, sizeof(r->path), "%.*s",
			(int)sizeof(r->path) - 1, path);
		return 1;
	}
	return 0;
}

static int refuse_image(
	struct read_image *images, unsigned at, unsigned byte, struct err *e)
{
	struct read_stat s = { 0 };
	struct redirect r;
	int found = 0;

	for (unsigned i = 0; i < at && found == 0; i++)
		found = find_in_image(&images[i], &s, byte, &r, e);
	read_stat_free(&s);
	return found < 0 ? -1
			 : refuse_directory(
				   images[at].name, byte, found ? &r : NULL, e);
}

static int check_image(struct read_image *images, unsigned at, struct err *e)
{
	const struct read_image *r = &images[at];

	for (uint32_t i = 1; i < r->n_nodes; i = r->nodes[i].end) {
		const struct read_node *n = &r->nodes[i];
		int byte = read_hex_name(n->name, n->name_size);

		if (byte < 0)
			continue;
		if (r->inodes[n->inode].type == EROFS_TYPE_DIRECTORY)
			return refuse_image(images, at, (unsigned)byte, e);
		for (unsigned k = 0; k < at; k++)
			if (images[k].stubs[byte])
				return refuse_hidden(r->name, (unsigned)byte,
					images[k].name, e);
	}
	return 0;
}

int capture_check_images(struct read_image *images, unsigned n, struct err *e)
{
	for (unsigned i = 1; i < n; i++)
		if (check_image(images, i, e) != 0)
			return -1;
	return 0;
}
