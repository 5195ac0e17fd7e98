/* SPDX-License-Identifier: MIT */
#include "tool/meta.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32 /* of nested arrays and objects */
#define TEXT_MAX 64  /* bytes of a string that we look at, with its NUL */

/* A reader that moves over the text; the error is set where it is found. */
struct reader {
	const char *name, *text;
	size_t n, at;
	unsigned depth;
	bool version; /* seen */
	struct err *e;
};

static int not_json(struct reader *r, const char *what)
{
	return err_set(r->e, REASON_FAILED,
		"%s: expected %s at byte %zu, found %s", r->name, what, r->at,
		r->at < r->n ? "something else" : "the end");
}

static char peek(struct reader *r)
{
	while (r->at < r->n && r->text[r->at] &&
		strchr(" \t\r\n", r->text[r->at]))
		r->at++;
	return r->at < r->n ? r->text[r->at] : '\0';
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

/*
 * A string, into out (TEXT_MAX bytes). Escapes are kept as they are written
 * and what is too long is cut: no name that we know has or is either.
 */
static int read_string(struct reader *r, char *out)
{
	size_t n = 0;

	if (!take(r, '"'))
		return not_json(r, "a string");
	while (r->at < r->n && r->text[r->at] != '"') {
		size_t step = r->text[r->at] == '\\' ? 2 : 1;

		for (; step && r->at < r->n; step--, r->at++)
			if (n < TEXT_MAX - 1)
				out[n++] = r->text[r->at];
	}
	out[n] = '\0';
	if (r->at >= r->n)
		return not_json(r, "the end of a string");
	r->at++;
	return 0;
}

/* A number, true, false or null, into out (TEXT_MAX bytes). */
static int read_word(struct reader *r, char *out)
{
	size_t n = 0;

	peek(r);
	while (r->at < r->n && n < TEXT_MAX - 1 && r->text[r->at] &&
		strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE",
			r->text[r->at]))
		out[n++] = r->text[r->at++];
	out[n] = '\0';
	return n ? 0 : not_json(r, "a value");
}

static int skip_value(struct reader *r);

/* What comes between the brackets of an array or object that we skip. */
static int skip_inside(struct reader *r, char close)
{
	char text[TEXT_MAX];

	if (take(r, close))
		return 0;
	do {
		if (close == '}') {
			if (read_string(r, text) != 0)
				return -1;
			if (!take(r, ':'))
				return not_json(r, "a colon");
		}
		if (skip_value(r) != 0)
			return -1;
	} while (take(r, ','));
	return take(r, close) ? 0 : not_json(r, "a comma or a bracket");
}

static int skip_value(struct reader *r)
{
	char text[TEXT_MAX], c = peek(r);
	int ret;

	if (c == '"')
		return read_string(r, text);
	if (c != '{' && c != '[')
		return read_word(r, text);
	if (r->depth == DEPTH_MAX)
		return not_json(r, "less nesting");
	r->at++;
	r->depth++;
	ret = skip_inside(r, c == '{' ? '}' : ']');
	r->depth--;
	return ret;
}

/*
 * Calls member for each key of an object, with the reader at its value,
 * which it must consume.
 */
static int each_member(struct reader *r, struct meta *m,
	int (*member)(struct reader *r, struct meta *m, const char *key))
{
	char key[TEXT_MAX];

	if (!take(r, '{'))
		return not_json(r, "an object");
	if (take(r, '}'))
		return 0;
	do {
		if (read_string(r, key) != 0)
			return -1;
		if (!take(r, ':'))
			return not_json(r, "a colon");
		if (member(r, m, key) != 0)
			return -1;
	} while (take(r, ','));
	return take(r, '}') ? 0 : not_json(r, "a comma or a bracket");
}

/* The last unknown name of a list of features; empty: none. */
static int read_features(struct reader *r, const char *known, char *unknown)
{
	char name[TEXT_MAX];

	unknown[0] = '\0';
	if (!take(r, '['))
		return not_json(r, "an array");
	if (take(r, ']'))
		return 0;
	do {
		if (read_string(r, name) != 0)
			return -1;
		if (!known || strcmp(name, known) != 0)
			snprintf(unknown, TEXT_MAX, "%s", name[0] ? name : "?");
	} while (take(r, ','));
	return take(r, ']') ? 0 : not_json(r, "a comma or a bracket");
}

static int feature_member(struct reader *r, struct meta *m, const char *key)
{
	char unknown[TEXT_MAX];

	/* The one that composefs-rs sets: it says what cfsctl would write. */
	if (!strcmp(key, "read-only-compatible"))
		return read_features(r, "v1_erofs", m->read_only);
	if (strcmp(key, "incompatible") != 0)
		return skip_value(r);
	if (read_features(r, NULL, unknown) != 0)
		return -1;
	if (unknown[0])
		return err_set(r->e, REASON_FAILED,
			"%s: expected no incompatible feature, found \"%s\"",
			r->name, unknown);
	return 0;
}

static int read_algorithm(struct reader *r, struct meta *m)
{
	char text[TEXT_MAX];

	if (read_string(r, text) != 0)
		return -1;
	for (unsigned a = HASH_SHA256; a <= HASH_SHA512; a++)
		if (!strcmp(text, meta_algorithm(a)))
			m->algorithm = a;
	if (!m->algorithm)
		return err_set(r->e, REASON_FAILED,
			"%s: expected algorithm fsverity-sha256-12 or fsverity-sha512-12, found \"%s\"",
			r->name, text);
	return 0;
}

static int meta_member(struct reader *r, struct meta *m, const char *key)
{
	char text[TEXT_MAX];

	if (!strcmp(key, "algorithm"))
		return read_algorithm(r, m);
	if (!strcmp(key, "features"))
		return each_member(r, m, feature_member);
	if (strcmp(key, "version") != 0)
		return skip_value(r);
	if (read_word(r, text) != 0)
		return -1;
	if (strcmp(text, "1") != 0)
		return err_set(r->e, REASON_FAILED,
			"%s: expected a store of version 1, found %s", r->name,
			text);
	r->version = true;
	return 0;
}

int meta_parse(struct meta *m, const char *name, const char *text, size_t n,
	struct err *e)
{
	struct reader r = { .name = name, .text = text, .n = n, .e = e };

	memset(m, 0, sizeof(*m));
	if (each_member(&r, m, meta_member) != 0)
		return -1;
	peek(&r);
	if (r.at < n)
		return not_json(&r, "the end");
	if (!m->algorithm || !r.version)
		return err_set(e, REASON_FAILED,
			"%s: expected an algorithm and a version, found no %s",
			name, r.version ? "algorithm" : "version");
	return 0;
}

size_t meta_format(char *out, size_t size, enum hash_algorithm algorithm)
{
	return snprintf(out, size,
		"{\n"
		"  \"version\": 1,\n"
		"  \"algorithm\": \"%s\",\n"
		"  \"features\": {\n"
		"    \"compatible\": [],\n"
		"    \"read-only-compatible\": [],\n"
		"    \"incompatible\": []\n"
		"  }\n"
		"}\n",
		meta_algorithm(algorithm));
}

const char *meta_algorithm(enum hash_algorithm a)
{
	return a == HASH_SHA512 ? "fsverity-sha512-12" : "fsverity-sha256-12";
}
