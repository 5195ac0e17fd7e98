/* SPDX-License-Identifier: MIT */
/* rootwright watch: what the kernel says about damaged objects. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tool/tool.h"
#include "tool/watch.h"

#define KMSG "/dev/kmsg"

static const char usage[] =
	"usage: rootwright watch [--on-damage log|bad|reboot] [--store DIR]\n"
	"                        [--boot-record FILE] [--kmsg FILE]\n"
	"\n"
	"Follows the kernel log. When the kernel calls a file of the store corrupt, the\n"
	"object is read again, and only when that fails it is damaged.\n"
	"\n"
	"  --on-damage log|bad|reboot  then say so; or also mark the release that was\n"
	"                              booted as bad, so that another one is booted\n"
	"                              next time; or reboot then (default: log)\n"
	"  --store DIR                 where the store is mounted (default: the device\n"
	"                              that was booted from)\n"
	"  --boot-record FILE          what was booted (default: " BOOT_RECORD_FILE
	")\n"
	"  --kmsg FILE                 another log than " KMSG "\n"
	"  --help                      print this\n";

/* Its last words are in the log; the init stops what runs. */
static void reboot_now(void)
{
	tool_say("rebooting");
	execlp("reboot", "reboot", (char *)NULL);
	tool_say("reboot: cannot be executed: %s", strerror(errno));
}

/* A failure is said, and does not end the watch: the next hint may do. */
static void take_line(struct watch *w, const char *line)
{
	uint64_t inode;
	struct err e;

	if (!watch_is_hint(w, line, &inode))
		return;
	if (watch_look(w, inode, &e) != 0)
		tool_fail(&e);
	else if (w->done && w->reaction == REACTION_REBOOT)
		reboot_now();
}

/* /dev/kmsg gives one record a read, of several lines; a pipe what it has. */
static int follow(struct watch *w, const char *kmsg, struct err *e)
{
	AUTO_FD int fd = open(kmsg, O_RDONLY | O_CLOEXEC);
	char text[16384], *rest, *line;
	ssize_t n = 0;

	while (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		/* EPIPE: what we have not read yet was overwritten. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		text[n] = '\0';
		rest = text;
		while ((line = strsep(&rest, "\n")))
			take_line(w, line);
	}
	return fd < 0 || n < 0 ? err_sys(e, REASON_FAILED, errno,
					 "%s: cannot be read", kmsg)
			       : 0;
}

static int run(struct watch *w, const char *record, const char *kmsg)
{
	bool private;
	struct err e;
	json_t *r = boot_record_load(record, &private, &e);
	const char *device = boot_record_string(r, "store", "device");
	int code;

	if (!r)
		return tool_fail(&e);
	w->record = r;
	if (!private)
		code = err_set(&e, REASON_FAILED,
			"%s: expected a file that only root can write, found one that others can",
			record);
	else if (!device)
		code = err_set(&e, REASON_FAILED,
			"%s: expected the device of the store, found none",
			record);
	else {
		device = strrchr(device, '/') ? strrchr(device, '/') + 1
					      : device;
		snprintf(w->device, sizeof(w->device), "%s", device);
		code = follow(w, kmsg, &e);
	}
	json_decref(r);
	return code == 0 ? 0 : tool_fail(&e);
}

static bool read_reaction(enum reaction *r, const char *word)
{
	static const char *const words[] = { "log", "bad", "reboot" };

	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(word, words[i])) {
			*r = i;
			return true;
		}
	return false;
}

int cmd_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "on-damage", required_argument, NULL, 'd' },
		{ "store", required_argument, NULL, 's' },
		{ "boot-record", required_argument, NULL, 'r' },
		{ "kmsg", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct watch w;
	const char *record = BOOT_RECORD_FILE, *kmsg = KMSG;
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'd' && !read_reaction(&w.reaction, optarg))
			return tool_usage("watch",
				"--on-damage: expected log, bad or reboot, found '%s'",
				optarg);
		if (c == 's')
			w.store = optarg;
		else if (c == 'r')
			record = optarg;
		else if (c == 'k')
			kmsg = optarg;
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else if (c != 'd')
			return tool_usage("watch",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
	}
	if (optind < argc)
		return tool_usage("watch", "expected no arguments, found %d",
			argc - optind);
	return run(&w, record, kmsg);
}
