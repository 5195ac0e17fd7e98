/* SPDX-License-Identifier: MIT */
/* A manifest: what is accepted keeps the promises of release.h. */
#include "core/release.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Inside of the text; only a description may have more than ASCII. */
static void check_words(
	struct slice list, const char *text, size_t n, char first)
{
	struct slice word;

	must(!list.s || (list.s > text && list.s + list.n < text + n));
	while (words_next(&list, &word)) {
		must(word.n && (!first || word.s[0] == first));
		for (size_t i = 0; i < word.n; i++)
			must(word.s[i] > 0x20 && word.s[i] < 0x7f &&
				!strchr("\"\\$`", word.s[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	/* A copy that ends where it ends, for ASan. */
	char *text = malloc(n);
	struct release r;
	struct err e;

	memcpy(text, bytes, n);
	if (release_parse(&r, "web", "2", "m", text, n, &e) != 0) {
		must(e.reason == REASON_RELEASE_INVALID && e.text[0]);
	} else {
		must(!strcmp(r.name, "web") && !strcmp(r.version, "2"));
		must(r.sequence && r.rollback_index <= r.sequence);
		must(r.images.n && r.images.n <= RELEASE_IMAGES_MAX);
		for (unsigned i = 0; i < r.images.n; i++)
			must(r.images.list[i].algorithm == r.algorithm);
		check_words(r.preflight, text, n, '/');
		check_words(r.kernel_arguments, text, n, '\0');
		must(!r.description.s ||
			(r.description.n <= RELEASE_DESCRIPTION_MAX &&
				r.description.s > text &&
				r.description.s + r.description.n < text + n));
	}
	free(text);
	return 0;
}
