/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/probe.h"

/* One look at all devices: the match, if any, and words for what was seen. */
struct scan {
	const char *label; /* NULL: by path */
	struct device *match;
	unsigned matches;
	char other[300]; /* the second match */
	char seen[400];
};

static int uevent_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (void *)&addr, sizeof(addr)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * Sleeps until the kernel says that some device changed, or for a second:
 * what the event says does not matter, everything is looked at again. So a
 * lost event (ENOBUFS), a forged one and a kernel without uevents cost a
 * second at most.
 */
static void wait_for_change(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	char buf[4096];

	if (poll(&p, 1, 1000) > 0)
		while (recv(sock, buf, sizeof(buf), 0) > 0)
			;
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Opens a block device that has a size. -1 with errno. */
static int open_block(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	uint64_t size = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) &&
		ioctl(fd, BLKGETSIZE64, &size) == 0 && size > 0)
		return fd;
	close(fd);
	errno = S_ISBLK(st.st_mode) ? ENOMEDIUM : ENOTBLK;
	return -1;
}

static bool identify(int fd, struct fs_identity *id)
{
	uint8_t sb[EXT4_SIZE];

	return pread(fd, sb, sizeof(sb), EXT4_OFFSET) == sizeof(sb) &&
	       probe_ext4(sb, sizeof(sb), id);
}

static void take(struct device *d, int fd, const char *path, bool recovery)
{
	d->fd = fd;
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->needs_recovery = recovery;
}

static void scan_one(struct scan *s, const char *name)
{
	struct fs_identity id;
	size_t n = strlen(s->seen);
	char path[300];
	bool known;
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	for (char *p = path; *p; p++)
		if (*p == '!') /* sysfs' spelling of a slash in a name */
			*p = '/';
	fd = open_block(path);
	if (fd < 0)
		return; /* no medium, or gone again */
	known = identify(fd, &id);
	snprintf(s->seen + n, sizeof(s->seen) - n, "%s%s (%s%s%s)",
		n ? ", " : "", path, known ? id.fstype : "not ext4",
		known && id.label[0] ? " LABEL=" : "", known ? id.label : "");
	if (!known || strcmp(id.label, s->label) != 0) {
		close(fd);
		return;
	}
	if (s->matches++ == 0) {
		take(s->match, fd, path, id.needs_recovery);
		return;
	}
	snprintf(s->other, sizeof(s->other), "%s", path);
	close(fd);
}

static void scan_all(struct scan *s)
{
	AUTO_FD int fd =
		open("/sys/class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dir dir = { .fd = fd };
	const char *name;

	while (fd >= 0 && (name = dir_next(&dir)))
		scan_one(s, name);
}

/* 1: found, 0: not there yet, -1: refused. */
static int look(
	struct device *d, const char *spec, struct scan *s, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->match = d;
	if (spec[0] == '/') {
		struct fs_identity id;
		int fd = open_block(spec);

		if (fd < 0) {
			snprintf(s->seen, sizeof(s->seen), "%s",
				strerror(errno));
			return 0;
		}
		take(d, fd, spec, identify(fd, &id) && id.needs_recovery);
		return 1;
	}
	s->label = spec + strlen("LABEL=");
	scan_all(s);
	if (s->matches < 2)
		return s->matches;
	close(d->fd);
	return err_set(e, REASON_STORE_AMBIGUOUS,
		"store: %s: expected one device, found %u: %s and %s", spec,
		s->matches, d->path, s->other);
}

int device_find(
	struct device *d, const char *spec, unsigned timeout, struct err *e)
{
	AUTO_FD int sock = uevent_socket(); /* before the first look */
	time_t deadline = now() + timeout;
	struct scan s;
	int r;

	if (spec[0] != '/' && strncmp(spec, "LABEL=", 6) != 0)
		return err_set(e, REASON_STORE_NOT_FOUND,
			"store: %s: expected a device path or LABEL=, found something else",
			spec);
	for (;;) {
		r = look(d, spec, &s, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
		if (now() >= deadline)
			break;
		wait_for_change(sock);
	}
	return err_set(e, REASON_STORE_NOT_FOUND,
		"store: %s: expected a block device within %u s, found: %s",
		spec, timeout, s.seen[0] ? s.seen : "no block device");
}
