/* SPDX-License-Identifier: MIT */
#include "tool/meta.h"

#include "tap.h"

static struct meta m;
static struct err e;

static int parse(const char *text)
{
	memset(&m, 0xff, sizeof(m));
	e.text[0] = '\0';
	return meta_parse(&m, "s/meta.json", text, strlen(text), &e);
}

static void refused(const char *text, const char *sentence)
{
	is_int(parse(text), -1, "refused: %s", sentence);
	is_str(e.text, sentence, "its sentence");
}

static void good(void)
{
	char text[512];
	size_t n = meta_format(text, sizeof(text), HASH_SHA512);

	is_int(n, strlen(text), "the text of a new store fits");
	is_int(parse(text), 0, "and is read back: %s", e.text);
	is_int(m.algorithm, HASH_SHA512, "with its algorithm");
	is_str(m.read_only, "", "and may be written");

	is_int(parse("{\"version\":1,\"algorithm\":\"fsverity-sha256-12\","
		     "\"features\":{\"read-only-compatible\":[\"v1_erofs\"]},"
		     "\"erofs_formats\":{\"default\":1,\"extra\":[2,{}]}}\n"),
		0, "what cfsctl init writes: %s", e.text);
	is_int(m.algorithm, HASH_SHA256, "SHA-256");
	is_str(m.read_only, "", "v1_erofs does not forbid writing");

	is_int(parse(" { \"x\" : [ [ ] , { } , -1.5e3 , null , \"\\\"\" ] ,"
		     "\"algorithm\":\"fsverity-sha256-12\",\"version\":1}"),
		0, "blanks, other keys and an escaped quote: %s", e.text);

	is_int(parse("{\"version\":1,\"algorithm\":\"fsverity-sha256-12\","
		     "\"features\":{\"compatible\":[\"a\"],"
		     "\"read-only-compatible\":[\"v1_erofs\",\"new\"]}}"),
		0, "an unknown feature that allows reading: %s", e.text);
	is_str(m.read_only, "new", "and its name is kept");
}

static void bad(void)
{
	char deep[2000] = "{\"x\":";

	refused("", "s/meta.json: expected an object at byte 0, found the end");
	refused("[]",
		"s/meta.json: expected an object at byte 0, found something else");
	refused("{\"version\":1}",
		"s/meta.json: expected an algorithm and a version, found no algorithm");
	refused("{\"algorithm\":\"fsverity-sha256-12\"}",
		"s/meta.json: expected an algorithm and a version, found no version");
	refused("{\"version\":2,\"algorithm\":\"fsverity-sha256-12\"}",
		"s/meta.json: expected a store of version 1, found 2");
	refused("{\"version\":1,\"algorithm\":\"fsverity-sha256-16\"}",
		"s/meta.json: expected algorithm fsverity-sha256-12 or fsverity-sha512-12, found \"fsverity-sha256-16\"");
	refused("{\"version\":1,\"features\":{\"incompatible\":[\"zstd\"]}}",
		"s/meta.json: expected no incompatible feature, found \"zstd\"");
	refused("{\"version\":1,\"features\":{\"incompatible\":[\"\"]}}",
		"s/meta.json: expected no incompatible feature, found \"?\"");
	refused("{\"version\":1 \"algorithm\":1}",
		"s/meta.json: expected a comma or a bracket at byte 13, found something else");
	refused("{\"version\":1,\"algorithm\":\"fsverity-sha256-12\"} x",
		"s/meta.json: expected the end at byte 47, found something else");
	refused("{\"version",
		"s/meta.json: expected the end of a string at byte 9, found the end");
	refused("{\"version\\",
		"s/meta.json: expected the end of a string at byte 10, found the end");
	memset(deep + 5, '[', 1900);
	refused(deep,
		"s/meta.json: expected less nesting at byte 37, found something else");
}

int main(void)
{
	good();
	bad();
	return tap_done();
}
