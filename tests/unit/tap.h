/* SPDX-License-Identifier: MIT */
/* The few words of TAP that our unit tests need. */
#ifndef RW_TAP_H
#define RW_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

/* ok(condition, "what is true, %s", ...) */
#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
#define is_str(got, want, ...) \
	do { \
		const char *g_ = (got), *w_ = (want); \
		if (!ok(strcmp(g_, w_) == 0, __VA_ARGS__)) \
			printf("#  got: %s\n# want: %s\n", g_, w_); \
	} while (0)
#define is_int(got, want, ...) \
	do { \
		long long g_ = (got), w_ = (want); \
		if (!ok(g_ == w_, __VA_ARGS__)) \
			printf("#  got: %lld\n# want: %lld\n", g_, w_); \
	} while (0)

__attribute__((unused, format(printf, 5, 6))) static int tap_ok(int good,
	const char *file, int line, const char *cond, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!good) {
		tap_failed++;
		printf("# %s:%d: %s\n", file, line, cond);
	}
	fflush(stdout);
	return good;
}

static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
