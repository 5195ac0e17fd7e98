/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <sys/reboot.h>

#include "core/text.h"

/* Does the kernel show a line of this level on the console? */
static bool console_shows(enum level level)
{
	AUTO_FD int fd = open("/proc/sys/kernel/printk", O_RDONLY | O_CLOEXEC);
	char c = '0';

	/* "7 4 1 7": the first is the console's, one digit up to 15. */
	if (fd < 0 || read(fd, &c, 1) != 1)
		return false;
	return c - '0' > (int)level;
}

void say(enum level level, const char *fmt, ...)
{
	char line[1200];
	bool logged = false;
	va_list ap;
	size_t n;

	n = snprintf(line, sizeof(line), "<%d>rootwright-boot: ", level);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	text_printable(line); /* a label may hold escape sequences */
	n = strlen(line);
	line[n] = '\n';
	line[n + 1] = '\0';
	{
		AUTO_FD int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

		/* A record of the kernel log holds a little under 1 KiB. */
		if (fd >= 0)
			logged = write(fd, line, n < 980 ? n + 1 : 980) > 0;
	}
	if (!logged || (level == LEVEL_REFUSED && !console_shows(level))) {
		AUTO_FD int fd =
			open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

		dprintf(fd >= 0 ? fd : 2, "%s", line + 3);
	}
}

void refuse(const struct policy *p, const struct err *e)
{
	const char *hint = err_hint_text(e);
	static const int actions[] = {
		[FAILURE_REBOOT] = RB_AUTOBOOT,
		[FAILURE_POWEROFF] = RB_POWER_OFF,
		[FAILURE_HALT] = RB_HALT_SYSTEM,
	};

	say(LEVEL_REFUSED, "refused [%s]: %s", reason_name(e->reason), e->text);
	if (hint[0])
		say(LEVEL_REFUSED, "hint: %s", hint);
	say(LEVEL_REFUSED, "%s in %u s", failure_action_names[p->on_failure],
		p->failure_delay);
	for (unsigned left = p->failure_delay; left > 0;)
		left = sleep(left);
	sync();
	reboot(actions[p->on_failure]);
	/* Not reached as root. Whatever calls us has `reboot -f` next. */
	for (;;)
		pause();
}
