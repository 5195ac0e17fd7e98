/* SPDX-License-Identifier: MIT */
/*
 * Watches a boot that is timed: keeps every line of the kernel log, as
 * /dev/kmsg gives it (its microseconds are the benchmark's time stamps), and
 * at init's first line sends them to the second serial port and powers off.
 * It is started by the init of the initramfs, and goes on after the hand-off.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
	FILE *out = fopen("/dev/ttyS1", "we");
	static char kept[1 << 18], line[8192];
	size_t at = 0;
	ssize_t n;

	if (log < 0 || !out) {
		perror("watch");
		return 1;
	}
	/* The port is slow: everything is sent at the end. */
	while ((n = read(log, line, sizeof(line) - 1)) > 0) {
		int last;

		line[n] = '\0';
		last = strstr(line, " running in system mode") ||
		       strstr(line, ";bench: first");
		if (at + n > sizeof(kept))
			break;
		memcpy(kept + at, line, n);
		at += n;
		if (last)
			break;
	}
	fwrite(kept, 1, at, out);
	fprintf(out, "DONE now\n");
	fflush(out);
	tcdrain(fileno(out));
	reboot(RB_POWER_OFF);
	return 1;
}
