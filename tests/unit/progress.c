/* SPDX-License-Identifier: MIT */
/* What the progress line says. */
#include "tool/progress.h"

#include "tap.h"

static void line(const struct progress *p, const char *want)
{
	char out[128];

	progress_format(p, out, sizeof(out));
	is_str(out, want, "%s", want);
}

int main(void)
{
	struct progress p = { .n = 12, .what = "files", .bytes = 3000000 };

	line(&p, "12 files, 3 MB");
	p.seconds = 0.4;
	line(&p, "12 files, 3 MB");
	p.seconds = 2;
	line(&p, "12 files, 3 MB, 2 MB/s");

	/* By files and bytes: a half and a quarter are three eighths. */
	p.seconds = 30;
	p.all_n = 24;
	p.all_bytes = 12000000;
	line(&p, "12 files, 3 MB, 0 MB/s, 0:50 left");
	p.all_bytes = 0;
	line(&p, "12 files, 3 MB, 0 MB/s, 0:30 left");
	p.all_n = 0;
	p.all_bytes = 30000000;
	line(&p, "12 files, 3 MB, 0 MB/s, 4:30 left");

	/* By the source, of which nobody knows what is in it. */
	p.part = 1;
	p.whole = 121;
	line(&p, "12 files, 3 MB, 0 MB/s, 60:00 left");
	p.part = 121;
	line(&p, "12 files, 3 MB, 0 MB/s, 0:00 left");
	/* More than was expected: nothing is promised. */
	p.part = 122;
	line(&p, "12 files, 3 MB, 0 MB/s");
	p.part = 0;
	line(&p, "12 files, 3 MB, 0 MB/s");

	p = (struct progress){ .n = UINT64_MAX,
		.bytes = UINT64_MAX,
		.what = "objects",
		.seconds = 1e9,
		.part = 1,
		.whole = UINT64_MAX };
	char small[24];

	progress_format(&p, small, sizeof(small));
	is_str(small, "18446744073709551615 ob", "cut, not overrun");
	return tap_done();
}
