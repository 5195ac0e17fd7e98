/* SPDX-License-Identifier: MIT */
#include "core/err.h"

#include <errno.h>

#include "tap.h"

static void check_names(void)
{
	int r, other, bad = 0, twice = 0;

	for (r = 0; r < REASON_COUNT; r++) {
		const char *s = reason_name(r);

		if (!*s ||
			strspn(s, "abcdefghijklmnopqrstuvwxyz-") != strlen(s))
			bad++;
		for (other = 0; other < r; other++)
			twice += strcmp(s, reason_name(other)) == 0;
	}
	is_int(bad, 0, "names are lower-case words");
	is_int(twice, 0, "no name is used twice");
	is_str(reason_name(REASON_IMAGE_MISMATCH), "image-mismatch",
		"a name belongs to its code");
	is_str(reason_name(REASON_COUNT - 1), "not-initramfs",
		"the last one too");
	for (bad = 0, r = 1; r < REASON_COUNT; r++)
		bad += !*err_hint_text(&(struct err){ .reason = r });
	is_int(bad, 0, "every reason but 'failed' has a hint");
}

static void check_errors(void)
{
	struct err e = { 0 };
	char longer[2000];

	is_int(err_set(&e, REASON_SYSROOT, "a: %s", "b\nc\x1b[0m"), -1,
		"err_set returns -1");
	is_str(e.text, "a: b?c?[0m", "what is not printable becomes ?");
	is_str(err_hint_text(&e),
		"create the directory in the initramfs, and let nothing else be mounted there",
		"the reason's hint");
	err_hint(&e, "do %d\n", 5);
	is_str(err_hint_text(&e), "do 5?", "the error's own hint");
	err_sys(&e, REASON_FAILED, ENOENT, "open x");
	is_str(e.text, "open x: No such file or directory", "err_sys");
	is_str(err_hint_text(&e), "", "an old hint is forgotten");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, REASON_FAILED, "%s", longer);
	is_int(strlen(e.text), sizeof(e.text) - 1, "a sentence is cut");
	err_sys(&e, REASON_FAILED, ENOENT, "%s", longer);
	is_int(strlen(e.text), sizeof(e.text) - 1, "with its errno too");
}

int main(void)
{
	check_names();
	check_errors();
	return tap_done();
}
