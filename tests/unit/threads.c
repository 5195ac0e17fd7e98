/* SPDX-License-Identifier: MIT */
#include "tool/threads.h"

#include <stdatomic.h>
#include <sys/resource.h>

#include "tap.h"

#define N 5000

static atomic_uint calls[N];
static struct err e;

/* ctx: from here on each fails. */
static int each(void *ctx, size_t i, struct err *err)
{
	const size_t *bad = ctx;

	calls[i]++;
	return i < *bad ? 0 : err_set(err, REASON_FAILED, "%zu", i);
}

static unsigned count(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < N; i++) {
		n += calls[i] == 1;
		calls[i] = 0;
	}
	return n;
}

static void test_each(void)
{
	size_t never = N, bad = 1234;

	for (unsigned threads = 1; threads <= 8; threads *= 2) {
		is_int(threads_each(threads, N, each, &never, &e), 0,
			"%u threads", threads);
		is_int(count(), N, "each is called once");
		is_int(threads_each(threads, N, each, &bad, &e), -1,
			"one that fails");
		is_str(e.text, "1234", "the first is told");
		ok(count() <= bad + threads, "none begins after it");
	}
	is_int(threads_each(4, 0, each, &never, &e), 0, "nothing to do");
	is_int(count(), 0, "nothing done");
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		unsigned n;
	} cases[] = { { "1", 1 }, { "2", 2 }, { "256", 256 }, { "257", 0 },
		{ "0", 0 }, { "-1", 0 }, { "", 0 }, { "x", 0 }, { "1x", 0 },
		{ " 1", 0 }, { "+1", 0 }, { "99999999999999999999", 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(threads_parse(cases[i].text), cases[i].n, "\"%s\"",
			cases[i].text);
	ok(threads_default() >= 1 && threads_default() <= THREADS_MAX,
		"a default");
}

static void test_fds(void)
{
	struct rlimit r = { 200, 300 };

	is_int(setrlimit(RLIMIT_NOFILE, &r), 0, "few files");
	is_int(threads_fds(100), 100, "less is wanted");
	is_int(threads_fds(250), 250, "more is had");
	is_int(threads_fds(1000), 300, "but not more than may be");
}

int main(void)
{
	test_each();
	test_numbers();
	test_fds();
	return tap_done();
}
