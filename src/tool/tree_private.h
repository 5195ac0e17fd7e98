/* SPDX-License-Identifier: MIT */
/*
 * How a tree lies in memory, for the modules that make an image of it:
 * tree.c and xattr.c fill it, freeze.c brings it into order, overlay.c adds
 * what overlayfs needs, layout.c and write.c read it.
 *
 * All references are 32-bit indices into arrays that only grow. Names,
 * targets, xattr names and values and inlined content lie in one pool.
 */
#ifndef RW_TOOL_TREE_PRIVATE_H
#define RW_TOOL_TREE_PRIVATE_H

#include <sys/stat.h>

#include "tool/tree.h"

struct tree_inode {
	int64_t mtime;
	uint64_t size; /* files: bytes; frozen directories: entries */
	uint32_t mtime_nsec;
	uint32_t uid;
	uint32_t gid;
	/*
	 * Directories: their newest entry, frozen: the first of children[].
	 * Files: the object, or the content in the pool. Symbolic links: the
	 * target in the pool. Devices: rdev. TREE_NONE: a file whose backing
	 * is in backings[].
	 */
	uint32_t payload;
	uint32_t xattrs; /* in refs[]: a count, then so many pairs; 0: none */
	uint32_t links;	 /* entries that name it; 0: removed */
	uint32_t entry;	 /* the one entry at which the image has the inode */
	uint16_t mode;
	bool is_object : 1;
	bool ordered : 1; /* directories: the names came in order so far */
	bool hides : 1;	  /* tree_hide: a whiteout that overlayfs obeys */
	bool opaque : 1;  /* tree_set_opaque: a directory, likewise */
};

struct tree_entry {
	uint32_t parent; /* directory */
	uint32_t name;	 /* in the pool: length (one byte), bytes, NUL */
	uint32_t inode;	 /* TREE_NONE: removed */
	uint32_t next;	 /* in the same directory */
};

/* How an image has an xattr's name (layout.c). */
struct xattr_name {
	uint8_t prefix; /* its index */
	uint8_t skip;	/* bytes of the prefix */
	uint8_t size;	/* bytes behind it */
	uint8_t bit;	/* in the filter of names */
};

/* A name and value that some inode has. The same pair is there only once. */
struct tree_pair {
	uint32_t key;	/* in the pool, with a NUL */
	uint32_t value; /* in the pool */
	uint32_t value_size;
	/* Of a tree that is laid out. */
	uint32_t uses;
	uint32_t shared; /* place in the shared table, in 4 bytes */
	struct xattr_name name;
};

/* An object that some file has, in a tree that is laid out. */
struct tree_object {
	uint32_t uses;
	uint32_t shared_metacopy; /* places in the shared table, as above */
	uint32_t shared_redirect;
};

/* What a source gives of an inode (tree_given.c). */
struct tree_nlink {
	uint32_t inode;
	uint32_t nlink;
};

struct tree_backing {
	uint32_t inode;	 /* is_object, its payload is TREE_NONE */
	uint32_t path;	 /* in the pool; 0: none */
	uint32_t digest; /* likewise */
};

/*
 * Open addressing over indices of an array. A place has the hash as well:
 * whether it is the one is nearly always known without a look at the array.
 */
struct tree_slot {
	uint32_t hash;
	uint32_t element; /* index + 1; 0: empty */
};

struct tree_index {
	struct tree_slot *slots;
	uint32_t size; /* a power of two, or 0 */
	uint32_t used;
};

struct tree {
	enum hash_algorithm algorithm;
	unsigned digest_size;
	bool frozen;
	bool has_links; /* some inode has two entries */
	bool given;	/* tree_keep_given */
	uint32_t live_inodes, live_entries;

	struct tree_inode *inodes;
	uint32_t n_inodes, cap_inodes;
	struct tree_entry *entries;
	uint32_t n_entries, cap_entries;
	uint8_t *pool;
	uint32_t n_pool, cap_pool;
	uint32_t *refs;
	uint32_t n_refs, cap_refs;
	struct tree_pair *pairs;
	uint32_t n_pairs, cap_pairs;
	uint8_t *digests; /* digest_size bytes an object */
	uint32_t n_objects, cap_objects;

	struct tree_nlink *nlinks;
	uint32_t n_nlinks, cap_nlinks;
	struct tree_backing *backings;
	uint32_t n_backings, cap_backings;

	struct tree_index by_name; /* entries; those before n_indexed */
	uint32_t n_indexed;
	struct tree_index by_pair;

	/* Of a frozen tree. */
	uint32_t
		*children; /* entries, each directory's sorted, with . and .. */
	uint32_t *order;   /* inodes, breadth first */
	uint32_t n_order;
};

static inline bool tree_type(const struct tree *t, uint32_t inode, mode_t type)
{
	return (t->inodes[inode].mode & S_IFMT) == type;
}

static inline unsigned entry_name_size(const struct tree *t, uint32_t entry)
{
	return t->pool[t->entries[entry].name];
}

static inline const char *entry_name(const struct tree *t, uint32_t entry)
{
	return (const char *)t->pool + t->entries[entry].name + 1;
}

/* In children[], in place of an entry: the directory and the one above. */
#define CHILD_DOT (UINT32_MAX - 1)
#define CHILD_DOTDOT (UINT32_MAX - 2)

struct child {
	const char *name;
	unsigned name_size;
	uint32_t inode;
};

static inline uint32_t tree_parent(const struct tree *t, uint32_t inode)
{
	uint32_t entry = t->inodes[inode].entry;

	return entry == TREE_NONE ? TREE_ROOT : t->entries[entry].parent;
}

/* Of a frozen tree: the k-th name of the directory, . and .. among them. */
static inline struct child child_at(
	const struct tree *t, uint32_t dir, uint64_t k)
{
	uint32_t entry = t->children[t->inodes[dir].payload + k];
	struct child c;

	if (entry == CHILD_DOT || entry == CHILD_DOTDOT) {
		c.name = "..";
		c.name_size = entry == CHILD_DOT ? 1 : 2;
		c.inode = entry == CHILD_DOT ? dir : tree_parent(t, dir);
	} else {
		c.name = entry_name(t, entry);
		c.name_size = entry_name_size(t, entry);
		c.inode = t->entries[entry].inode;
	}
	return c;
}

static inline const uint8_t *object_digest(
	const struct tree *t, uint32_t object)
{
	return t->digests + (size_t)object * t->digest_size;
}

/*
 * Makes room for need elements of size bytes in the array *array. Returns -1
 * when memory or 32 bits are used up.
 */
must_check int array_grow(
	void *array, uint32_t *cap, uint64_t need, size_t size, struct err *e);

must_check static inline int array_reserve(
	void *array, uint32_t *cap, uint64_t need, size_t size, struct err *e)
{
	return need <= *cap ? 0 : array_grow(array, cap, need, size, e);
}

/* Copies n bytes into the pool (from elsewhere); *at is their place. */
must_check int pool_add(struct tree *t, const void *bytes, size_t n,
	uint32_t *at, struct err *e);

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t n);

/* Makes room in the index for so many more elements. */
must_check int index_reserve(
	struct tree_index *x, uint32_t more, struct err *e);
void index_free(struct tree_index *x);

/* Puts an element into an empty place. */
static inline void index_put(struct tree_index *x, struct tree_slot *slot,
	uint32_t hash, uint32_t element)
{
	*slot = (struct tree_slot){ hash, element + 1 };
	x->used++;
}

/* A new inode with no entry yet. */
must_check int inode_new(struct tree *t, const struct tree_meta *meta,
	uint32_t *inode, struct err *e);

/*
 * An entry whose name the caller knows to be new in the directory; tree_freeze
 * refuses the tree if it is not.
 */
must_check int entry_append(struct tree *t, uint32_t dir, const char *name,
	uint32_t inode, struct err *e);

/* A new inode that equals another in everything but its entries. */
must_check int inode_clone(
	struct tree *t, uint32_t from, uint32_t *inode, struct err *e);

/* The pair's index, made if it is not there. */
must_check int pair_intern(struct tree *t, const char *key, const void *value,
	size_t n, uint32_t *pair, struct err *e);

/* The pair's index, or TREE_NONE. */
uint32_t pair_lookup(
	const struct tree *t, const char *key, const void *value, size_t n);

/* Gives the inode the pair, in place of one of the same name. */
must_check int pair_set(
	struct tree *t, uint32_t inode, uint32_t pair, struct err *e);

/* As tree_set_xattr, for what is no source's: no limit. */
must_check int xattr_set_own(struct tree *t, uint32_t inode, const char *name,
	const void *value, size_t n, struct err *e);

/* The pair of that name, or TREE_NONE. */
uint32_t pair_find(const struct tree *t, uint32_t inode, const char *key);

/* Renames every xattr "trusted.overlay.X" to "trusted.overlay.overlay.X". */
must_check int xattr_escape(struct tree *t, struct err *e);

/* Sorts each inode's xattrs by name. */
void xattr_sort(struct tree *t);

/* Files of the same digest get the same object: the first of them. */
must_check int objects_merge(struct tree *t, struct err *e);

/* The xattrs of files with a backing path: after the escapes. */
must_check int given_xattrs(struct tree *t, struct err *e);

/* The link counts as given: after all that asks whether an inode is live. */
void given_nlinks(struct tree *t);

/*
 * Brings the tree into its order: names sorted, each inode at its first
 * entry, inodes breadth first. Nothing but xattrs changes afterwards.
 */
must_check int tree_freeze(struct tree *t, struct err *e);

/*
 * Adds what overlayfs needs (escapes, stubs, whiteouts, opaque marks),
 * freezes the tree, and tells the format's version: at least min, 1 if the
 * tree has a whiteout and max allows it.
 */
must_check int overlay_prepare(struct tree *t, unsigned min, unsigned max,
	unsigned *version, struct err *e);

/* The path of an entry below the root, its beginning cut if it is long. */
void tree_path(const struct tree *t, uint32_t inode, char *out, size_t n);

#endif
