/* SPDX-License-Identifier: MIT */
/*
 * trust=release: which releases of the store may boot, and in which order.
 * A directory's name only says where to look; what counts is in the signed
 * manifest. It is read and verified again when its turn comes, so that one
 * buffer serves for all and what is used is what was verified.
 */
#include "boot/boot.h"

#include <sys/utsname.h>

#define LOOKED_AT 256 /* entries of releases/<name> */

static char text[RELEASE_MAX];

/* Reads, verifies and parses the manifest of a version. */
static must_check int load(
	struct releases *r, const struct candidate *x, struct err *e)
{
	const struct policy *p = &r->config->policy;
	char where[RELEASE_WHERE_MAX];
	size_t n;
	AUTO_FD int dir = release_read(
		x->store->dirfd, p->release, x->version, where, text, &n, e);

	if (dir < 0 || release_verify(&r->signers, dir, where, text, n,
			       &r->config->keys, p->threshold, e) != 0)
		return -1;
	return release_parse(
		&r->release, p->release, x->version, where, text, n, e);
}

static void skip(struct candidate *x, const struct err *e)
{
	x->skipped = true;
	x->reason = e->reason;
	snprintf(x->sentence, sizeof(x->sentence), "%.511s", e->text);
	say(LEVEL_WARNING, "release %s skipped [%s]: %s", x->version,
		reason_name(e->reason), e->text);
}

/* Does a boot come before b? The newest first, what is no release last. */
static bool before(const struct candidate *a, const struct candidate *b)
{
	if (a->sequence != b->sequence)
		return a->sequence > b->sequence;
	return strcmp(a->version, b->version) < 0;
}

/* Puts x into its place; the last one goes when there are too many. */
static void insert(struct releases *r, const struct candidate *x)
{
	unsigned i;

	for (i = r->n; i && before(x, &r->list[i - 1]); i--)
		r->list[i] = r->list[i - 1];
	r->list[i] = *x;
	r->n += r->n < CANDIDATES_MAX;
}

static void look_at(
	struct releases *r, const struct store *s, const char *version)
{
	struct candidate x = { .store = s };
	struct err e;

	snprintf(x.version, sizeof(x.version), "%s", version);
	if (load(r, &x, &e) != 0) {
		skip(&x, &e);
	} else {
		x.sequence = r->release.sequence;
		if (r->release.rollback_index > r->highest)
			r->highest = r->release.rollback_index;
	}
	insert(r, &x);
}

/*
 * What the device remembers, where it can be believed. A floor that no
 * release reaches would let nothing boot: whoever wrote that was no bless.
 */
static void read_state(struct releases *r)
{
	static uint8_t bytes[STATE_SIZE];
	ssize_t n = read_beneath(
		r->stores->dirfd, STATE_FILE, bytes, sizeof(bytes));
	int cause = errno;
	struct err e;

	r->record = state_choose(
		&r->state, r->config->policy.release, bytes, n < 0 ? 0 : n, &e);
	r->stored = r->state.floor;
	if (n < 0) {
		err_sys(&e, REASON_RELEASE_INVALID, cause,
			"state: cannot be read");
	} else if (r->list[0].sequence && r->stored > r->highest) {
		err_set(&e, REASON_RELEASE_INVALID,
			"state: expected a floor that a release reaches, found %llu",
			U64(r->stored));
		r->stored = 0;
	} else if (r->record >= 0) {
		return;
	}
	snprintf(r->trouble, sizeof(r->trouble), "%.511s", e.text);
	say(LEVEL_WARNING, "%s", r->trouble);
}

/*
 * The lowest rollback_index that may boot. A counter in hardware, which a
 * writer of the disk cannot lower, would be asked here, and raised where
 * bless raises the stored one.
 */
static uint64_t floor_active(const struct releases *r)
{
	uint64_t baked = r->config->policy.rollback_floor;

	return r->stored > baked ? r->stored : baked;
}

static uint64_t sequence_of(const struct releases *r, const char *version)
{
	for (unsigned i = 0; i < r->n; i++)
		if (version[0] && strcmp(r->list[i].version, version) == 0)
			return r->list[i].sequence;
	return 0;
}

/*
 * Has x tries left? Whatever is not newer than the blessed release was good
 * once. Of the others one is tried at a time, and none that is older than
 * the last one that was: or two that fail would take turns for ever. Where
 * nothing was ever blessed an older one is all there is, and uses no try.
 */
static bool may_try(struct releases *r, const struct candidate *x)
{
	const struct config *c = r->config;
	uint64_t trying = sequence_of(r, r->state.trying);
	uint64_t blessed = sequence_of(r, r->state.blessed);

	r->uses_try = r->stores->objects_fd >= 0 && c->policy.tries &&
		      !c->cmdline.said.version[0] &&
		      !c->cmdline.said.images.n && x->sequence > blessed &&
		      (blessed || x->sequence >= trying);
	if (!r->uses_try || x->sequence > trying)
		return true;
	return x->sequence == trying && r->state.tries_left;
}

/* Of two with one sequence, which of them is newer is anybody's guess. */
static void skip_twins(struct releases *r)
{
	struct candidate *x;
	struct err e;

	for (x = r->list + 1; x < r->list + r->n && x->sequence; x++)
		if (x->sequence == x[-1].sequence) {
			err_set(&e, REASON_RELEASE_INVALID,
				"release: %s: expected a sequence of its own, found %llu, that of %s",
				x->version, U64(x->sequence), x[-1].version);
			skip(x, &e);
		}
}

void releases_find(
	struct releases *r, struct config *c, const struct store *stores)
{
	char path[NAME_MAX_SIZE + 16];

	*r = (struct releases){ .config = c, .stores = stores };
	snprintf(path, sizeof(path), "releases/%s", c->policy.release);
	for (const struct store *s = stores; s < stores + STORES_MAX; s++) {
		AUTO_FD int fd = open_how(
			s->dirfd, path, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
		struct dir dir = { .fd = fd };
		const char *name;

		for (unsigned i = 0; i < LOOKED_AT && (name = dir_next(&dir));
			i++)
			if (name[0] != '.')
				look_at(r, s, name);
	}
	skip_twins(r);
	read_state(r);
	r->floor = floor_active(r);
}

/* Is the release that was just loaded one that may boot now? */
static must_check int judge(
	struct releases *r, const struct candidate *x, struct err *e)
{
	const struct release *release = &r->release;
	const struct policy *said = &r->config->cmdline.said;

	if (release->rollback_index < r->floor)
		return err_set(e, REASON_ROLLBACK,
			"release: %s: expected a rollback_index of %llu or more, found %llu",
			x->version, U64(r->floor),
			U64(release->rollback_index));
	if (said->version[0] && strcmp(said->version, x->version))
		return err_set(e, REASON_RELEASE_UNASKED,
			"release: %s: expected release %s, as the command line says",
			x->version, said->version);
	if (images_common(&release->images, &said->images) < said->images.n)
		return err_set(e, REASON_RELEASE_UNASKED,
			"release: %s: expected the image that composefs= names, found another",
			x->version);
	if (!may_try(r, x))
		return err_set(e, REASON_TRIES_USED,
			"release: %s: expected tries left, found none of %u",
			x->version, r->config->policy.tries);
	return 0;
}

bool releases_next(struct releases *r)
{
	struct candidate *x;
	struct err e;

	for (; r->at < r->n; r->at++) {
		x = &r->list[r->at];
		if (x->skipped)
			continue;
		if (load(r, x, &e) == 0 && judge(r, x, &e) == 0) {
			r->config->plan.images = r->release.images;
			return true;
		}
		skip(x, &e);
	}
	return false;
}

void releases_failed(struct releases *r, const struct err *e)
{
	skip(&r->list[r->at++], e);
}

int releases_none(const struct releases *r, struct err *e)
{
	char list[512] = "";

	for (unsigned i = 0; i < r->n && i < 4; i++) {
		size_t n = strlen(list);

		snprintf(list + n, sizeof(list) - n, "%s%s [%s]",
			i ? ", " : ": ", r->list[i].version,
			reason_name(r->list[i].reason));
	}
	return err_set(e, REASON_RELEASE_NONE,
		"release: %s: expected one that may boot, with a rollback_index of %llu or more, found none of %u%s",
		r->config->policy.release, U64(r->floor), r->n, list);
}

int release_modules(int root_fd, const char *version, struct err *e)
{
	AUTO_FD int fd = open_how(root_fd, "usr/lib/modules",
		O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
	struct dir dir = { .fd = fd };
	struct utsname u;

	uname(&u);
	if (fd < 0 || faccessat(fd, u.release, F_OK, 0) == 0 || !dir_next(&dir))
		return 0;
	return err_set(e, REASON_MODULES_MISSING,
		"release: %s: /usr/lib/modules: expected a directory %s for the running kernel, found others",
		version, u.release);
}
