/* SPDX-License-Identifier: MIT */
#include "tool/tool.h"

#include <stdarg.h>
#include <stdio.h>

int tool_fail(const struct err *e)
{
	const char *hint = err_hint_text(e);

	fprintf(stderr, "rootwright: %s\n", e->text);
	if (hint[0])
		fprintf(stderr, "hint: %s\n", hint);
	return EXIT_REFUSED;
}

int tool_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "rootwright %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nhint: rootwright %s --help\n", command);
	return EXIT_USAGE;
}

void tool_say(const char *fmt, ...)
{
	va_list ap;

	fputs("rootwright: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
