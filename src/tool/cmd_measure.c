/* SPDX-License-Identifier: MIT */
/* rootwright measure: the fs-verity digest of files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/verity.h"
#include "tool/compute.h"
#include "tool/measure.h"
#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright measure [--json] FILE...\n"
	"\n"
	"Prints the fs-verity digest (SHA-256, blocks of 4096 bytes, no salt) of\n"
	"files, one a line: the kernel's where fs-verity is enabled, else computed.\n"
	"\n"
	"  --json  print one JSON document\n"
	"  --help  print this\n";

int measure_file(const char *name, struct digest *d, struct err *e)
{
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(
			e, REASON_FAILED, errno, "%s: cannot be opened", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, REASON_FAILED,
			"%s: expected a regular file, found something else",
			name);
	if (verity_measure(fd, d) == 0 && d->algorithm == HASH_SHA256)
		return 0;
	return compute_fd(fd, name, (uint64_t)st.st_size, HASH_SHA256, d, e);
}

int cmd_measure(int argc, char **argv)
{
	struct read_options o = {
		.command = "measure",
		.usage = usage,
		.takes = "j",
		.needs = "a file",
		.min = 1,
		.max = INT_MAX,
	};
	char hex[DIGEST_HEX_MAX];
	struct digest d;
	struct err e;
	int code, first = read_parse(&o, argc, argv, &code);

	if (first < 0)
		return code;
	if (o.json)
		fputs("{\"files\":[", stdout);
	for (int i = first; i < argc; i++) {
		if (measure_file(argv[i], &d, &e) != 0)
			return tool_fail(&e);
		digest_to_hex(&d, hex);
		if (!o.json) {
			puts(hex);
			continue;
		}
		fputs(i > first ? ",{\"file\":" : "{\"file\":", stdout);
		text_json(stdout, argv[i], strlen(argv[i]));
		printf(",\"algorithm\":\"%s\",\"digest\":\"%s\"}",
			hash_name(d.algorithm), hex);
	}
	if (o.json)
		puts("]}");
	return read_flush();
}
