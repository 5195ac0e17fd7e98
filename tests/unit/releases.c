/* SPDX-License-Identifier: MIT */
/* The releases and the state of a store, put there, read and taken away. */
#include "tool/releases.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tap.h"
#include "tool/state_file.h"

#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char top[] = "/tmp/rootwright-releases-XXXXXX";
static struct store s;
static struct err e;
static struct release_list l;

static int put(const char *name, const char *version, unsigned sequence)
{
	char text[512];
	struct release_file files[] = { { "manifest", text, 0 },
		{ "a.p7s", "x", 1 }, { "empty.p7s", "", 0 } };

	files[0].n = snprintf(text, sizeof(text),
		RELEASE_FORMAT "\nname=%s\nversion=%s\nsequence=%u\n"
			       "rollback_index=0\nalgorithm=sha256\nimages=" D
			       "\n",
		name, version, sequence);
	e.text[0] = '\0';
	return releases_put(&s, name, version, files, 3, &e);
}

/* The versions of the list, in its order. */
static const char *versions(const char *name, const char *version)
{
	static char text[512];
	size_t n = 0;

	text[0] = '\0';
	releases_free(&l);
	if (releases_load(&l, &s, name, version, &e) != 0)
		return e.text;
	for (size_t i = 0; i < l.n; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s/%s%s ",
			l.list[i].name, l.list[i].version,
			l.list[i].fault ? "!" : "");
	return text;
}

static void write_at(const char *path, const char *text)
{
	AUTO_FD
	int fd = openat(s.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		"write %s", path);
}

static void check_list(void)
{
	is_str(versions(NULL, NULL), "", "no releases");
	is_int(put("web", "1", 10), 0, "put: %s", e.text);
	is_int(put("web", "3", 9), 0, "put an older one");
	is_int(put("web", "2", 20), 0, "put the newest");
	is_int(put("app", "7", 1), 0, "put one of another name");
	is_int(put("web", "1", 10), -1, "put one again");
	ok(strstr(e.text,
		   "/releases/web/1: expected no such release, found one"),
		"the sentence: %s", e.text);
	is_int(put("web", "b", 20), 0, "one sequence twice is not judged here");
	is_str(versions(NULL, NULL), "app/7 web/2 web/b web/1 web/3 ",
		"by name, newest first, then by version");
	is_int(l.list[1].n_signatures, 2, "signature files");
	is_int(l.list[1].release.sequence, 20, "parsed");
	is_str(versions("web", NULL), "web/2 web/b web/1 web/3 ", "one name");
	is_str(versions("web", "3"), "web/3 ", "one version");
	is_str(versions("web", "4"), "", "none");
	is_str(versions("nothing", NULL), "", "no such name");
	is_str(versions("..", ".."), "", "no path");
	mkdirat(s.fd, "releases/web/.tmp-release", 0755);
	write_at("releases/web/.tmp-release/manifest", "x");
	mkdirat(s.fd, "releases/web/9", 0755);
	write_at("releases/web/README", "x");
	is_str(versions("web", NULL),
		"web/2 web/b web/1 web/3 web/9! web/README! ",
		"what is none comes last, what is temporary not at all");
	ok(strstr(l.list[4].fault,
		   "releases/web/9/manifest: expected a regular file"),
		"and why: %s", l.list[4].fault);
}

static void check_remove(void)
{
	struct stat st;
	char path[64];

	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "releases/web/3/%d.p7s", i);
		write_at(path, "x");
	}
	is_int(releases_remove(&s, "web", "3", &e), 0, "remove 300 files");
	is_str(versions("web", NULL), "web/2 web/b web/1 web/9! web/README! ",
		"it is gone");
	ok(fstatat(s.fd, "releases/web/.tmp-release", &st, 0) != 0,
		"and so is what was left there");
	is_int(releases_remove(&s, "web", "3", &e), -1, "remove it again");
	is_int(releases_remove(&s, "app", "7", &e), 0, "the last of a name");
	ok(fstatat(s.fd, "releases/app", &st, 0) != 0,
		"its directory goes, too");
}

static int set_floor(struct state *state, void *ctx)
{
	state->floor = *(uint64_t *)ctx;
	return state->floor != 0;
}

static void check_state(void)
{
	uint64_t floor = 7;
	struct state state;
	struct stat st;

	is_int(state_file_read(s.fd, "web", &state, &e), 1, "no file");
	is_str(e.text, "state: expected a file, found none", "and it is said");
	is_str(state.name, "web", "but a new state");
	is_int(state_file_create(s.fd, top, "web", &e), 0, "create");
	is_int(state_file_read(s.fd, "web", &state, &e), 0, "read");
	ok(state.generation == 1 && state.floor == 0, "a new state");
	is_int(state_file_update(s.fd, top, "web", set_floor, &floor, &e), 0,
		"update");
	is_int(state_file_create(s.fd, top, "other", &e), 0,
		"create leaves what is there");
	is_int(state_file_read(s.fd, "web", &state, &e), 0, "read");
	ok(state.generation == 2 && state.floor == 7, "the update");
	floor = 0;
	is_int(state_file_update(s.fd, top, "web", set_floor, &floor, &e), 0,
		"a change that is none");
	is_int(state_file_read(s.fd, "web", &state, &e), 0, "read");
	ok(state.generation == 2 && state.floor == 7, "writes nothing");
	is_int(state_file_read(s.fd, "other", &state, &e), 1, "another name");
	unlinkat(s.fd, "state", 0);
	mkdirat(s.fd, "state", 0755);
	floor = 1;
	is_int(state_file_read(s.fd, "web", &state, &e), -1, "a directory");
	is_int(state_file_update(s.fd, top, "web", set_floor, &floor, &e), -1,
		"is not replaced");
	ok(fstatat(s.fd, "state", &st, 0) == 0 && S_ISDIR(st.st_mode),
		"indeed: %s", e.text);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(top))
		return 1;
	ok(store_create(&s, top, HASH_SHA256, &e) == 0, "a store: %s", e.text);
	ok(releases_lock(&s, &e) == 0, "locked");
	check_list();
	check_remove();
	check_state();
	releases_free(&l);
	store_close(&s);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	ok(system(command) == 0, "cleaned up");
	return tap_done();
}
