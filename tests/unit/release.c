/* SPDX-License-Identifier: MIT */
/* Manifests: what they may say. */
#include "core/release.h"

#include "core/text.h"
#include "tap.h"

#define FORMAT RELEASE_FORMAT "\n"
#define NAMES "name=web\nversion=2\n"
#define NUMBERS "sequence=7\nrollback_index=5\n"
#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE "algorithm=sha256\nimages=" D "\n"
#define SMALL FORMAT NAMES NUMBERS IMAGE
#define WHERE "releases/web/2/manifest"

static struct release r;
static struct err e;

static int parse(const char *text, size_t n)
{
	memset(&e, 0, sizeof(e));
	return release_parse(&r, "web", "2", WHERE, text, n, &e);
}

static bool slice_is(struct slice s, const char *want)
{
	return s.s && s.n == strlen(want) && memcmp(s.s, want, s.n) == 0;
}

static void check_good(void)
{
	static const char full[] = FORMAT
		"description=\"Caf\xc3\xa9 2, it's \xe2\x82\xac 5\"\n"
		"kernel_arguments=\"quiet console=ttyS0,115200 loglevel\"\n"
		"preflight=\"/usr/bin/app /etc/app.conf\"\n"
		"images=\"" D " " D2 "\"\nalgorithm=\"sha256\"\n"
		"rollback_index=0\nsequence=18446744073709551615\n"
		"version=\"2\"\nname=web\n";
	struct slice list, word;

	is_int(parse(SMALL, sizeof(SMALL) - 1), 0, "the least: %s", e.text);
	ok(!strcmp(r.name, "web") && !strcmp(r.version, "2") &&
			r.sequence == 7 && r.rollback_index == 5 &&
			r.algorithm == HASH_SHA256 && r.images.n == 1 &&
			r.images.list[0].bytes[1] == 0x23,
		"what it says");
	ok(!r.preflight.s && !r.kernel_arguments.s && !r.description.s,
		"and what it does not");
	is_int(parse(full, sizeof(full) - 1), 0, "everything: %s", e.text);
	ok(r.sequence == UINT64_MAX && r.rollback_index == 0 &&
			r.images.n == 2 && r.images.list[1].bytes[0] == 0x11,
		"in any order, up to the largest number");
	ok(slice_is(r.description, "Caf\xc3\xa9 2, it's \xe2\x82\xac 5"),
		"description");
	ok(r.preflight.s > full && r.preflight.s < full + sizeof(full),
		"slices of the text");
	list = r.preflight;
	ok(words_next(&list, &word) && slice_is(word, "/usr/bin/app") &&
			words_next(&list, &word) &&
			slice_is(word, "/etc/app.conf") &&
			!words_next(&list, &word),
		"preflight, word by word");
	list = r.kernel_arguments;
	ok(words_next(&list, &word) && slice_is(word, "quiet") &&
			words_next(&list, &word) &&
			slice_is(word, "console=ttyS0,115200") &&
			words_next(&list, &word) && slice_is(word, "loglevel"),
		"kernel arguments");
}

static const char text_rule
	[] = "text without \\ $ ` and \", in double quotes if there is more than letters, digits and ._-+:/,=@%",
	name_rule[] =
		"1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit",
	number_rule[] = "a number below 2^64 without a leading zero",
	digest_rule[] = "64 or 128 lower-case hex digits",
	path_rule[] =
		"at most 256 absolute paths without . or .. or //, of 255 characters at most",
	key_rule[] = "key=value with a key of this format";

/* One line after a manifest that is good without it; line 8. */
static const struct {
	const char *line, *expected;
} bad_lines[] = {
	{ "", key_rule },
	{ "# comment", key_rule },
	{ "colour=blue", key_rule },
	{ " description=x", key_rule },
	{ "Description=x", key_rule },
	{ "description =x", key_rule },
	{ "description", key_rule },
	{ "=x", key_rule },
	{ "name=web", "each key once" },
	{ "images=" D2, "each key once" },
	{ "description=", text_rule },
	{ "description=\"\"", text_rule },
	{ "description=\"", text_rule },
	{ "description=a b", text_rule },
	{ "description=caf\xc3\xa9", text_rule },
	{ "description=\"a\"b\"", text_rule },
	{ "description=\"a\\b\"", text_rule },
	{ "description=\"$HOME\"", text_rule },
	{ "description=\"`id`\"", text_rule },
	{ "description=$(id)", text_rule },
	{ "description=a;b", text_rule },
	{ "description=\"a\tb\"", text_rule },
	{ "description=\"\xc3\"", text_rule },
	{ "description=\"\xc0\xaf\"", text_rule },
	{ "description=\"\xed\xa0\x80\"", text_rule },
	{ "description=\"\xc2\x9b\"", text_rule },
	{ "description=\"a\r\"", text_rule },
	{ "preflight=\"/caf\xc3\xa9\"", text_rule },
	{ "preflight=/a b", text_rule },
	{ "preflight=a", path_rule },
	{ "preflight=\"/a  /b\"", path_rule },
	{ "preflight=\" /a\"", path_rule },
	{ "preflight=\"/a \"", path_rule },
	{ "preflight=/a/../b", path_rule },
	{ "preflight=//a", path_rule },
	{ "preflight=/a/", path_rule },
	{ "kernel_arguments=\"a  b\"",
		"kernel arguments with single blanks between them" },
	{ "kernel_arguments=\"=b\"",
		"kernel arguments with single blanks between them" },
};

/* A line in the place of the good one of its key. */
static const struct {
	const char *line, *expected;
} bad_values[] = {
	{ "name=Web", name_rule },
	{ "name=" D "x", name_rule },
	{ "name=.web", name_rule },
	{ "name=-web", name_rule },
	{ "name=a/b", name_rule },
	{ "name=..", name_rule },
	{ "version="
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		name_rule },
	{ "sequence=07", number_rule },
	{ "sequence=+7", number_rule },
	{ "sequence=-1", number_rule },
	{ "sequence=0x7", number_rule },
	{ "sequence=18446744073709551616", number_rule },
	{ "sequence=99999999999999999999999", number_rule },
	{ "rollback_index=5,", number_rule },
	{ "algorithm=md5", "sha256 or sha512" },
	{ "algorithm=sha2567", "sha256 or sha512" },
	{ "images=" D D2, NULL },
	{ "images=" D "0", digest_rule },
	{ "images=0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		digest_rule },
	{ "images=\"" D "  " D2 "\"", digest_rule },
	{ "images=\"" D " " D "\"", "different images" },
	{ "images=\"" D " " D2 " " D "\"", "different images" },
};

static void refused(const char *text, const char *sentence, const char *what)
{
	ok(parse(text, strlen(text)) == -1 &&
			e.reason == REASON_RELEASE_INVALID,
		"%s: refused", what);
	is_str(e.text, sentence, "%s: the sentence", what);
}

static void check_bad_lines(void)
{
	char text[4096], want[1200];

	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		const char *line = bad_lines[i].line;

		snprintf(text, sizeof(text), "%s%s\n", SMALL, line);
		snprintf(want, sizeof(want),
			"release: " WHERE ":8: expected %s, found '%s'",
			bad_lines[i].expected, line);
		text_printable(want);
		refused(text, want, *line ? line : "an empty line");
	}
	snprintf(text, sizeof(text), "%sdescription=x", SMALL);
	refused(text,
		"release: " WHERE
		":8: expected a line that ends in a newline, found 'description=x'",
		"no newline at the end");
}

static void check_bad_values(void)
{
	static const char *const good[] = { "name=web\n", "version=2\n",
		"sequence=7\n", "rollback_index=5\n", "algorithm=sha256\n",
		"images=" D "\n" };
	char text[4096], want[1200];

	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]);
		i++) {
		const char *line = bad_values[i].line;
		int at = 0, n = snprintf(text, sizeof(text), FORMAT);

		for (int k = 0; k < 6; k++) {
			bool same = !strncmp(
				good[k], line, strcspn(good[k], "=") + 1);

			at = same ? k + 2 : at;
			n += snprintf(text + n, sizeof(text) - n, "%s%s",
				same ? line : good[k], same ? "\n" : "");
		}
		snprintf(want, sizeof(want),
			"release: " WHERE ":%d: expected %s, found '%.80s'", at,
			bad_values[i].expected, line);
		if (!bad_values[i].expected)
			strcpy(want,
				"release: " WHERE
				": expected images of its algorithm, found others");
		refused(text, want, line);
	}
}

static void check_whole(void)
{
	refused("format=rootwright-release-2\n" NAMES NUMBERS IMAGE,
		"release: " WHERE
		":1: expected format=rootwright-release-1, found 'format=rootwright-release-2'",
		"another format");
	refused(NAMES FORMAT NUMBERS IMAGE,
		"release: " WHERE
		":1: expected format=rootwright-release-1, found 'name=web'",
		"the format not first");
	refused(SMALL FORMAT,
		"release: " WHERE
		":8: expected key=value with a key of this format, found 'format=rootwright-release-1'",
		"the format again");
	refused("", "release: " WHERE ": expected name=, found none", "empty");
	refused(FORMAT NAMES IMAGE "sequence=7\n",
		"release: " WHERE ": expected rollback_index=, found none",
		"a key left out");
	refused(FORMAT "name=web\nversion=3\n" NUMBERS IMAGE,
		"release: " WHERE
		": expected the name and version of its directories, found others",
		"another version");
	refused(FORMAT "name=wep\nversion=2\n" NUMBERS IMAGE,
		"release: " WHERE
		": expected the name and version of its directories, found others",
		"another name");
	refused(FORMAT NAMES IMAGE "sequence=7\nrollback_index=8\n",
		"release: " WHERE
		": expected a rollback_index of at most the sequence, found others",
		"rollback_index above");
	refused(FORMAT NAMES IMAGE "sequence=0\nrollback_index=0\n",
		"release: " WHERE
		": expected a sequence of 1 or more, found others",
		"sequence=0");
}

static void check_sizes(void)
{
	static char big[8192];
	int n;

	n = snprintf(big, sizeof(big), "%sdescription=\"", SMALL);
	memset(big + n, 'x', 255);
	strcpy(big + n + 255, "\"\n");
	is_int(parse(big, strlen(big)), 0, "255 bytes of description");
	strcpy(big + n + 255, "x\"\n");
	ok(parse(big, strlen(big)) != 0 && strstr(e.text, "at most 255 bytes"),
		"not 256");
	n = snprintf(big, sizeof(big), "%spreflight=\"", SMALL);
	for (int i = 0; i < 256; i++)
		n += snprintf(
			big + n, sizeof(big) - n, "%s/%d", i ? " " : "", i);
	strcpy(big + n, "\"\n");
	is_int(parse(big, strlen(big)), 0, "256 paths of preflight");
	strcpy(big + n, " /x\"\n");
	ok(parse(big, strlen(big)) != 0 && strstr(e.text, "at most 256"),
		"not 257");
	memcpy(big, SMALL, sizeof(SMALL));
	big[sizeof(FORMAT) + 6] = '\0';
	ok(parse(big, sizeof(SMALL) - 1) != 0, "a NUL byte");
	n = snprintf(big, sizeof(big),
		FORMAT NAMES NUMBERS "algorithm=sha256\nimages=\"");
	for (int i = 0; i < 9; i++)
		n += snprintf(big + n, sizeof(big) - n, "%s%d%s", i ? " " : "",
			i, D + 1);
	strcpy(big + n, "\"\n");
	ok(parse(big, strlen(big)) != 0 && strstr(e.text, "at most 8 images"),
		"9 images");
	strcpy(big + n - 65, "\"\n");
	ok(parse(big, strlen(big)) == 0 && r.images.n == 8, "8 images: %s",
		e.text);
}

int main(void)
{
	check_good();
	check_bad_lines();
	check_bad_values();
	check_whole();
	check_sizes();
	return tap_done();
}
