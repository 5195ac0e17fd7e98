/* SPDX-License-Identifier: MIT */
/* Where an entry belongs, and what OCI's whiteouts take away. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/layer_private.h"
#include "tool/tree_private.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

static void place(const struct member *m, char *out, size_t n)
{
	const char *name = archive_entry_pathname(m->entry);

	snprintf(out, n, "%.200s: entry %llu at offset %lld, %.200s",
		m->u->name, (unsigned long long)m->number,
		(long long)archive_read_header_position(m->u->tar),
		name && *name ? name : "without a name");
}

int member_refuse(struct member *m, const char *fmt, ...)
{
	char where[512], words[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	place(m, where, sizeof(where));
	m->refused = true;
	return err_set(m->e, REASON_FAILED, "%s: %s", where, words);
}

int member_at(struct member *m)
{
	char words[400];

	snprintf(words, sizeof(words), "%.399s", m->e->text);
	return member_refuse(m, "%s", words);
}

/*
 * Drops "." and doubled slashes. A name that is a slash and nothing else is
 * the root, as umoci writes it.
 */
static int normal(struct member *m, const char *from, char out[PATH_MAX])
{
	size_t n = 0;

	if (!from)
		return member_refuse(
			m, "expected a name that can be read, found none");
	if (from[0] == '/' && from[strspn(from, "/")])
		return member_refuse(
			m, "expected a relative name, found \"%.100s\"", from);
	while (*from) {
		size_t part = strcspn(from, "/");

		if (part == 2 && memcmp(from, "..", 2) == 0)
			return member_refuse(
				m, "expected a name without \"..\", found one");
		if (part && !(part == 1 && *from == '.')) {
			if (n + part + 2 > PATH_MAX)
				return member_refuse(m,
					"expected a path of at most %d bytes, found more",
					PATH_MAX - 2);
			if (n)
				out[n++] = '/';
			memcpy(out + n, from, part);
			n += part;
		}
		from += part + (from[part] == '/');
	}
	out[n] = '\0';
	return 0;
}

int member_place(struct member *m)
{
	const char *hardlink = archive_entry_hardlink(m->entry);
	char *slash;

	if (normal(m, archive_entry_pathname(m->entry), m->path) != 0)
		return -1;
	m->target[0] = '\0';
	if (hardlink && normal(m, hardlink, m->target) != 0)
		return -1;
	slash = strrchr(m->path, '/');
	m->name = slash ? slash + 1 : m->path;
	m->dir = TREE_ROOT;
	if (slash) {
		*slash = '\0';
		m->dir = tree_lookup(m->l->tree, m->path);
		*slash = '/';
	}
	if (m->dir == TREE_NONE || !tree_type(m->l->tree, m->dir, S_IFDIR))
		return member_refuse(m,
			"expected its directory on an entry before it, found %s",
			m->dir == TREE_NONE ? "none" : "another type");
	return 0;
}

int layer_saw(struct layers *l, uint32_t inode, struct err *e)
{
	uint32_t n = l->n_seen_in;

	if (array_reserve(&l->seen_in, &l->cap_seen_in, (uint64_t)inode + 1,
		    sizeof(*l->seen_in), e) != 0)
		return -1;
	if (inode >= n) {
		memset(l->seen_in + n, 0,
			(inode + 1 - n) * sizeof(*l->seen_in));
		l->n_seen_in = inode + 1;
	}
	l->seen_in[inode] = l->n;
	return 0;
}

bool layer_has(const struct layers *l, uint32_t inode)
{
	return inode < l->n_seen_in && l->seen_in[inode] == l->n;
}

struct names {
	struct layers *l;
	char (*name)[TREE_NAME_MAX + 1];
	uint32_t n, cap;
	uint32_t *dirs; /* that stay, and are to be gone through */
	uint32_t n_dirs, cap_dirs;
	struct err *e;
};

static int gather(void *ctx, const char *name, uint32_t inode)
{
	struct names *g = ctx;

	if (!layer_has(g->l, inode)) {
		if (array_reserve(&g->name, &g->cap, (uint64_t)g->n + 1,
			    sizeof(*g->name), g->e) != 0)
			return -1;
		strcpy(g->name[g->n++], name);
		return 0;
	}
	if (!tree_type(g->l->tree, inode, S_IFDIR))
		return 0;
	if (array_reserve(&g->dirs, &g->cap_dirs, (uint64_t)g->n_dirs + 1,
		    sizeof(*g->dirs), g->e) != 0)
		return -1;
	g->dirs[g->n_dirs++] = inode;
	return 0;
}

/* For the layer's own tree (layer_stack.h). */
static int note_opaque(const struct names *g, uint32_t top, uint32_t dir)
{
	if (dir != top)
		return 0;
	if (dir != TREE_ROOT)
		return layer_hid_all(g->l, dir, g->e);
	for (uint32_t i = 0; i < g->n; i++)
		if (layer_hid(g->l, dir, g->name[i], g->e) != 0)
			return -1;
	for (uint32_t i = 0; i < g->n_dirs; i++)
		if (layer_hid_all(g->l, g->dirs[i], g->e) != 0)
			return -1;
	return 0;
}

/* Removes what lower layers have below the directory. */
static int make_opaque(struct layers *l, uint32_t top, struct err *e)
{
	struct names g = { .l = l, .e = e };
	uint32_t dir = top;
	int r = 0;

	for (;;) {
		g.n = 0;
		r = tree_each(l->tree, dir, gather, &g);
		if (r == 0)
			r = note_opaque(&g, top, dir);
		for (uint32_t i = 0; r == 0 && i < g.n; i++)
			tree_remove(l->tree, dir, g.name[i]);
		if (r != 0 || g.n_dirs == 0)
			break;
		dir = g.dirs[--g.n_dirs];
	}
	free(g.name);
	free(g.dirs);
	return r;
}

/* Could a lower layer have one? */
static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n && n <= TREE_NAME_MAX && strcmp(s, ".") != 0 &&
	       strcmp(s, "..") != 0;
}

int member_whiteout(struct member *m)
{
	const char *hidden = m->name + strlen(WHITEOUT);
	uint32_t inode;

	if (!m->l->oci || strncmp(m->name, WHITEOUT, strlen(WHITEOUT)) != 0)
		return 0;
	if (strcmp(m->name, OPAQUE) == 0)
		return make_opaque(m->l, m->dir, m->e) == 0 ? 1 : member_at(m);
	/* aufs' own files, which begin like this, mean nothing to us. */
	if (strncmp(hidden, WHITEOUT, strlen(WHITEOUT)) == 0)
		return 1;
	inode = tree_child(m->l->tree, m->dir, hidden);
	if (inode != TREE_NONE && layer_has(m->l, inode))
		return member_refuse(m,
			"expected a whiteout of what a lower layer has, found one of what this layer has");
	/* One of nothing is no harm: layers are squashed that way. */
	tree_remove(m->l->tree, m->dir, hidden);
	if (!is_name(hidden))
		return 1;
	return layer_hid(m->l, m->dir, hidden, m->e) == 0 ? 1 : member_at(m);
}
