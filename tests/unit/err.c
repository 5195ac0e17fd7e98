/* SPDX-License-Identifier: MIT */
/* Sentences: put together, cut, cleaned of what a console would obey. */
#include "core/err.h"

#include <errno.h>

#include "tap.h"

static void test_fields(void)
{
	struct err e;

	is_int(err_set(&e, REASON_IMAGE_MISMATCH, "image: %s: expected %d", "x",
		       3),
		-1, "err_set returns -1");
	is_int(e.reason, REASON_IMAGE_MISMATCH, "the reason is kept");
	is_str(e.text, "image: x: expected 3", "the sentence is formatted");
	is_str(err_hint_text(&e),
		"the image was changed or damaged: install it again",
		"without a hint of its own, the reason's");
	is_int(err_hint(&e, "look at %s", "y"), -1, "err_hint returns -1");
	is_str(err_hint_text(&e), "look at y", "a hint of its own");
	err_set(&e, REASON_IMAGE_MISMATCH, "again");
	is_str(err_hint_text(&e),
		"the image was changed or damaged: install it again",
		"a new error keeps no hint of an earlier one");
	is_int(err_sys(&e, REASON_IMAGE_MISMATCH, ENOENT, "open: %s", "/x"), -1,
		"err_sys returns -1");
	is_str(e.text, "open: /x: No such file or directory",
		"err_sys adds the cause");
}

static void test_cut(void)
{
	char big[3000];
	struct err e;

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&e, REASON_IMAGE_MISMATCH, "%s", big);
	is_int(strlen(e.text), sizeof(e.text) - 1, "a long sentence is cut");
	err_sys(&e, REASON_IMAGE_MISMATCH, ENOENT, "%s", big);
	is_int(strlen(e.text), sizeof(e.text) - 1, "with a cause too");
	err_hint(&e, "%s", big);
	is_int(strlen(e.hint), sizeof(e.hint) - 1, "a long hint is cut");
	memset(big, 'a', sizeof(e.text) - 2);
	strcpy(big + sizeof(e.text) - 2, "\xc3\xa4");
	err_set(&e, REASON_IMAGE_MISMATCH, "%s", big);
	is_int(e.text[sizeof(e.text) - 2], '?',
		"half a character at the cut is no character");
}

static void test_printable(void)
{
	static const struct {
		const char *in, *out, *what;
	} cases[] = {
		{ "a\nb\tc", "a?b?c", "newline and tab" },
		{ "\x1b[31m\x7f", "?[31m?", "escape and delete" },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
			"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
			"two, three and four bytes of UTF-8 stay" },
		{ "x\xc2\x9b"
		  "31m",
			"x??31m", "a C1 control character" },
		{ "x\xc2\xa0y", "x\xc2\xa0y", "the first one after C1" },
		{ "x\x9b"
		  "31m",
			"x?31m", "a byte that continues nothing" },
		{ "\xe2\x82", "??", "a character that ends early" },
		{ "\xc3", "?", "a first byte alone" },
		{ "\xc0\xaf", "??", "an overlong form" },
		{ "\xf5\x80\x80\x80", "????", "above Unicode" },
		{ "\xff\xfe", "??", "bytes that UTF-8 never has" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err_set(&e, REASON_IMAGE_MISMATCH, "%s", cases[i].in);
		is_str(e.text, cases[i].out, "%s", cases[i].what);
		err_hint(&e, "%s", cases[i].in);
		is_str(e.hint, cases[i].out, "%s, in a hint", cases[i].what);
	}
	err_sys(&e, REASON_IMAGE_MISMATCH, EIO, "\x1b");
	is_str(e.text, "?: Input/output error", "err_sys cleans too");
}

int main(void)
{
	test_fields();
	test_cut();
	test_printable();
	return tap_done();
}
