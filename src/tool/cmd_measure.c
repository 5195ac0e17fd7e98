/* SPDX-License-Identifier: MIT */
/* rootwright measure: the fs-verity digest of files. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tool/measure.h"
#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright measure [--json] [--algorithm HASH] FILE...\n"
	"\n"
	"Prints the fs-verity digest (blocks of 4096 bytes, no salt) of files, one\n"
	"a line: the kernel's where fs-verity is enabled, else computed.\n"
	"\n"
	"  --algorithm HASH  sha256 (default) or sha512\n"
	"  --json            print one JSON document\n"
	"  --help            print this\n";

struct output {
	bool json;
	uint64_t n;
};

static void print(void *ctx, const char *name, const struct digest *d)
{
	struct output *o = ctx;
	char hex[DIGEST_HEX_MAX];

	digest_to_hex(d, hex);
	if (!o->json) {
		puts(hex);
		return;
	}
	fputs(o->n++ ? ",{\"file\":" : "{\"file\":", stdout);
	text_json(stdout, name, strlen(name));
	printf(",\"algorithm\":\"%s\",\"digest\":\"%s\"}",
		hash_name(d->algorithm), hex);
}

int cmd_measure(int argc, char **argv)
{
	struct read_options o = {
		.command = "measure",
		.usage = usage,
		.takes = "ja",
		.needs = "a file",
		.min = 1,
		.max = INT_MAX,
		.algorithm = HASH_SHA256,
	};
	struct output out = { 0 };
	struct err e;
	int code, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	out.json = o.json;
	if (o.json)
		fputs("{\"files\":[", stdout);
	if (measure_files(o.algorithm, argv + first, (size_t)(argc - first),
		    print, &out, &e) != 0)
		return tool_fail(&e);
	if (o.json)
		puts("]}");
	return read_flush();
}
