/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tap.h"
#include "tool/write_out.h"

struct sink {
	uint8_t bytes[4 * OUT_PIECE];
	size_t n, calls, fail_at, odd; /* fail_at: a call, from 1 on */
};

static struct sink sink;
static struct err e;

static int take(void *ctx, const void *bytes, size_t n, struct err *err)
{
	struct sink *s = ctx;

	if (++s->calls == s->fail_at)
		return err_set(err, REASON_FAILED, "sink: full");
	s->odd += n != OUT_PIECE;
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
	return 0;
}

static const struct image_sink to = { take, &sink };

/* n bytes in pieces of all sizes, and what becomes of them. */
static int send(size_t n, size_t fail_at, bool abort)
{
	static uint8_t some[3 * OUT_ROOM];
	struct out o;
	int r = out_open(&o, &to, &e);
	uint32_t random = 1;

	sink.n = sink.calls = sink.odd = 0;
	sink.fail_at = fail_at;
	while (r == 0 && o.pos < n) {
		size_t part;

		random = random * 1664525 + 1013904223;
		part = random >> 8 & 4095;
		if ((random >> 24) % 8 == 0)
			part = sizeof(some);
		if (part > n - o.pos)
			part = n - o.pos;
		for (size_t i = 0; i < part; i++)
			some[i] = (uint8_t)((o.pos + i) * 2654435761u >> 24);
		if (part <= OUT_ROOM)
			out_small(&o, some, part);
		else
			out_put(&o, some, part);
	}
	return out_close(&o, abort || r != 0, &e);
}

static void test_sizes(void)
{
	static const size_t sizes[] = { 0, 1, OUT_PIECE - 1, OUT_PIECE,
		OUT_PIECE + 1, OUT_PIECE + OUT_ROOM, 2 * OUT_PIECE,
		3 * OUT_PIECE + 77 };

	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		size_t wrong = 0;

		is_int(send(sizes[k], 0, false), 0, "%zu bytes", sizes[k]);
		is_int(sink.n, sizes[k], "all arrive");
		for (size_t i = 0; i < sink.n; i++)
			wrong += sink.bytes[i] !=
				 (uint8_t)(i * 2654435761u >> 24);
		is_int(wrong, 0, "as they were");
		is_int(sink.odd, sizes[k] % OUT_PIECE != 0,
			"in whole pieces, but the last");
	}
}

static void test_failures(void)
{
	for (size_t k = 1; k <= 4; k++) {
		memset(&e, 0, sizeof(e));
		is_int(send(3 * OUT_PIECE + 77, k, false), -1,
			"the sink fails at piece %zu", k);
		is_str(e.text, "sink: full", "which is told");
		is_int(sink.calls, k, "and it gets no more");
	}
	is_int(send(3 * OUT_PIECE + 77, 0, true), -1, "given up");
	ok(sink.n < 3 * OUT_PIECE + 77, "the rest is not given");
	is_int(send(OUT_PIECE / 2, 0, true), -1, "given up early");
	is_int(sink.calls, 0, "nothing is given");
}

static void test_padding(void)
{
	struct out o;
	size_t wrong = 0;

	sink.n = sink.calls = sink.fail_at = 0;
	memset(sink.bytes, 1, sizeof(sink.bytes));
	is_int(out_open(&o, &to, &e), 0, "open");
	out_pad_to(&o, 2 * OUT_PIECE + 5);
	out_align(&o, 4096);
	out_align(&o, 4096);
	is_int(o.pos, 2 * OUT_PIECE + 4096, "up to the next multiple, once");
	is_int(out_close(&o, false, &e), 0, "closed");
	is_int(sink.n, 2 * OUT_PIECE + 4096, "all are there");
	for (size_t i = 0; i < sink.n; i++)
		wrong += sink.bytes[i] != 0;
	is_int(wrong, 0, "zeros");
}

int main(void)
{
	test_sizes();
	test_failures();
	test_padding();
	return tap_done();
}
