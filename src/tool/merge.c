/* SPDX-License-Identifier: MIT */
#include "tool/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/tree_private.h"

struct merging {
	struct tree *t;
	struct read_image *r;
	bool upper;
	struct read_stat stat;
	uint32_t *by_node;  /* directories: the tree's inode */
	uint32_t *by_inode; /* of the image: the tree's, or TREE_NONE */
	char name[TREE_NAME_MAX + 1];
	struct err *e;
};

/* "<image>: <path>: <words>"; returns -1. */
static int refuse(struct merging *m, uint32_t node, const char *words)
{
	static char path[READ_PATH_MAX + 1];

	read_path(m->r, node, path);
	return err_set(
		m->e, REASON_FAILED, "%s: %.400s: %s", m->r->name, path, words);
}

/* Around what the tree says, which knows a name at most. */
static int refuse_as(struct merging *m, uint32_t node)
{
	char words[400];

	snprintf(words, sizeof(words), "%.399s", m->e->text);
	return refuse(m, node, words);
}

/* Is it one that the image was given for overlayfs' sake? */
static bool is_added(const struct read_stat *s, const struct read_xattr *x)
{
	bool opaque = strcmp(x->key, "user.overlay.opaque") == 0;

	if (opaque && (s->overlay & READ_OPAQUE))
		return true;
	return (s->overlay & READ_WHITEOUTS) && x->size == 1 &&
	       x->value[0] == 'x' &&
	       (opaque || strcmp(x->key, "trusted.overlay.opaque") == 0);
}

static int set_xattrs(struct merging *m, uint32_t node, uint32_t inode)
{
	const struct read_stat *s = &m->stat;

	m->t->inodes[inode].xattrs = 0;
	for (uint32_t i = 0; i < s->n_xattrs; i++) {
		const struct read_xattr *x = &s->xattrs[i];

		if (!is_added(s, x) && tree_set_xattr(m->t, inode, x->key,
					       x->value, x->size, m->e) != 0)
			return refuse_as(m, node);
	}
	return 0;
}

static struct tree_meta meta_of(const struct read_stat *s)
{
	return (struct tree_meta){
		.mode = s->mode,
		.uid = s->uid,
		.gid = s->gid,
		.rdev = s->rdev,
		.mtime = s->mtime,
		.mtime_nsec = s->mtime_nsec,
	};
}

/* The two pieces of a file's content or a link's target, with a NUL behind. */
static char *join(const struct read_stat *s)
{
	char *bytes = malloc(s->data_size[0] + s->data_size[1] + 1);

	if (!bytes)
		return NULL;
	if (s->data_size[0])
		memcpy(bytes, s->data[0], s->data_size[0]);
	if (s->data_size[1])
		memcpy(bytes + s->data_size[0], s->data[1], s->data_size[1]);
	bytes[s->data_size[0] + s->data_size[1]] = '\0';
	return bytes;
}

static int set_content(struct merging *m, uint32_t inode)
{
	const struct read_stat *s = &m->stat;
	char *bytes;
	int r;

	if (s->is_object && s->size)
		return tree_set_object(m->t, inode, s->size, &s->digest, m->e);
	if (s->size == 0 || !(S_ISREG(s->mode) || S_ISLNK(s->mode)))
		return 0;
	bytes = join(s);
	if (!bytes)
		return err_set(
			m->e, REASON_FAILED, "%s: out of memory", m->r->name);
	if (S_ISLNK(s->mode))
		r = tree_set_target(m->t, inode, bytes, m->e);
	else
		r = tree_set_content(m->t, inode, bytes, s->size, m->e);
	free(bytes);
	return r;
}

static int check_node(struct merging *m, uint32_t node)
{
	const struct read_stat *s = &m->stat;

	if (s->overlay & READ_REDIRECT)
		return refuse(m, node,
			"expected a directory of its own, found one with a redirect of overlayfs");
	if (s->overlay & READ_XATTR_WHITEOUT)
		return refuse(m, node,
			"expected whiteouts that are devices 0:0, found one that is an xattr");
	if (s->is_object && s->size)
		return read_object(m->r, node, s, m->e);
	return 0;
}

/* A new inode in place of all that is below by its name. */
static int put_new(struct merging *m, uint32_t node, uint32_t dir)
{
	uint32_t from = m->r->nodes[node].inode, inode;
	struct tree_meta meta = meta_of(&m->stat);

	if (tree_add(m->t, dir, m->name, &meta, &inode, m->e) != 0 ||
		set_content(m, inode) != 0)
		return refuse_as(m, node);
	m->by_node[node] = inode;
	m->by_inode[from] = inode;
	return set_xattrs(m, node, inode);
}

static int put(struct merging *m, uint32_t node)
{
	const struct read_node *n = &m->r->nodes[node];
	uint32_t dir = m->by_node[n->parent], old;
	struct tree_meta meta;

	memcpy(m->name, n->name, n->name_size);
	m->name[n->name_size] = '\0';
	if (m->by_inode[n->inode] != TREE_NONE) {
		tree_remove(m->t, dir, m->name);
		return tree_link(m->t, dir, m->name, m->by_inode[n->inode],
			       m->e) == 0
			       ? 0
			       : refuse_as(m, node);
	}
	if (read_stat(m->r, n->inode, &m->stat, m->e) != 0 ||
		check_node(m, node) != 0)
		return -1;
	old = tree_child(m->t, dir, m->name);
	if (old != TREE_NONE && S_ISDIR(m->stat.mode) &&
		tree_type(m->t, old, S_IFDIR) &&
		!(m->stat.overlay & READ_OPAQUE)) {
		meta = meta_of(&m->stat);
		tree_set_meta(m->t, old, &meta);
		m->by_node[node] = old;
		return set_xattrs(m, node, old);
	}
	if (old != TREE_NONE)
		tree_remove(m->t, dir, m->name);
	if (put_new(m, node, dir) != 0)
		return -1;
	if (m->upper && S_ISDIR(m->stat.mode) &&
		(old != TREE_NONE || (m->stat.overlay & READ_OPAQUE)))
		tree_set_opaque(m->t, m->by_node[node]);
	return 0;
}

/* overlayfs does not ask whether a root is opaque, and each image's is. */
static int put_root(struct merging *m)
{
	struct tree_meta meta;

	if (read_stat(m->r, m->r->nodes[0].inode, &m->stat, m->e) != 0)
		return -1;
	if (m->stat.overlay & READ_REDIRECT)
		return refuse(m, 0,
			"expected a directory of its own, found one with a redirect of overlayfs");
	meta = meta_of(&m->stat);
	tree_set_meta(m->t, TREE_ROOT, &meta);
	m->by_node[0] = TREE_ROOT;
	return set_xattrs(m, 0, TREE_ROOT);
}

/* Does it show nothing of the images below, whatever they have? */
static bool hides_all(const struct tree *t, uint32_t dir)
{
	for (; dir != TREE_ROOT; dir = tree_parent(t, dir))
		if (t->inodes[dir].opaque)
			return true;
	return false;
}

/*
 * No image hides a name that it has itself, so when does not matter. Of a
 * directory that is not merged overlayfs lists the whiteouts: none is put
 * where it is not needed.
 */
static int hide(struct merging *m)
{
	for (uint32_t i = 0; i < m->r->n_hidden; i++) {
		const struct read_hidden *h = &m->r->hidden[i];
		uint32_t dir = m->by_node[h->parent];

		memcpy(m->name, h->name, h->name_size);
		m->name[h->name_size] = '\0';
		tree_remove(m->t, dir, m->name);
		if (m->upper && !hides_all(m->t, dir) &&
			tree_hide(m->t, dir, m->name, m->e) != 0)
			return refuse_as(m, h->parent);
	}
	return 0;
}

int merge_onto(struct tree *t, struct read_image *r, bool upper, struct err *e)
{
	struct merging m = { .t = t, .r = r, .upper = upper, .e = e };
	int result = -1;

	m.by_node = malloc(r->n_nodes * sizeof(*m.by_node));
	m.by_inode = malloc(r->n_inodes * sizeof(*m.by_inode));
	if (m.by_node && m.by_inode) {
		memset(m.by_inode, 0xff, r->n_inodes * sizeof(*m.by_inode));
		result = put_root(&m);
		for (uint32_t i = 1; result == 0 && i < r->n_nodes; i++)
			result = put(&m, i);
		if (result == 0)
			result = hide(&m);
	} else {
		err_set(e, REASON_FAILED, "%s: out of memory", r->name);
	}
	read_stat_free(&m.stat);
	free(m.by_node);
	free(m.by_inode);
	return result;
}

static int find_algorithm(struct read_image *r, struct read_stat *s,
	enum hash_algorithm *a, struct err *e)
{
	for (uint32_t i = 0; *a == 0 && i < r->n_inodes; i++) {
		if (r->inodes[i].node == UINT32_MAX)
			continue;
		if (read_stat(r, i, s, e) != 0)
			return -1;
		if (s->has_digest)
			*a = s->digest.algorithm;
	}
	return 0;
}

int merge_algorithm(struct read_image *images, unsigned n,
	enum hash_algorithm *a, struct err *e)
{
	struct read_stat s = { 0 };
	int r = 0;

	*a = 0;
	for (unsigned i = 0; i < n && r == 0; i++)
		r = find_algorithm(&images[i], &s, a, e);
	read_stat_free(&s);
	if (*a == 0)
		*a = HASH_SHA256;
	return r;
}
