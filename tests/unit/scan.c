/* SPDX-License-Identifier: MIT */
#include "tool/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tap.h"
#include "tool/compute.h"
#include "tool/filter.h"
#include "tool/tree_private.h"

static char top[64];
static int topfd;
static struct err e;

static int remove_one(
	const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

static void clean(void)
{
	if (topfd > 0)
		close(topfd);
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new empty directory, open as topfd. */
static void begin(void)
{
	clean();
	if (mkdir(top, 0755) != 0 ||
		(topfd = open(top, O_RDONLY | O_DIRECTORY)) < 0)
		abort();
}

static void write_file(const char *name, size_t n)
{
	int fd = openat(topfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		abort();
	close(fd);
}

/* What the object callback does to the tree while it is scanned. */
enum trick {
	NOTHING,
	APPEND,
	TOUCH,
	ADD_SIBLING,
	REMOVE_OTHER,
	LINK_OTHER,
	MOVE_AWAY,
	FAIL,
};

struct calls {
	unsigned n;
	char last[256];
	enum trick trick;
	struct tree *tree;
};

/* path is t/a/... or t/b/...: whichever directory is walked first. */
static int play_other(enum trick trick, const char *path)
{
	const char *other = path[2] == 'a' ? "t/b" : "t/a";

	if (trick == MOVE_AWAY)
		return path[2] == 'a' ? rename("t/a/d", "t/b/m")
				      : rename("t/b/d", "t/a/m");
	if (chdir(other) != 0 || unlink("d/e/big") != 0 || rmdir("d/e") != 0 ||
		rmdir("d") != 0 || chdir("../..") != 0 || rmdir(other) != 0)
		return -1;
	return trick == LINK_OTHER ? symlink("/", other) : 0;
}

static void play(enum trick trick, const char *path)
{
	const struct timespec times[2] = { { 1, 2 }, { 3, 4 } };
	int r = 0;

	if (trick == APPEND)
		r = truncate("t/big", 5000);
	else if (trick == TOUCH)
		r = utimensat(AT_FDCWD, "t/big", times, 0);
	else if (trick == ADD_SIBLING)
		r = mkdir("t/new", 0755);
	else if (trick != NOTHING)
		r = play_other(trick, path);
	if (r != 0)
		abort();
}

static int object(void *ctx, const struct scan_file *f, struct err *err)
{
	uint64_t size = (uint64_t)f->before.st_size;
	struct calls *c = ctx;
	struct digest d;
	int r = 0;

	c->n++;
	snprintf(c->last, sizeof(c->last), "%s", f->path);
	if (c->trick == FAIL)
		r = err_set(err, REASON_FAILED, "callback: no");
	else
		r = compute_fd(f->fd, f->path, size, HASH_SHA256, &d, err);
	if (r == 0) {
		play(c->trick, f->path);
		r = scan_unchanged(f->fd, &f->before, f->path, err);
	}
	close(f->fd);
	return r == 0 ? tree_set_object(c->tree, f->inode, size, &d, err) : -1;
}

static struct tree *scan(struct calls *c)
{
	const struct scan_options o = { object, c };
	struct tree *t = tree_new(HASH_SHA256);

	c->tree = t;
	e.text[0] = '\0';
	if (tree_scan(t, topfd, "t", &o, &e) == 0)
		return t;
	tree_free(t);
	return NULL;
}

static void test_kinds(void)
{
	const struct timespec times[2] = { { 1, 0 }, { -5, 7 } };
	struct sockaddr_un address = { AF_UNIX, "t/socket" };
	struct calls c = { 0 };
	struct tree_meta meta;
	struct digest d;
	struct tree *t;
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	begin();
	write_file("empty", 0);
	write_file("small", SCAN_INLINE_MAX);
	write_file("big", SCAN_INLINE_MAX + 1);
	ok(mkdirat(topfd, "dir", 01777) == 0 &&
			fchmodat(topfd, "dir", 01777, 0) == 0 &&
			symlinkat("../nowhere", topfd, "dir/link") == 0 &&
			mkfifoat(topfd, "fifo", 0600) == 0 &&
			bind(s, (struct sockaddr *)&address, sizeof(address)) ==
				0 &&
			utimensat(topfd, "dir", times, 0) == 0,
		"a tree");
	close(s);
	t = scan(&c);
	ok(t != NULL, "is scanned %s", e.text);
	if (!t)
		return;
	is_int(tree_inodes(t), 8, "with all in it");
	is_int(c.n, 1, "one object");
	is_str(c.last, "t/big", "of the big file");
	ok(tree_object(t, tree_lookup(t, "big"), &d), "it is an object");
	is_int(tree_size(t, tree_lookup(t, "big")), SCAN_INLINE_MAX + 1,
		"with its size");
	ok(tree_content(t, tree_lookup(t, "small")), "the small one is not");
	is_int(tree_size(t, tree_lookup(t, "small")), SCAN_INLINE_MAX,
		"it has its size");
	is_int(tree_size(t, tree_lookup(t, "empty")), 0, "the empty one too");
	is_str(tree_target(t, tree_lookup(t, "dir/link")), "../nowhere",
		"a target");
	tree_get_meta(t, tree_lookup(t, "dir"), &meta);
	is_int(meta.mode, S_IFDIR | 01777, "a mode");
	is_int(meta.mtime, -5, "a second before 1970");
	is_int(meta.mtime_nsec, 7, "and a nanosecond");
	tree_get_meta(t, tree_lookup(t, "fifo"), &meta);
	is_int(meta.mode & S_IFMT, S_IFIFO, "a FIFO, not opened");
	tree_get_meta(t, tree_lookup(t, "socket"), &meta);
	is_int(meta.mode & S_IFMT, S_IFSOCK, "a socket");
	tree_free(t);
}

static void test_links(void)
{
	const struct filter split = { .no_hardlinks = true };
	struct calls c = { 0 };
	struct tree *t;

	begin();
	write_file("a", 100);
	ok(mkdirat(topfd, "d", 0755) == 0 &&
			linkat(topfd, "a", topfd, "d/b", 0) == 0 &&
			linkat(topfd, "a", topfd, "c", 0) == 0 &&
			link("t/a", "outside") == 0,
		"three links inside, one outside");
	t = scan(&c);
	ok(t != NULL, "scanned %s", e.text);
	is_int(c.n, 1, "one object");
	ok(t && tree_lookup(t, "a") == tree_lookup(t, "d/b") &&
			tree_lookup(t, "a") == tree_lookup(t, "c"),
		"one inode");
	ok(t && tree_filter(t, &split, &e) == 0, "split %s", e.text);
	ok(t && tree_lookup(t, "a") != tree_lookup(t, "d/b"), "two inodes");
	ok(t && tree_size(t, tree_lookup(t, "a")) == 100 &&
			tree_size(t, tree_lookup(t, "d/b")) == 100,
		"of the same content");
	tree_free(t);
	ok(unlink("outside") == 0, "cleaned up");
}

static void changes(enum trick trick, const char *sentence)
{
	struct calls c = { .trick = trick };
	struct tree *t;

	begin();
	write_file("big", 100);
	if (mkdirat(topfd, "dir", 0755) != 0)
		abort();
	t = scan(&c);
	ok(!t, "refused: %s", sentence);
	is_str(e.text, sentence, "with the sentence");
	is_int(c.n, 1, "after one object");
	tree_free(t);
}

static void test_changes(void)
{
	changes(APPEND,
		"t/big: expected a tree that does not change while it is "
		"scanned, found that it was written to");
	changes(TOUCH,
		"t/big: expected a tree that does not change while it is "
		"scanned, found that it was written to");
	changes(ADD_SIBLING,
		"t: expected a tree that does not change while it is scanned, "
		"found that entries came or went");
	changes(FAIL, "callback: no");
}

/*
 * Directories that were noted are not what they were when the walk comes to
 * them, or comes back. Which of two is walked first is the file system's.
 */
static void later(enum trick trick, const char *found)
{
	struct calls c = { .trick = trick };
	char want[256];
	struct tree *t;

	begin();
	if (mkdir("t/a", 0755) != 0 || mkdir("t/a/d", 0755) != 0 ||
		mkdir("t/a/d/e", 0755) != 0 || mkdir("t/b", 0755) != 0 ||
		mkdir("t/b/d", 0755) != 0 || mkdir("t/b/d/e", 0755) != 0)
		abort();
	write_file("a/d/e/big", 100);
	write_file("b/d/e/big", 100);
	t = scan(&c);
	ok(!t, "refused: %s", found);
	tree_free(t);
	snprintf(want, sizeof(want),
		"t/%c: expected a tree that does not change while it is "
		"scanned, found %s",
		(c.last[2] == 'a') == (trick == MOVE_AWAY) ? 'a' : 'b', found);
	is_str(e.text, want, "with the sentence");
	is_int(c.n, 1, "after one object");
}

static void test_later(void)
{
	later(REMOVE_OTHER, "that it is gone");
	later(LINK_OTHER, "that it is no directory now");
	later(MOVE_AWAY, "that it was moved");
}

static void test_unreadable(void)
{
	struct calls c = { 0 };
	struct tree *t;

	begin();
	ok(mkdirat(topfd, "d", 0755) == 0, "a directory");
	write_file("d/secret", 10);
	ok(fchmodat(topfd, "d/secret", 0, 0) == 0, "a file for nobody");
	if (geteuid() == 0 && seteuid(65534) != 0)
		abort();
	t = scan(&c);
	if (getuid() == 0 && seteuid(0) != 0)
		abort();
	ok(!t, "refused");
	is_str(e.text, "t/d/secret: cannot be read: Permission denied",
		"with the path and the cause");
	tree_free(t);
}

/* Deeper than there are fds and longer than any path may be. */
static void test_deep(void)
{
	struct calls c = { 0 };
	int fd = -1, depth = 2000, made = 0;
	struct tree *t;

	begin();
	fd = dup(topfd);
	for (; made < depth; made++) {
		int below;

		if (mkdirat(fd, "deep", 0755) != 0 ||
			(below = openat(fd, "deep", O_RDONLY)) < 0)
			break;
		close(fd);
		fd = below;
	}
	is_int(made, depth, "%d directories", depth);
	ok(symlinkat("x", fd, "last") == 0, "and a symbolic link");
	close(fd);
	t = scan(&c);
	ok(t != NULL, "scanned %s", e.text);
	is_int(t ? tree_inodes(t) : 0, depth + 2, "with all in it");
	tree_free(t);
	fd = dup(topfd);
	ok(system("rm -rf t/deep") == 0, "cleaned up");
	close(fd);
}

static void test_xattrs(void)
{
	static char value[2000], name[64];
	struct calls c = { 0 };
	struct tree *t;
	int r = 0;

	begin();
	write_file("f", 3);
	if (setxattr("t/f", "user.a", "1", 1, 0) != 0 && errno == EOPNOTSUPP) {
		printf("ok %d - xattrs # SKIP no user xattrs in %s\n",
			++tap_count, top);
		return;
	}
	ok(setxattr("t/f", "user.b", "", 0, 0) == 0 &&
			setxattr("t", "user.c", "23", 2, 0) == 0,
		"xattrs of a file and the root");
	/* More than the kernel is told of at first. */
	for (unsigned i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "user.a-name-of-25-bytes-%02u", i);
		r |= setxattr("t/f", name, value, i == 29 ? 2000 : 1, 0);
	}
	is_int(r, 0, "many names, a long value");
	t = scan(&c);
	ok(t != NULL, "scanned %s", e.text);
	ok(t && pair_find(t, tree_lookup(t, "f"), "user.a") != TREE_NONE &&
			pair_find(t, tree_lookup(t, "f"), "user.b") !=
				TREE_NONE &&
			pair_find(t, TREE_ROOT, "user.c") != TREE_NONE,
		"they are where they were");
	ok(t && pair_lookup(t, name, value, sizeof(value)) != TREE_NONE,
		"the last of them too");
	tree_free(t);
}

int main(void)
{
	char work[] = "/tmp/rootwright-scan-XXXXXX";

	if (!mkdtemp(work) || chmod(work, 0755) != 0 || chdir(work) != 0)
		abort();
	snprintf(top, sizeof(top), "t");
	test_kinds();
	test_links();
	test_changes();
	test_later();
	test_unreadable();
	test_deep();
	test_xattrs();
	clean();
	if (chdir("/") != 0 || rmdir(work) != 0)
		printf("# %s is left\n", work);
	return tap_done();
}
