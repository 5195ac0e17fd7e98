/* SPDX-License-Identifier: MIT */
#include "tool/tool.h"

#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

int tool_algorithm(
	const char *command, const char *name, enum hash_algorithm *a)
{
	*a = HASH_SHA256;
	if (strcmp(name, hash_name(HASH_SHA256)) == 0)
		return 0;
	*a = HASH_SHA512;
	if (strcmp(name, hash_name(HASH_SHA512)) == 0)
		return 0;
	return tool_usage(command,
		"--algorithm: expected sha256 or sha512, found \"%s\"", name);
}

int tool_version(const char *command, const char *text, unsigned *version)
{
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return tool_usage(command,
			"expected a format version of 0 or 1, found \"%s\"",
			text);
	*version = text[0] == '1';
	return 0;
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

static void interrupted(int signal)
{
	static const char text[] =
		"rootwright: interrupted: what was not complete is gone\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	(void)signal;
	_exit(EXIT_REFUSED);
}

void tool_catch_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction old, new = { .sa_handler = interrupted };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		/* nohup(1) and background jobs have it ignored: keep that. */
		if (sigaction(signals[i], NULL, &old) == 0 &&
			old.sa_handler != SIG_IGN)
			sigaction(signals[i], &new, NULL);
}
