/* SPDX-License-Identifier: MIT */
/*
 * Walks the directories of an image once, with a stack of its own: depth is
 * bounded by the length of a path, and work by the bytes of the image, which
 * no two inodes may share.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tool/erofs.h"
#include "tool/read_private.h"
#include "tool/tree.h"

/* Where we are in a directory. */
struct frame {
	uint32_t node;
	const uint8_t *data[2];
	size_t data_size[2];
	const uint8_t *block; /* NULL: the next one is to be begun */
	size_t block_size;
	unsigned n, i; /* names in the block; the next one */
	size_t path;   /* bytes of the directory's path */
	const char *last;
	uint8_t last_size;
};

struct walk {
	struct read_image *r;
	struct frame *stack;
	size_t depth, cap_stack;
	uint32_t cap_nodes, cap_inodes, cap_hidden;
	uint32_t *by_slot; /* 1 + inode, by position in slots of 32 bytes */
	uint64_t own;	   /* bytes of the image that inodes had so far */
	struct read_stat stat;
	struct err *e;
};

struct name {
	const char *name;
	uint8_t size;
	uint8_t type;
	uint64_t at; /* its inode */
};

static int grow(
	void *array, uint32_t n, uint32_t *cap, size_t size, struct err *e)
{
	uint32_t more = *cap ? *cap * 2 : 64;
	void *p;

	if (n < *cap)
		return 0;
	p = more > *cap ? reallocarray(*(void **)array, more, size) : NULL;
	if (!p)
		return err_set(e, REASON_FAILED, "image: out of memory");
	*(void **)array = p;
	*cap = more;
	return 0;
}

static uint64_t directory_at(const struct walk *w, const struct frame *f)
{
	return w->r->inodes[w->r->nodes[f->node].inode].at;
}

/* Begins the next block of the directory; false: there is none. */
static bool next_block(struct frame *f)
{
	unsigned k = f->data_size[0] ? 0 : 1;

	if (f->data_size[k] == 0)
		return false;
	f->block = f->data[k];
	f->block_size =
		f->data_size[k] < EROFS_BLOCK ? f->data_size[k] : EROFS_BLOCK;
	f->data[k] += f->block_size;
	f->data_size[k] -= f->block_size;
	f->i = f->n = 0;
	return true;
}

static int begin_block(struct walk *w, struct frame *f)
{
	struct erofs_dirent first;
	unsigned names;

	if (f->block_size < sizeof(first))
		return read_bad(w->r, directory_at(w, f), w->e,
			"expected names, found %zu bytes", f->block_size);
	memcpy(&first, f->block, sizeof(first));
	names = le16toh(first.nameoff);
	if (names == 0 || names % sizeof(first) || names > f->block_size)
		return read_bad(w->r, directory_at(w, f), w->e,
			"expected the first name behind the entries, found it at %u",
			names);
	f->n = names / sizeof(first);
	return 0;
}

/* The bytes of the i-th name in the block. */
static int find_name(struct walk *w, struct frame *f, struct name *n)
{
	struct erofs_dirent d[2];
	size_t from, to, size;

	memcpy(d, f->block + f->i * sizeof(d[0]), sizeof(d[0]));
	from = le16toh(d[0].nameoff);
	to = f->block_size;
	if (f->i + 1 < f->n) {
		memcpy(d + 1, f->block + (f->i + 1) * sizeof(d[0]),
			sizeof(d[0]));
		to = le16toh(d[1].nameoff);
	}
	if (from < f->n * sizeof(d[0]) || from >= to || to > f->block_size)
		return read_bad(w->r, directory_at(w, f), w->e,
			"expected a name inside its block, found bytes %zu to %zu of %zu",
			from, to, f->block_size);
	n->name = (const char *)f->block + from;
	size = strnlen(n->name, to - from);
	/* Behind the last name of a block there may be zeros. */
	if (size == 0 || size > TREE_NAME_MAX || memchr(n->name, '/', size) ||
		(f->i + 1 < f->n && size != to - from))
		return read_bad(w->r, directory_at(w, f), w->e,
			"expected a name of 1 to %d bytes, found none, a longer one or one with a slash or NUL",
			TREE_NAME_MAX);
	n->size = (uint8_t)size;
	n->type = d[0].file_type;
	if (le64toh(d[0].nid) > w->r->size / EROFS_SLOT)
		return read_bad(w->r, directory_at(w, f), w->e,
			"%.*s: expected an inode inside the image, found number %llu",
			(int)n->size, n->name,
			(unsigned long long)le64toh(d[0].nid));
	n->at = w->r->meta + le64toh(d[0].nid) * EROFS_SLOT;
	return 0;
}

/* The kernel looks for names by bisection; and no name is there twice. */
static int check_order(struct walk *w, struct frame *f, const struct name *n)
{
	size_t common = n->size < f->last_size ? n->size : f->last_size;
	int order = f->last ? memcmp(f->last, n->name, common) : -1;

	if (order > 0 || (order == 0 && f->last_size >= n->size))
		return read_bad(w->r, directory_at(w, f), w->e,
			"expected names in order, found %.*s after %.*s",
			(int)n->size, n->name, (int)f->last_size, f->last);
	f->last = n->name;
	f->last_size = n->size;
	return 0;
}

/* The next name of the directory. 1: there is one, 0: no more, -1. */
static int next_name(struct walk *w, struct frame *f, struct name *n)
{
	if (!f->block || f->i == f->n) {
		if (!next_block(f))
			return 0;
		if (begin_block(w, f) != 0)
			return -1;
	}
	if (find_name(w, f, n) != 0 || check_order(w, f, n) != 0)
		return -1;
	f->i++;
	return 1;
}

/* Parses the inode at this offset, which no name had yet. */
static int add_inode(struct walk *w, uint64_t at, uint32_t *inode)
{
	struct read_image *r = w->r;
	uint64_t own;

	if (read_inode_at(r, at, &w->stat, &own, w->e) != 0)
		return -1;
	w->own += own;
	if (w->own > r->size)
		return read_bad(r, at, w->e,
			"expected inodes and data beside each other, found some that overlap");
	if (grow(&r->inodes, r->n_inodes, &w->cap_inodes, sizeof(*r->inodes),
		    w->e) != 0)
		return -1;
	r->inodes[r->n_inodes] = (struct read_inode){
		.at = at,
		.node = UINT32_MAX,
		.type = w->stat.type,
	};
	*inode = r->n_inodes++;
	w->by_slot[at / EROFS_SLOT] = *inode + 1;
	return 0;
}

/* Such a device is there for overlayfs, and is not of the tree. */
static bool is_whiteout(const struct walk *w)
{
	return w->stat.type == EROFS_TYPE_CHARACTER && w->stat.rdev == 0;
}

static int add_hidden(struct walk *w, uint32_t parent, const struct name *n)
{
	int byte = parent == 0 ? read_hex_name(n->name, n->size) : -1;
	struct read_image *r = w->r;

	if (byte >= 0) {
		r->stubs[byte] = true;
		return 0;
	}
	if (grow(&r->hidden, r->n_hidden, &w->cap_hidden, sizeof(*r->hidden),
		    w->e) != 0)
		return -1;
	r->hidden[r->n_hidden++] = (struct read_hidden){
		.name = n->name,
		.name_size = n->size,
		.parent = parent,
	};
	return 0;
}

/* Descends into the directory that was just parsed. */
static int enter(struct walk *w, uint32_t node, size_t path)
{
	const struct read_stat *s = &w->stat;

	if (w->depth == w->cap_stack) {
		size_t more = w->cap_stack ? w->cap_stack * 2 : 64;
		void *p = reallocarray(w->stack, more, sizeof(*w->stack));

		if (!p)
			return err_set(
				w->e, REASON_FAILED, "image: out of memory");
		w->stack = p;
		w->cap_stack = more;
	}
	w->stack[w->depth++] = (struct frame){
		.node = node,
		.data = { s->data[0], s->data[1] },
		.data_size = { s->data_size[0], s->data_size[1] },
		.path = path,
	};
	return 0;
}

static int add_node(struct walk *w, uint32_t parent, const struct name *n,
	uint32_t inode, size_t path)
{
	struct read_image *r = w->r;
	uint32_t node = r->n_nodes;

	if (grow(&r->nodes, node, &w->cap_nodes, sizeof(*r->nodes), w->e) != 0)
		return -1;
	r->nodes[node] = (struct read_node){
		.name = n->name,
		.name_size = n->size,
		.parent = parent,
		.inode = inode,
		.end = node + 1,
	};
	r->n_nodes++;
	if (r->inodes[inode].node != UINT32_MAX)
		return 0;
	r->inodes[inode].node = node;
	if (r->inodes[inode].type == EROFS_TYPE_DIRECTORY)
		return enter(w, node, path);
	return 0;
}

static int add_name(struct walk *w, const struct name *n)
{
	const struct frame *f = &w->stack[w->depth - 1];
	const struct read_image *r = w->r;
	size_t path = f->path + 1 + n->size;
	uint32_t inode = 0;
	bool known = n->at < r->size && w->by_slot[n->at / EROFS_SLOT];

	if ((n->size == 1 && n->name[0] == '.') ||
		(n->size == 2 && memcmp(n->name, "..", 2) == 0))
		return 0;
	if (path > READ_PATH_MAX)
		return read_bad(r, n->at, w->e,
			"%.*s: expected a path of at most %d bytes, found a longer one",
			(int)n->size, n->name, READ_PATH_MAX);
	if (known)
		inode = w->by_slot[n->at / EROFS_SLOT] - 1;
	else if (add_inode(w, n->at, &inode) != 0)
		return -1;
	if (n->type != r->inodes[inode].type)
		return read_bad(r, n->at, w->e,
			"%.*s: expected type %u, found type %u in the directory",
			(int)n->size, n->name, r->inodes[inode].type, n->type);
	if (known && n->type == EROFS_TYPE_DIRECTORY)
		return read_bad(r, n->at, w->e,
			"%.*s: expected one name of a directory, found another",
			(int)n->size, n->name);
	if (known ? r->inodes[inode].node == UINT32_MAX : is_whiteout(w))
		return add_hidden(w, f->node, n);
	return add_node(w, f->node, n, inode, path);
}

int read_tree(struct read_image *r, uint64_t root, struct err *e)
{
	struct walk w = { .r = r, .e = e };
	struct name n = { .name = "", .at = root };
	uint32_t inode = 0;
	int more = 0;

	w.by_slot = calloc(r->size / EROFS_SLOT + 1, sizeof(*w.by_slot));
	if (!w.by_slot)
		return err_set(e, REASON_FAILED, "image: out of memory");
	if (add_inode(&w, root, &inode) != 0 ||
		add_node(&w, 0, &n, inode, 0) != 0)
		more = -1;
	else if (w.depth == 0)
		more = read_bad(r, root, e,
			"expected the root directory, found another type");
	while (more >= 0 && w.depth) {
		struct frame *f = &w.stack[w.depth - 1];

		more = next_name(&w, f, &n);
		if (more > 0)
			more = add_name(&w, &n);
		else if (more == 0) {
			r->nodes[f->node].end = r->n_nodes;
			w.depth--;
		}
	}
	read_stat_free(&w.stat);
	free(w.by_slot);
	free(w.stack);
	return more < 0 ? -1 : 0;
}
