/* SPDX-License-Identifier: MIT */
#include "tool/json.h"

#include "tap.h"

static const char *one(const char *value)
{
	static char buf[256];
	struct json j;

	json_begin(&j, buf, sizeof(buf));
	json_string(&j, NULL, value);
	return buf;
}

static void check_shapes(void)
{
	char buf[256];
	struct json j;

	json_begin(&j, buf, sizeof(buf));
	is_str(buf, "", "a new document is empty");
	json_open(&j, NULL, '{');
	json_string(&j, "a", "b");
	json_number(&j, "zero", 0);
	json_number(&j, "max", UINT64_MAX);
	json_open(&j, "list", '[');
	json_bool(&j, NULL, true);
	json_bool(&j, NULL, false);
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_string(&j, NULL, NULL);
	json_close(&j, ']');
	json_open(&j, "empty", '[');
	json_close(&j, ']');
	json_string(&j, "z", "");
	json_close(&j, '}');
	is_str(buf,
		"{\"a\":\"b\",\"zero\":0,\"max\":18446744073709551615,"
		"\"list\":[true,false,{},null],\"empty\":[],\"z\":\"\"}",
		"commas and nesting");
	ok(!j.full && j.n == strlen(buf), "it fits and n is its length");
}

static void check_template(void)
{
	char buf[64];
	struct json j = { .buf = buf, .size = sizeof(buf) };

	json_print(&j, "{'a':%s,%s:%llu,'list':[%d,%d]}", "b\"", "n", 7ULL,
		true, false);
	is_str(buf, "{\"a\":\"b\\\"\",\"n\":7,\"list\":[true,false]}",
		"a template");
}

static void check_strings(void)
{
	is_str(one("a\"b\\c/"), "\"a\\\"b\\\\c/\"", "quote and backslash");
	is_str(one("\n\t\x01\x1f\x7f"),
		"\"\\u000a\\u0009\\u0001\\u001f\\u007f\"",
		"control characters");
	is_str(one("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "UTF-8 stays");
	is_str(one("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"", "U+10FFFF");
	is_str(one("\x80"
		   "a"),
		"\"\xef\xbf\xbd"
		"a\"",
		"a lone continuation");
	is_str(one("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"", "over-long");
	is_str(one("\xe0\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		"over-long in three bytes");
	is_str(one("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		"a surrogate");
	is_str(one("\xf4\x90\x80\x80"),
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		"beyond U+10FFFF");
	is_str(one("\xf5"), "\"\xef\xbf\xbd\"", "no lead byte");
	is_str(one("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"",
		"cut at the end");
	is_str(one("\xe2"
		   "a"),
		"\"\xef\xbf\xbd"
		"a\"",
		"cut in the middle");
}

static void check_full(void)
{
	char buf[16];
	struct json j;
	size_t size;

	for (size = 1; size <= sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		json_begin(&j, buf, size);
		json_open(&j, NULL, '[');
		json_string(&j, NULL, "123456789");
		json_close(&j, ']');
		if (j.full != (size < 14) || strlen(buf) >= size)
			break;
	}
	ok(size > sizeof(buf),
		"13 characters need 14 bytes, never more are "
		"written (stopped at %zu)",
		size);
	json_begin(&j, buf, 8);
	json_string(&j, NULL, "123456789");
	json_number(&j, NULL, 1);
	ok(j.full, "full stays full");
	is_str(buf, "\"123456", "and the buffer stays terminated");
}

int main(void)
{
	check_shapes();
	check_template();
	check_strings();
	check_full();
	return tap_done();
}
