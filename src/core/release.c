/* SPDX-License-Identifier: MIT */
#include "core/release.h"

#include "core/file.h"
#include "core/verity.h"

/* As in enum hash_algorithm. */
static const char *const algorithms[] = { "", "sha256", "sha512", NULL };

static const char *read_images(void *member, const char *v, size_t n)
{
	struct slice word, list = { v, n };
	const char *expected = NULL;

	while (!expected && words_next(&list, &word))
		expected = images_add(member, word.s, word.n);
	return expected;
}

static const char *read_paths(void *member, const char *v, size_t n)
{
	struct slice word, list = { v, n };
	unsigned count = 0;

	while (words_next(&list, &word))
		if (++count > RELEASE_PATHS_MAX || word.n >= VALUE_MAX ||
			!clean_path(word.s, word.n))
			return "at most 256 absolute paths without . or .. or //, of 255 characters at most";
	*(struct slice *)member = (struct slice){ v, n };
	return NULL;
}

static const char *read_arguments(void *member, const char *v, size_t n)
{
	struct slice word, list = { v, n };

	while (words_next(&list, &word))
		if (word.n == 0 || word.s[0] == '=')
			return "kernel arguments with single blanks between them";
	*(struct slice *)member = (struct slice){ v, n };
	return NULL;
}

static const char *read_description(void *member, const char *v, size_t n)
{
	if (n > RELEASE_DESCRIPTION_MAX)
		return "at most 255 bytes";
	*(struct slice *)member = (struct slice){ v, n };
	return NULL;
}

#define AT(member) offsetof(struct release, member)
static const struct field list[] = {
	{ "name", AT(name), .read = field_name, .required = true },
	{ "version", AT(version), .read = field_name, .required = true },
	{ "sequence", AT(sequence), .read = field_number, .required = true },
	{ "rollback_index", AT(rollback_index), .read = field_number,
		.required = true },
	{ "algorithm", AT(algorithm), .words = algorithms,
		.expected = "sha256 or sha512", .required = true },
	{ "images", AT(images), .read = read_images, .required = true },
	{ "preflight", AT(preflight), .read = read_paths },
	{ "kernel_arguments", AT(kernel_arguments), .read = read_arguments },
	{ "description", AT(description), .read = read_description,
		.utf8 = true },
};

static const struct fields fields = { "release", RELEASE_FORMAT, list,
	sizeof(list) / sizeof(list[0]), REASON_RELEASE_INVALID, NULL };

int release_parse(struct release *r, const char *name, const char *version,
	const char *where, const char *text, size_t n, struct err *e)
{
	const char *expected = NULL;

	memset(r, 0, sizeof(*r));
	if (fields_read(r, &fields, where, text, n, e) != 0)
		return -1;
	if (strcmp(r->name, name) || strcmp(r->version, version))
		expected = "the name and version of its directories";
	else if (r->sequence == 0)
		expected = "a sequence of 1 or more";
	else if (r->rollback_index > r->sequence)
		expected = "a rollback_index of at most the sequence";
	for (unsigned i = 0; i < r->images.n; i++)
		if (r->images.list[i].algorithm != r->algorithm)
			expected = "images of its algorithm";
	if (!expected)
		return 0;
	return err_set(e, REASON_RELEASE_INVALID,
		"release: %s: expected %s, found others", where, expected);
}

int release_read(int storefd, const char *name, const char *version,
	char *where, char *text, size_t *n, struct err *e)
{
	char checked[NAME_MAX_SIZE];
	AUTO_FD int dir = -1;
	ssize_t got = -1;

	snprintf(where, RELEASE_WHERE_MAX, "releases/%.64s/%.64s", name,
		version);
	errno = EINVAL;
	if (!field_name(checked, name, strlen(name)) &&
		!field_name(checked, version, strlen(version)))
		dir = open_how(
			storefd, where, O_RDONLY | O_DIRECTORY, RESOLVE_STRICT);
	strcat(where, "/manifest");
	if (dir >= 0)
		got = read_beneath(dir, "manifest", text, RELEASE_MAX);
	if (got < 0)
		return err_sys(e, REASON_RELEASE_INVALID, errno,
			"release: %s: expected a regular file of at most %d bytes",
			where, RELEASE_MAX);
	*n = got;
	return fd_take(&dir);
}

void release_digest(struct digest *d, const char *text, size_t n)
{
	AUTO_FD int fd = memfd_create("release", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n ||
		verity_compute(d, HASH_SHA256, fd, n) != 0)
		memset(d, 0, sizeof(*d)); /* which nobody signs */
}

int signers_add(struct signers *s, const char *path, const uint8_t *signature,
	size_t n, const struct digest *d, const struct keyring *k,
	struct err *e)
{
	uint8_t tbs[FORMATTED_MAX];
	const struct key *key;
	unsigned i;

	if (keyring_verify(k, path, signature, n, tbs, digest_formatted(d, tbs),
		    &key, e) != 0)
		return -1;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->keys[i]->id, key->id) == 0)
			return 0;
	s->keys[s->n++] = key;
	return 0;
}

int signers_enough(const struct signers *s, const char *where,
	unsigned threshold, const struct err *first, struct err *e)
{
	/* Whatever the caller made of it, no signature is never enough. */
	if (s->n && s->n >= threshold)
		return 0;
	return err_set(e, s->n ? REASON_SIGNATURE_THRESHOLD : first->reason,
		"release: %s: expected signatures by %u different keys, found %u%s%s",
		where, threshold, s->n, first->text[0] ? ": " : "",
		first->text);
}

int release_verify(struct signers *s, int dirfd, const char *where,
	const char *text, size_t n, const struct keyring *k, unsigned threshold,
	struct err *e)
{
	static uint8_t signature[SIGNATURE_MAX];
	size_t parent = strrchr(where, '/') - where, files = 0, size;
	struct dir dir = { .fd = dirfd };
	struct err first = { 0 };
	char path[512];
	const char *name;
	struct digest d;

	s->n = 0;
	release_digest(&d, text, n);
	lseek(dirfd, 0, SEEK_SET);
	while (files < RELEASE_SIGNATURES_MAX && (name = dir_next(&dir))) {
		size_t name_n = strlen(name);

		if (name_n < 5 || strcmp(name + name_n - 4, ".p7s") != 0)
			continue;
		files++;
		snprintf(path, sizeof(path), "%.*s/%s", (int)parent, where,
			name);
		if ((signature_load(dirfd, name, signature, &size, e) != 0 ||
			    signers_add(s, path, signature, size, &d, k, e)) &&
			(!first.text[0] ||
				first.reason == REASON_SIGNATURE_UNTRUSTED))
			first = *e; /* by a stranger says the least */
	}
	if (!files)
		err_sys(&first, REASON_SIGNATURE_MISSING, dir.error,
			"expected *.p7s beside it, found none");
	return signers_enough(s, where, threshold, &first, e);
}
