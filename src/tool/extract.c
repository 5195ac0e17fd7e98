/* SPDX-License-Identifier: MIT */
#include "tool/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "core/file.h"
#include "tool/compute.h"
#include "tool/erofs.h"
#include "tool/progress.h"
#include "tool/read_objects.h"
#include "tool/tree.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
#define NOBODY UINT32_MAX

struct extract {
	struct reading *d;
	const struct store *store;
	struct extract_stats *stats;
	int root;
	int parent;	      /* the directory of the node worked on */
	uint32_t parent_node; /* NOBODY: none is open */
	char name[TREE_NAME_MAX + 1];
	struct err *e;
};

static int fail(struct extract *x, int errnum, const char *what)
{
	return err_sys(x->e, REASON_FAILED, errnum, "%s: %s", x->d->path, what);
}

/* A directory that we made, below the target. */
static int open_directory(struct extract *x, const char *path)
{
	return open_how(x->root, path[1] ? path + 1 : ".",
		O_RDONLY | O_DIRECTORY, BENEATH);
}

/* Opens the directory of a node and copies its name; d->path is the node's. */
static int go_to(struct extract *x, uint32_t node)
{
	const struct read_image *r = &x->d->image;
	const struct read_node *n = &r->nodes[node];
	char path[PATH_MAX];
	size_t size = strlen(x->d->path) - n->name_size;

	memcpy(x->name, n->name, n->name_size);
	x->name[n->name_size] = '\0';
	if (x->parent_node == n->parent)
		return 0;
	if (size > sizeof(path) - 1)
		return fail(x, ENAMETOOLONG, "cannot be created");
	/* Without the slash behind it, but for the root. */
	memcpy(path, x->d->path, size);
	path[size > 1 ? size - 1 : size] = '\0';
	fd_cleanup(&x->parent);
	x->parent_node = NOBODY;
	x->parent = open_directory(x, path);
	if (x->parent < 0)
		return fail(x, errno, "the directory cannot be opened");
	x->parent_node = n->parent;
	return 0;
}

static int write_all(struct extract *x, int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t some = write(fd, p, n);

		if (some < 0 && errno == EINTR)
			continue;
		if (some < 0)
			return fail(x, errno, "cannot be written");
		p += some;
		n -= (size_t)some;
	}
	return 0;
}

static int copy_object(struct extract *x, uint32_t node, int out)
{
	const struct read_stat *s = &x->d->stat;
	struct digest found;

	if (read_object(&x->d->image, node, s, x->e) != 0)
		return -1;
	if (x->store->fd < 0)
		return err_set(x->e, REASON_FAILED,
			"%s: expected --store, as its content is not in the image",
			x->d->path);

	AUTO_FD
	int in = object_open(x->store, &s->digest, s->size, x->d->path, x->e);

	if (in < 0 || compute_copy(in, out, x->d->path, s->size,
			      s->digest.algorithm, &found, x->e) != 0)
		return -1;
	if (!digest_equal(&found, &s->digest))
		return object_differs(x->d->path, &s->digest, &found, x->e);
	x->stats->objects++;
	x->stats->bytes += s->size;
	return 0;
}

/* By fd: xattrs of files and directories. By name, through /proc: others. */
static int set_xattrs(struct extract *x, int fd)
{
	const struct read_stat *s = &x->d->stat;
	char path[64 + TREE_NAME_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", x->parent, x->name);
	for (uint32_t i = 0; i < s->n_xattrs; i++) {
		const struct read_xattr *a = &s->xattrs[i];
		int r = fd >= 0 ? fsetxattr(fd, a->key, a->value, a->size, 0)
				: lsetxattr(path, a->key, a->value, a->size, 0);

		if (r != 0)
			return err_sys(x->e, REASON_FAILED, errno,
				"%s: %s: the xattr cannot be set", x->d->path,
				a->key);
	}
	return 0;
}

/* The owner first: a change of it takes setuid bits and capabilities away. */
static int set_metadata(struct extract *x, int fd)
{
	const struct read_stat *s = &x->d->stat;
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = s->mtime, .tv_nsec = s->mtime_nsec },
	};
	int r;

	/* It means to leave it as it is. */
	if (s->uid == UINT32_MAX || s->gid == UINT32_MAX)
		return fail(x, EINVAL, "no file can have the owner 4294967295");
	r = fd >= 0 ? fchown(fd, s->uid, s->gid)
		    : fchownat(x->parent, x->name, s->uid, s->gid,
			      AT_SYMLINK_NOFOLLOW);
	if (r != 0)
		return err_sys(x->e, REASON_FAILED, errno,
			"%s: the owner %u:%u cannot be set", x->d->path, s->uid,
			s->gid);
	if (!S_ISLNK(s->mode))
		r = fd >= 0 ? fchmod(fd, s->mode & 07777)
			    : fchmodat(x->parent, x->name, s->mode & 07777, 0);
	if (r != 0)
		return fail(x, errno, "the mode cannot be set");
	if (set_xattrs(x, fd) != 0)
		return -1;
	r = fd >= 0 ? futimens(fd, times)
		    : utimensat(x->parent, x->name, times, AT_SYMLINK_NOFOLLOW);
	return r == 0 ? 0 : fail(x, errno, "the mtime cannot be set");
}

static int make_file(struct extract *x, uint32_t node)
{
	const struct read_stat *s = &x->d->stat;
	AUTO_FD int fd = openat(x->parent, x->name,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return fail(x, errno, "cannot be created");
	if (s->is_object)
		r = copy_object(x, node, fd);
	for (int i = 0; i < 2 && r == 0; i++)
		if (!s->is_object)
			r = write_all(x, fd, s->data[i], s->data_size[i]);
	if (r == 0)
		return set_metadata(x, fd);
	/* Never leave a file that has not its content. */
	unlinkat(x->parent, x->name, 0);
	return r;
}

static int make_link(struct extract *x)
{
	const struct read_stat *s = &x->d->stat;
	char target[PATH_MAX];

	memcpy(target, s->data[0] ? s->data[0] : s->data[1], s->size);
	target[s->size] = '\0';
	if (symlinkat(target, x->parent, x->name) != 0)
		return fail(x, errno, "cannot be created");
	return set_metadata(x, -1);
}

static int make_other(struct extract *x)
{
	const struct read_stat *s = &x->d->stat;
	/* The kernel's 32 bits are the lower ones of libc's. */
	dev_t dev = makedev((s->rdev & 0xfff00) >> 8,
		(s->rdev & 0xff) | ((s->rdev >> 12) & 0xfff00));

	if (mknodat(x->parent, x->name, (s->mode & S_IFMT) | 0600, dev) != 0)
		return fail(x, errno, "cannot be created");
	return set_metadata(x, -1);
}

/* Another name of an inode that is there. */
static int make_name(struct extract *x)
{
	char *slash = strrchr(x->d->link, '/');
	int r, dir;

	*slash = '\0';
	dir = open_directory(x, slash == x->d->link ? "/" : x->d->link);
	*slash = '/';
	if (dir < 0)
		return fail(x, errno, "its first name cannot be found");
	r = linkat(dir, slash + 1, x->parent, x->name, 0);
	close(dir);
	return r == 0 ? 0 : fail(x, errno, "cannot be linked");
}

static int make_node(struct extract *x, uint32_t node)
{
	bool is_link;

	if (reading_at(x->d, node, &is_link, x->e) != 0 || go_to(x, node) != 0)
		return -1;
	x->stats->entries++;
	progress_show(x->stats->entries, "entries", x->stats->bytes);
	if (is_link)
		return make_name(x);
	if (S_ISREG(x->d->stat.mode))
		return make_file(x, node);
	if (S_ISLNK(x->d->stat.mode))
		return make_link(x);
	if (!S_ISDIR(x->d->stat.mode))
		return make_other(x);
	/* The rest of it comes when all is in it. */
	if (mkdirat(x->parent, x->name, 0700) != 0)
		return fail(x, errno, "cannot be created");
	return 0;
}

static int finish_directory(struct extract *x, uint32_t node)
{
	bool is_link;

	if (reading_at(x->d, node, &is_link, x->e) != 0)
		return -1;

	AUTO_FD int fd = open_directory(x, x->d->path);

	return fd < 0 ? fail(x, errno, "cannot be opened")
		      : set_metadata(x, fd);
}

static int open_target(struct extract *x, const char *target)
{
	struct dir dir;

	if (mkdir(target, 0700) != 0 && errno != EEXIST)
		return err_sys(x->e, REASON_FAILED, errno,
			"%s: cannot be created", target);
	x->root = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (x->root < 0)
		return err_sys(x->e, REASON_FAILED, errno,
			"%s: expected a directory, found something else",
			target);
	dir = (struct dir){ .fd = x->root };
	if (dir_next(&dir))
		return err_set(x->e, REASON_FAILED,
			"%s: expected an empty directory, found files in it",
			target);
	/* Else all below would inherit it. */
	fremovexattr(x->root, "system.posix_acl_default");
	return 0;
}

int extract_image(struct reading *d, const struct store *s, const char *target,
	struct extract_stats *stats, struct err *e)
{
	struct extract x = {
		.d = d,
		.store = s,
		.stats = stats,
		.root = -1,
		.parent = -1,
		.parent_node = NOBODY,
		.e = e,
	};
	const struct read_image *r = &d->image;
	int result = open_target(&x, target);

	progress_expect(r->n_nodes, 0);

	for (uint32_t i = 1; i < r->n_nodes && result == 0; i++)
		result = make_node(&x, i);
	/* Each before the one that it is in, whose mode may shut us out. */
	for (uint32_t i = r->n_nodes; i-- > 0 && result == 0;)
		if (r->inodes[r->nodes[i].inode].type == EROFS_TYPE_DIRECTORY)
			result = finish_directory(&x, i);
	progress_clear();
	fd_cleanup(&x.parent);
	fd_cleanup(&x.root);
	return result;
}
