/* SPDX-License-Identifier: MIT */
/* What the progress line says. */
#include "tool/progress.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static void line(const struct progress *p, const char *want)
{
	char out[128];

	progress_format(p, out, sizeof(out));
	is_str(out, want, "%s", want);
}

/* What comes out of the terminal that stderr is; "" where nothing does. */
static const char *drawn(int terminal)
{
	static char text[256];
	ssize_t n = read(terminal, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Longer than a line stays as it is. */
static void pause_a_little(void)
{
	usleep(150000);
}

static void test_terminal(void)
{
	int saved = dup(STDERR_FILENO), ours, theirs;

	if (saved < 0 || openpty(&ours, &theirs, NULL, NULL, NULL) != 0 ||
		fcntl(ours, F_SETFL, O_NONBLOCK) != 0 ||
		dup2(theirs, STDERR_FILENO) < 0)
		abort();
	ok(progress_wanted(), "a terminal wants it");
	progress_inside(1000000);
	is_str(drawn(ours), "", "before anything is shown nothing is");
	progress_inside(-1000000);
	progress_show(0, "files", 0);
	is_str(drawn(ours), "\r0 files, 0 MB\033[K", "at once");
	pause_a_little();
	progress_inside(5000000);
	ok(strncmp(drawn(ours), "\r0 files, 5 MB", 14) == 0,
		"what is inside a large one");
	pause_a_little();
	progress_inside(-5000000);
	is_str(drawn(ours), "", "taking it back shows nothing");
	progress_show(1, "files", 7000000);
	ok(strncmp(drawn(ours), "\r1 files, 7 MB", 14) == 0, "all of it");
	progress_clear();
	is_str(drawn(ours), "\r\033[K", "and away");
	pause_a_little();
	progress_inside(1000000);
	progress_clear();
	is_str(drawn(ours), "", "it stays away");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ours);
	close(theirs);
}

int main(void)
{
	struct progress p = { .n = 12, .what = "files", .bytes = 3000000 };

	line(&p, "12 files, 3 MB");
	p.seconds = 0.4;
	line(&p, "12 files, 3 MB");
	p.seconds = 2;
	line(&p, "12 files, 3 MB, 2 MB/s");

	/* By bytes, each file 30,000 more: 3.36 of 12.72 MB. */
	p.seconds = 30;
	p.all_n = 24;
	p.all_bytes = 12000000;
	line(&p, "12 files, 3 MB, 0 MB/s, 1:24 left");
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
	test_terminal();
	return tap_done();
}
