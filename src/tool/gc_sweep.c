/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/gc_private.h"
#include "tool/progress.h"

int gc_take_away(struct sweep *s, const char *name)
{
	struct gc *g = s->g;
	struct stat st;

	if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		(!g->dry_run && unlinkat(s->fd, name, 0) != 0))
		return err_sys(s->e, REASON_FAILED, errno,
			"%s/%s%s%s: cannot be removed", g->store.name, s->path,
			s->path[0] ? "/" : "", name);
	if (g->list)
		printf("%s%s%s\n", s->path, s->path[0] ? "/" : "", name);
	/* What has another name is not freed. */
	if (st.st_nlink == 1)
		g->removed.bytes += st.st_blocks * UINT64_C(512);
	++*s->removed;
	progress_show(g->removed.objects, "objects removed", g->removed.bytes);
	return 0;
}

bool gc_is_temporary(const char *name)
{
	return strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)) == 0;
}

int gc_sweep_dir(struct gc *g, const char *path, uint64_t *removed,
	int (*each)(struct sweep *s, const char *name), struct err *e)
{
	AUTO_FD
	int fd = open_how(g->store.fd, path[0] ? path : ".",
		O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	struct sweep s = { g, path, fd, removed, e };
	struct sweep leftover = { g, path, fd, &g->removed.temporary, e };
	struct dir dir = { .fd = fd };
	const char *name;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s/%s: cannot be opened", g->store.name, path);
	while ((name = dir_next(&dir)))
		if (gc_is_temporary(name) ? gc_take_away(&leftover, name) != 0
					  : each && each(&s, name) != 0)
			return -1;
	if (dir.error)
		return err_sys(e, REASON_FAILED, dir.error,
			"%s/%s: cannot be listed", g->store.name, path);
	return 0;
}

static bool is_digest(
	const struct gc *g, const char *hex, size_t n, struct digest *d)
{
	return digest_from_hex(d, hex, n) && d->algorithm == g->store.algorithm;
}

static int sweep_image(struct sweep *s, const char *name)
{
	struct digest d;

	if (!is_digest(s->g, name, strlen(name), &d) ||
		wanted_find(&s->g->images, &d))
		return 0;
	return gc_take_away(s, name);
}

/* "<digest>.p7s"; that of an object that is no image stays with it. */
static int sweep_signature(struct sweep *s, const char *name)
{
	size_t n = strlen(name), suffix = strlen(".p7s");
	struct digest d;

	if (n <= suffix || strcmp(name + n - suffix, ".p7s") != 0 ||
		!is_digest(s->g, name, n - suffix, &d) ||
		wanted_find(&s->g->objects, &d))
		return 0;
	return gc_take_away(s, name);
}

static int sweep_object(struct sweep *s, const char *name)
{
	char hex[DIGEST_HEX_MAX + 1];
	struct digest d;
	size_t n = snprintf(
		hex, sizeof(hex), "%s%s", s->path + strlen("objects/"), name);

	if (n >= sizeof(hex) || !is_digest(s->g, hex, n, &d) ||
		wanted_find(&s->g->objects, &d))
		return 0;
	return gc_take_away(s, name);
}

static int sync_store(struct gc *g, struct err *e)
{
	if (g->dry_run || syncfs(g->store.fd) == 0)
		return 0;
	return err_sys(e, REASON_FAILED, errno, "%s: cannot be written",
		g->store.name);
}

static int sweep_objects(struct gc *g, struct err *e)
{
	char path[] = "objects/00";
	int r = gc_sweep_dir(g, "objects", NULL, NULL, e);

	for (unsigned i = 0; r == 0 && i < 256; i++) {
		snprintf(path, sizeof(path), "objects/%02x", i);
		r = gc_sweep_dir(g, path, &g->removed.objects, sweep_object, e);
	}
	return r;
}

int gc_sweep(struct gc *g, struct err *e)
{
	int r;

	if (gc_sweep_dir(g, "", NULL, NULL, e) != 0 ||
		gc_sweep_releases(g, e) != 0 ||
		gc_sweep_dir(g, "signatures", &g->removed.signatures,
			sweep_signature, e) != 0 ||
		gc_sweep_dir(g, "images", &g->removed.images, sweep_image, e) !=
			0 ||
		sync_store(g, e) != 0)
		return -1;
	r = sweep_objects(g, e);
	progress_clear();
	return r == 0 ? sync_store(g, e) : -1;
}
