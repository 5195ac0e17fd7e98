/* SPDX-License-Identifier: MIT */
#include "tool/release_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void release_json_begin(struct release_json *r)
{
	memset(r, 0, sizeof(*r));
	fputs("{\"releases\":[", stdout);
}

static void put_words(struct json *j, const char *key, struct slice list)
{
	char text[RELEASE_MAX];
	struct slice word;

	json_open(j, key, '[');
	while (words_next(&list, &word)) {
		snprintf(text, sizeof(text), "%.*s", (int)word.n, word.s);
		json_string(j, NULL, text);
	}
	json_close(j, ']');
}

static void put_release(struct json *j, const struct store_release *x)
{
	const struct release *r = &x->release;
	char hex[DIGEST_HEX_MAX], text[RELEASE_DESCRIPTION_MAX + 1];
	struct digest d;

	json_number(j, "sequence", r->sequence);
	json_number(j, "rollback_index", r->rollback_index);
	json_string(j, "algorithm", hash_name(r->algorithm));
	json_open(j, "images", '[');
	for (unsigned i = 0; i < r->images.n; i++)
		json_string(j, NULL, digest_to_hex(&r->images.list[i], hex));
	json_close(j, ']');
	put_words(j, "preflight", r->preflight);
	if (r->kernel_arguments.s)
		put_words(j, "kernel_arguments", r->kernel_arguments);
	if (r->description.s) {
		snprintf(text, sizeof(text), "%.*s", (int)r->description.n,
			r->description.s);
		json_string(j, "description", text);
	}
	release_digest(&d, x->text, x->n);
	json_string(j, "digest", digest_to_hex(&d, hex));
}

int release_json_open(
	struct release_json *r, const struct store_release *x, struct err *e)
{
	/* A byte is escaped by six at most; then what the caller adds. */
	size_t size = 6 * x->n + 65536;

	r->buf = malloc(size);
	if (!r->buf)
		return err_set(e, REASON_FAILED, "release: out of memory");
	json_begin(&r->j, r->buf, size);
	json_open(&r->j, NULL, '{');
	json_string(&r->j, "name", x->name);
	json_string(&r->j, "version", x->version);
	if (x->fault)
		json_string(&r->j, "fault", x->fault);
	else
		put_release(&r->j, x);
	json_number(&r->j, "signature_files", x->n_signatures);
	return 0;
}

int release_json_close(struct release_json *r, struct err *e)
{
	bool full;

	json_close(&r->j, '}');
	full = r->j.full;
	if (!full)
		printf("%s%s", r->any ? "," : "", r->buf);
	r->any = true;
	free(r->buf);
	r->buf = NULL;
	return full ? err_set(e, REASON_FAILED,
			      "release: expected less to print, found more")
		    : 0;
}

void release_json_end(struct release_json *r)
{
	(void)r;
	puts("]}");
}

void release_print(const struct store_release *x)
{
	printf("%s %s: sequence %llu, rollback_index %llu", x->name, x->version,
		(unsigned long long)x->release.sequence,
		(unsigned long long)x->release.rollback_index);
}
