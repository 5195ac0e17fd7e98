/* SPDX-License-Identifier: MIT */
/* Releases, and the lists of an export: what they keep, what is left of one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/release.h"
#include "tool/gc_private.h"

static int damaged(struct err *e)
{
	return err_hint(e,
		"nothing was removed: what this release needs is not known; install it again, or remove it");
}

static bool has_manifest(struct gc *g, const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/manifest", dir);

	AUTO_FD int fd = open_how(g->store.fd, path, O_PATH, RESOLVE_STRICT);

	/* One that is there and cannot be opened is one, and is refused. */
	return fd >= 0 || errno != ENOENT;
}

/*
 * What was left by one who was killed while he put a release there or took it
 * away has a temporary name; a directory without a manifest is none either.
 */
static bool is_release(struct gc *g, const char *path)
{
	return !gc_is_temporary(strrchr(path, '/') + 1) &&
	       has_manifest(g, path);
}

static int mark_release(struct gc *g, const char *path, struct err *e)
{
	static char text[RELEASE_MAX];
	const char *version = strrchr(path, '/') + 1;
	char where[RELEASE_WHERE_MAX], name[NAME_MAX_SIZE];
	struct release release;
	size_t n;

	if (!is_release(g, path))
		return 0;
	snprintf(name, sizeof(name), "%.*s",
		(int)(version - 1 - path - strlen("releases/")),
		path + strlen("releases/"));

	AUTO_FD
	int fd = release_read(g->store.fd, name, version, where, text, &n, e);

	if (fd < 0 || release_parse(&release, name, version, where, text, n, e))
		return damaged(e);
	for (unsigned i = 0; i < release.images.n; i++)
		if (wanted_add(
			    &g->images, &release.images.list[i], WANTED_ANY, e))
			return -1;
	g->releases++;
	return 0;
}

static int sweep_file(struct sweep *s, const char *name)
{
	return gc_take_away(s, name);
}

static int sweep_release(struct gc *g, const char *path, struct err *e)
{
	if (is_release(g, path))
		return gc_sweep_dir(g, path, NULL, NULL, e);
	g->removed.releases++;
	if (g->list)
		printf("%s\n", path);
	if (gc_sweep_dir(g, path, &g->removed.signatures, sweep_file, e) != 0)
		return -1;
	if (g->dry_run || unlinkat(g->store.fd, path, AT_REMOVEDIR) == 0)
		return 0;
	return err_sys(e, REASON_FAILED, errno, "%s/%s: cannot be removed",
		g->store.name, path);
}

/* Calls each for the directories of a directory of directories. */
static int each_release(struct gc *g,
	int (*each)(struct gc *g, const char *path, struct err *e),
	const char *path, unsigned depth, struct err *e)
{
	bool none;
	AUTO_FD int fd = gc_open_dir(g, path, &none, e);
	struct dir dir = { .fd = fd };
	const char *name;

	if (fd < 0)
		return none ? 0 : -1;
	while ((name = dir_next(&dir))) {
		char below[PATH_MAX], checked[NAME_MAX_SIZE];

		snprintf(below, sizeof(below), "%s/%.255s", path, name);
		if (depth && gc_is_temporary(name))
			continue;
		if (!gc_is_temporary(name) &&
			field_name(checked, name, strlen(name)))
			return err_set(e, REASON_FAILED,
				"%s/%s: expected the name of a release, found another name",
				g->store.name, below);
		if (depth ? each_release(g, each, below, depth - 1, e) != 0
			  : each(g, below, e) != 0)
			return -1;
	}
	if (dir.error)
		return err_sys(e, REASON_FAILED, dir.error,
			"%s/%s: cannot be listed", g->store.name, path);
	return 0;
}

int gc_mark_releases(struct gc *g, struct err *e)
{
	return each_release(g, mark_release, "releases", 1, e);
}

int gc_sweep_releases(struct gc *g, struct err *e)
{
	return each_release(g, sweep_release, "releases", 1, e);
}

int gc_mark_names(struct gc *g, const char *path, struct err *e)
{
	bool none;
	AUTO_FD int fd = gc_open_dir(g, path, &none, e);
	struct dir dir = { .fd = fd };
	const char *name;
	struct digest d;

	if (fd < 0)
		return none ? 0 : -1;
	while ((name = dir_next(&dir)))
		if (digest_from_hex(&d, name, strlen(name)) &&
			d.algorithm == g->store.algorithm &&
			wanted_add(&g->images, &d, WANTED_ANY, e) != 0)
			return -1;
	return 0;
}
