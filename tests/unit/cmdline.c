/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

#include <stdlib.h>

#include "tap.h"

#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HALF "0123456789abcdef0123456789abcdef"
#define UPPER "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX " 64 or 128 lower-case hex digits, found "
#define NAMES \
	"cmdline: expected composefs=, rootwright.factory_reset, rootwright.release=, rootwright.store= or rootwright.timeout=, found "
#define STORE \
	"cmdline: rootwright.store=: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found "
#define SECONDS \
	"cmdline: rootwright.timeout=: expected whole seconds from 1 to 3600, found "
#define ASCII " expected printable ASCII characters only, found "

static struct cmdline c;
static struct err e;

static int parse(const char *text, size_t n)
{
	char *copy = malloc(n + 1); /* so that ASan sees a read over */
	int r;

	memcpy(copy, text, n);
	copy[n] = '\0';
	memset(&c, 0xff, sizeof(c));
	memset(&e, 0, sizeof(e));
	r = cmdline_parse(&c, copy, &e);
	free(copy);
	return r;
}

/* What is found: d digest, ? unverified, s store, t timeout, r reset. */
static const char *found(void)
{
	static char s[8];
	char *p = s;

	if (c.said.images.n)
		*p++ = 'd';
	if (c.unverified)
		*p++ = '?';
	if (c.said.store[0])
		*p++ = 's';
	if (c.said.timeout)
		*p++ = 't';
	if (c.said.factory_reset)
		*p++ = 'r';
	*p = '\0';
	return s;
}

static const struct {
	const char *text, *found;
} accepted[] = {
	{ "", "" },
	{ "\n", "" },
	{ "composefs=" D, "d" },
	{ "rootwright.factory_reset", "r" },
	{ "rootwright.factory_reset=yes", "r" },
	{ "rootwright.factory_reset=no", "" },
	{ "composefs=" D "\n", "d" },
	{ "composefs=" D D, "d" },
	{ "  ro\tcomposefs=" D "\v\f\r\n quiet", "d" },
	{ "composefs=?" D, "d?" },
	{ "composefs=\"" D "\"", "d" },
	{ "composefs=\"?" D "\"", "d?" },
	{ "\"composefs=" D "\"", "d" },
	{ "rootwright.store=/dev/vda1", "s" },
	{ "\"rootwright.store=LABEL=my disk\"", "s" },
	{ "rootwright.store=\"LABEL=my disk\"", "s" },
	{ "rootwright.store=LABEL=a=b", "s" },
	{ "rootwright.timeout=1 rootwright.store=LABEL=x composefs=" D, "dst" },
	{ "rootwright.timeout=3600", "t" },
	{ "init=/bin/sh", "" },
	{ "init", "" },
	{ "rdinit=/bin/sh", "" },
	{ "-- init=/bin/sh", "" },
	/* Not ours. */
	{ "xcomposefs=1 x.composefs=1 rd.rootwright.store=1", "" },
	{ "=composefs=1", "" },
	{ "root=/dev/vda1 rootfstype=ext4 BOOT_IMAGE=(hd0,gpt2)/vmlinuz", "" },
	/* What stands inside of another argument's quotes is its value. */
	{ "dyndbg=\"file x composefs=" D " +p\"", "" },
	{ "dyndbg=file\" composefs=\"x", "" },
	{ "\"a b\" composefs=" D, "d" },
	{ "a\" \"composefs=" D, "" },
	/* Seen with a 6.12 kernel, in what it hands to init. */
	{ "\"rootwright.timeout=\"5 6\" 7\"", "t" },
	{ "\"x\"rootwright.timeout=5 \"--\" init=x", "" },
	/* After -- nothing is for us, whatever it looks like. */
	{ "-- composefs=" D, "" },
	{ "composefs=" D " -- composefs=" D " rootwright.x \"", "d" },
	{ "\"--\" composefs=" D, "" },
	{ "--=1 composefs=" D, "d" },
	{ "--x composefs=" D, "d" },
	/* The kernel's isspace takes 0xa0, in the middle of UTF-8 too. */
	{ "x\xa0"
	  "composefs=" D "\xa0"
	  "y",
		"d" },
	{ "name=\xc3\xa0"
	  "composefs=" D,
		"d" },
	{ "name=caf\xc3\xa9 composefs=" D, "d" },
};

static const struct {
	const char *text;
	enum reason reason;
	const char *sentence;
} refused[] = {
	{ "composefs", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "\"composefs\"", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "composefs=", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "composefs= " D, REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "composefs=\"\"", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "\"composefs=\"", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "composefs=?", REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'?' (1 characters)" },
	{ "composefs=??" D, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'\?\?" D
		"' (66 characters)" },
	{ "composefs=" D "?", REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" D
		"?' (65 characters)" },
	{ "composefs=" HALF, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" HALF
		"' (32 characters)" },
	{ "composefs=?" HALF, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'?" HALF
		"' (33 characters)" },
	{ "composefs=" D "0", REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" D
		"0' (65 characters)" },
	{ "composefs=" UPPER, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" UPPER
		"' (64 characters)" },
	{ "composefs='" D "'", REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "''" D
		"'' (66 characters)" },
	{ "composefs=sha256:" D, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'sha256:" D
		"' (71 characters)" },
	{ "composefs=" HALF "\"\"" HALF, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" HALF "\"\"" HALF
		"' (66 characters)" },
	{ "composefs=\"" HALF "\"" HALF, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "'" HALF "\"" HALF
		"' (65 characters)" },
	{ "composefs=\" " D "\"", REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected" HEX "' " D
		"' (65 characters)" },
	{ "composefs=caf\xc3\xa9", REASON_DIGEST_INVALID,
		"cmdline: composefs=:" ASCII "'caf\xc3\xa9' (5 characters)" },
	{ "composefs=\x7f", REASON_DIGEST_INVALID,
		"cmdline: composefs=:" ASCII "'?' (1 characters)" },
	{ "composefs=\"a\nb\"", REASON_DIGEST_INVALID,
		"cmdline: composefs=:" ASCII "'a?b' (3 characters)" },
	{ "composefs=" D " composefs=" D, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected different images, found '" D
		"' (64 characters)" },
	{ "composefs=" D " composefs=?" D, REASON_DIGEST_INVALID,
		"cmdline: composefs=: expected different images, found '?" D
		"' (65 characters)" },
	{ "composefs=" D " \"composefs\"", REASON_DIGEST_INVALID,
		"cmdline: composefs: expected a value, found none" },
	{ "rootwright.store=/dev/a rootwright.store=/dev/a",
		REASON_CMDLINE_INVALID,
		"cmdline: expected rootwright.store= once, found it twice" },
	{ "rootwright.timeout=5 rootwright.timeout=6", REASON_CMDLINE_INVALID,
		"cmdline: expected rootwright.timeout= once, found it twice" },
	{ "rootwright.store", REASON_CMDLINE_INVALID,
		"cmdline: rootwright.store: expected a value, found none" },
	{ "rootwright.store=", REASON_CMDLINE_INVALID,
		"cmdline: rootwright.store: expected a value, found none" },
	{ "rootwright.store=vda1", REASON_CMDLINE_INVALID,
		STORE "'vda1' (4 characters)" },
	{ "rootwright.store=/dev/../etc/x", REASON_CMDLINE_INVALID,
		STORE "'/dev/../etc/x' (13 characters)" },
	{ "rootwright.store=LABEL=", REASON_CMDLINE_INVALID,
		STORE "'LABEL=' (6 characters)" },
	{ "rootwright.timeout", REASON_CMDLINE_INVALID,
		"cmdline: rootwright.timeout: expected a value, found none" },
	{ "rootwright.timeout=0", REASON_CMDLINE_INVALID,
		SECONDS "'0' (1 characters)" },
	{ "rootwright.timeout=1e3", REASON_CMDLINE_INVALID,
		SECONDS "'1e3' (3 characters)" },
	{ "rootwright.timeout=3601", REASON_CMDLINE_INVALID,
		SECONDS "'3601' (4 characters)" },
	/* Names that could be taken for ours. */
	{ "rootwright.image=" D, REASON_CMDLINE_INVALID,
		NAMES "'rootwright.image'" },
	{ "rootwright.shell", REASON_CMDLINE_INVALID,
		NAMES "'rootwright.shell'" },
	{ "rootwright", REASON_CMDLINE_INVALID, NAMES "'rootwright'" },
	{ "rootwright.=1", REASON_CMDLINE_INVALID, NAMES "'rootwright.'" },
	{ "rootwright-store=1", REASON_CMDLINE_INVALID,
		NAMES "'rootwright-store'" },
	{ "rootwright_timeout=1", REASON_CMDLINE_INVALID,
		NAMES "'rootwright_timeout'" },
	{ "rootwright.Store=/dev/a", REASON_CMDLINE_INVALID,
		NAMES "'rootwright.Store'" },
	{ "RootWright.store=/dev/a", REASON_CMDLINE_INVALID,
		NAMES "'RootWright.store'" },
	{ "Composefs=" D, REASON_CMDLINE_INVALID, NAMES "'Composefs'" },
	{ "composefs.digest=" D, REASON_CMDLINE_INVALID,
		NAMES "'composefs.digest'" },
	{ "composefs\"=" D "\"", REASON_CMDLINE_INVALID,
		NAMES "'composefs\"'" },
	{ "\"composefs\"=" D, REASON_CMDLINE_INVALID, NAMES "'composefs\"'" },
	{ "\"\"composefs=" D, REASON_CMDLINE_INVALID, NAMES "'\"composefs'" },
	/* A quote without its partner. */
	{ "composefs=\"" D, REASON_CMDLINE_INVALID,
		"cmdline: expected a closing quote, found the end after 'composefs'" },
	{ "\"composefs=" D, REASON_CMDLINE_INVALID,
		"cmdline: expected a closing quote, found the end after 'composefs'" },
	{ "x=\"y composefs=" D, REASON_CMDLINE_INVALID,
		"cmdline: expected a closing quote, found the end after 'x'" },
	{ "composefs=" D " \"", REASON_CMDLINE_INVALID,
		"cmdline: expected a closing quote, found the end after ''" },
	{ "rootwright.factory_reset=", REASON_CMDLINE_INVALID,
		"cmdline: rootwright.factory_reset: expected a value, found none" },
	{ "rootwright.factory_reset=1", REASON_CMDLINE_INVALID,
		"cmdline: rootwright.factory_reset=: expected yes or no, found '1' (1 characters)" },
	{ "rootwright.factory_reset rootwright.factory_reset",
		REASON_CMDLINE_INVALID,
		"cmdline: expected rootwright.factory_reset= once, found it twice" },
	{ "composefs=\"", REASON_CMDLINE_INVALID,
		"cmdline: expected a closing quote, found the end after 'composefs'" },
};

/* composefs= again and again: the topmost first, and 8 at most. */
static void check_images(void)
{
	char text[10 * (64 + 12)];
	size_t n = 0;

	is_int(parse("composefs=" D " quiet composefs=" D D,
		       sizeof("composefs=" D " quiet composefs=" D D) - 1),
		0, "two images");
	ok(c.said.images.n == 2 && c.said.images.list[0].size == 32 &&
			c.said.images.list[1].size == 64,
		"in their order");
	for (int i = 0; i < 9; i++) {
		if (i == 8)
			is_int(parse(text, n), 0, "8 images");
		n += snprintf(text + n, sizeof(text) - n, "composefs=%d%s ", i,
			D + 1);
	}
	is_int(c.said.images.n, 8, "all of them");
	is_int(parse(text, n), -1, "not 9");
	ok(strstr(e.text, "expected at most 8 images, found '8"), "says: %s",
		e.text);
}

static void check_values(void)
{
	static const char text[] = "rootwright.store=\"LABEL=my disk\" "
				   "rootwright.timeout=17 composefs=" D;
	char hex[DIGEST_HEX_MAX];

	is_int(parse(text, sizeof(text) - 1), 0, "values arrive");
	is_str(c.said.store, "LABEL=my disk", "the store");
	is_int(c.said.timeout, 17, "the timeout");
	digest_to_hex(c.said.images.list, hex);
	is_str(hex, D, "the digest");
	check_images();
	is_int(parse("rootwright.store=LABEL=x\" y\"", 28), 0,
		"quotes inside of a value");
	is_str(c.said.store, "LABEL=x\" y\"", "stay in it, as in the kernel");
}

/*
 * A value in quotes inside of an argument in quotes: the kernel drops the
 * first and the last only. What remains is no digest.
 */
static void check_odd_quotes(void)
{
	static const char text[] = "\"composefs=\"" D "\"\"";

	is_int(parse(text, sizeof(text) - 1), -1, "quotes inside of quotes");
	is_str(e.text,
		"cmdline: composefs=: expected" HEX "'" D "\"' (65 characters)",
		"one of them is left");
}

static void check_sizes(void)
{
	static char big[CMDLINE_MAX];
	char value[17 + 400];
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = "abcdefghijklmnopqrstuvwxyz=. \n,-/_"[i * 7919 % 34];
	is_int(parse(big, 4096), 0, "4 KiB of noise");
	is_str(found(), "", "say nothing to us");
	is_int(parse(big, CMDLINE_MAX), 0, "16384 bytes");
	memset(value, 'x', sizeof(value));
	memcpy(value, "rootwright.store=LABEL=", 23);
	is_int(parse(value, 17 + 255), 0, "a value of 255 characters");
	is_int(strlen(c.said.store), 255, "arrives whole");
	is_int(parse(value, 17 + 256), -1, "a value of 256 characters");
	ok(strstr(e.text,
		   "expected a value of 1 to 255 characters, found 'LABEL=xx") &&
			strstr(e.text, "xx' (256 characters)"),
		"its sentence");
	ok(strlen(e.text) < 250, "does not repeat it in full");
	memset(value, 'x', sizeof(value));
	memcpy(value, "rootwright.", 11);
	is_int(parse(value, sizeof(value)), -1, "a very long name");
	ok(strlen(e.text) < 250, "is not repeated in full");
	is_int(parse("", 0), 0, "no bytes at all");
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		const char *text = accepted[i].text;

		is_int(parse(text, strlen(text)), 0, "accepted: case %zu %s", i,
			e.text);
		is_str(found(), accepted[i].found, "what it says");
	}
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *text = refused[i].text;

		is_int(parse(text, strlen(text)), -1, "refused: case %zu", i);
		is_int(e.reason, refused[i].reason, "its reason");
		is_str(e.text, refused[i].sentence, "its sentence");
	}
	check_values();
	check_odd_quotes();
	check_sizes();
	return tap_done();
}
