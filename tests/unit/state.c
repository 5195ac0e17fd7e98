/* SPDX-License-Identifier: MIT */
/* The two records: which one counts, and what makes one invalid. */
#include "core/state.h"

#include <mbedtls/md.h>
#include <stdlib.h>

#include "core/text.h"
#include "tap.h"

#define FORMAT "format=rootwright-state-1\n"
#define NEEDED "generation=3\nname=web\nfloor=5\n"

static struct state s;
static struct err e;
static uint8_t bytes[STATE_SIZE];

/* A record of these lines with the right checksum. */
static void put(int record, const char *text)
{
	uint8_t *p = bytes + record * STATE_RECORD, sum[32];
	char hex[65];

	memset(p, '\n', STATE_RECORD);
	memcpy(p + 72, text, strlen(text));
	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), p + 72,
		STATE_RECORD - 72, sum);
	memcpy(p, "sha256=", 7);
	memcpy(p + 7, text_hex(hex, sum, 32), 64);
}

static int choose(void)
{
	memset(&s, 0xff, sizeof(s));
	memset(&e, 0, sizeof(e));
	return state_choose(&s, "web", bytes, sizeof(bytes), &e);
}

static bool is_new(void)
{
	return s.generation == 0 && !strcmp(s.name, "web") && !s.blessed[0] &&
	       s.floor == 0 && !s.trying[0] && s.tries_left == 0;
}

static void check_format(void)
{
	static const char want[] =
		FORMAT "generation=18446744073709551615\nname=web\n"
		       "blessed=1.0\nfloor=5\ntrying=1.1-rc1\ntries_left=2\n\n";
	struct state in = { UINT64_MAX, "web", "1.0", 5, "1.1-rc1", 2 };

	state_format(bytes, &in);
	ok(!memcmp(bytes, "sha256=", 7) && bytes[71] == '\n', "the checksum");
	ok(!memcmp(bytes + 72, want, sizeof(want) - 1), "the lines");
	ok(bytes[STATE_RECORD - 1] == '\n', "and newlines to the end");
	memset(bytes + STATE_RECORD, 0, STATE_RECORD);
	is_int(choose(), 0, "what is written can be read: %s", e.text);
	ok(s.generation == UINT64_MAX && !strcmp(s.name, "web") &&
			!strcmp(s.trying, "1.1-rc1"),
		"and is the same");
	ok(!strcmp(s.blessed, "1.0") && s.floor == 5 && s.tries_left == 2,
		"all of it");
	in = (struct state){ .name = "web" };
	state_format(bytes + STATE_RECORD, &in);
	is_int(choose(), 1, "0 comes after the largest number");
	ok(is_new(), "a state of nothing");
}

static void check_which(void)
{
	put(0, FORMAT NEEDED);
	put(1, FORMAT "generation=4\nname=web\nfloor=6\n");
	is_int(choose(), 1, "the larger generation");
	is_int(s.floor, 6, "is read");
	put(1, FORMAT "generation=2\nname=web\nfloor=6\n");
	is_int(choose(), 0, "wherever it stands");
	is_int(s.floor, 5, "is read");
	put(1, FORMAT "generation=3\nname=web\nfloor=6\n");
	is_int(choose(), 0, "the first of two that are equal");
	put(1, FORMAT "generation=9\nname=other\nfloor=6\n");
	is_int(choose(), 0, "another name does not count");
	put(1, FORMAT "generation=9\nname=web\nfloor=6\n");
	bytes[STATE_SIZE - 1] ^= 1;
	is_int(choose(), 0, "a wrong checksum does not count");
	put(1, FORMAT "generation=9\nname=web\nfloor=6\n");
	bytes[0] ^= 1;
	is_int(choose(), 1, "the good one counts");
	bytes[STATE_RECORD + 71] = ' ';
	is_int(choose(), -1, "none is good");
	ok(is_new(), "is like nothing");
	is_str(e.text,
		"state: expected a record with the checksum of its bytes, found another",
		"and is said");
	is_int(state_choose(&s, "web", bytes, STATE_SIZE - 1, &e), -1,
		"a shorter file");
	ok(is_new(), "is like nothing");
	is_str(e.text, "state: expected 8192 bytes, found 8191", "and is said");
	memset(bytes, 0, sizeof(bytes));
	is_int(choose(), -1, "zeros");
}

static const struct {
	const char *text, *sentence;
} bad[] = {
	{ NEEDED,
		"state: record:1: expected format=rootwright-state-1, found 'generation=3'" },
	{ FORMAT NEEDED NEEDED,
		"state: record:5: expected each key once, found 'generation=3'" },
	{ FORMAT "generation=3\nname=web\n",
		"state: record: expected floor=, found none" },
	{ FORMAT NEEDED "colour=red\n",
		"state: record:5: expected key=value with a key of this format, found 'colour=red'" },
	{ FORMAT "\n" NEEDED,
		"state: record:2: expected key=value with a key of this format, found ''" },
	{ FORMAT NEEDED "tries_left=100\n",
		"state: expected a record for web with at most 99 tries, found one for web with 100" },
	{ FORMAT "generation=3\nname=wep\nfloor=5\n",
		"state: expected a record for web with at most 99 tries, found one for wep with 0" },
	{ FORMAT NEEDED "blessed=../1\n",
		"state: record:5: expected 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit, found 'blessed=../1'" },
	{ FORMAT NEEDED "trying=\n",
		"state: record:5: expected text without \\ $ ` and \", in double quotes if there is more than letters, digits and ._-+:/,=@%, found 'trying='" },
	{ "", "state: record:1: expected format=rootwright-state-1, found ''" },
};

static void check_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		put(0, bad[i].text);
		ok(choose() == -1 && is_new(), "%s: does not count",
			bad[i].sentence);
		is_str(e.text, bad[i].sentence, "the sentence");
	}
}

int main(void)
{
	check_format();
	check_which();
	check_bad();
	return tap_done();
}
