/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/probe.h"

/* What can name a device, and where it is written. */
enum naming {
	BY_PATH,
	BY_LABEL,
	BY_UUID,
	BY_PARTLABEL,
	BY_PARTUUID
};

static const char *const prefixes[] = {
	[BY_PATH] = "/",
	[BY_LABEL] = "LABEL=",
	[BY_UUID] = "UUID=",
	[BY_PARTLABEL] = "PARTLABEL=",
	[BY_PARTUUID] = "PARTUUID=",
};

/* One look at all devices: the match, if any, and words for what was seen. */
struct scan {
	enum naming by;
	const char *wanted;
	struct device *match;
	unsigned matches;
	char other[300]; /* the second match */
	char seen[500];
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

/* The file system on it, of those that can hold a store. */
static bool identify(int fd, struct fs_identity *id)
{
	uint8_t sb[F2FS_SIZE];

	return (pread(fd, sb, sizeof(sb), EXT4_OFFSET) == sizeof(sb) &&
		       (probe_ext4(sb, sizeof(sb), id) ||
			       probe_f2fs(sb, sizeof(sb), id))) ||
	       (pread(fd, sb, BTRFS_SIZE, BTRFS_OFFSET) == BTRFS_SIZE &&
		       probe_btrfs(sb, BTRFS_SIZE, id));
}

/* The number in /sys/class/block/<name>/<file>; 0: none. */
static unsigned long read_number(const char *name, const char *file)
{
	char path[300], text[32] = "";
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return strtoul(text, NULL, 10);
}

/* Opens the disk that a partition is of: its DEVNAME= in sysfs. */
static int open_disk(const char *name)
{
	char path[300], text[1024] = "", *line;
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "/sys/class/block/%s/../uevent", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	line = strstr(text, "DEVNAME=");
	if (!line)
		return -1;
	line += strlen("DEVNAME=");
	line[strcspn(line, "\n")] = '\0';
	snprintf(path, sizeof(path), "/dev/%s", line);
	return open_block(path);
}

/* The disk's own words about a partition: the entry of its GPT. */
static bool identify_partition(const char *name, struct gpt_partition *out)
{
	static uint8_t table[GPT_TABLE_MAX];
	unsigned long number = read_number(name, "partition");
	AUTO_FD int fd = number ? open_disk(name) : -1;
	uint8_t sector[4096];
	uint64_t size;
	struct gpt gpt;
	int unit;

	return fd >= 0 && ioctl(fd, BLKGETSIZE64, &size) == 0 &&
	       ioctl(fd, BLKSSZGET, &unit) == 0 && unit >= 512 &&
	       unit <= (int)sizeof(sector) &&
	       pread(fd, sector, unit, unit) == unit &&
	       probe_gpt(sector, unit, size / unit, &gpt) &&
	       pread(fd, table, gpt.table_size, gpt.table_lba * unit) ==
		       (ssize_t)gpt.table_size &&
	       probe_gpt_table(&gpt, table, gpt.table_size) &&
	       probe_gpt_partition(&gpt, table, number, out);
}

/* What the device says where the store is looked for; empty: nothing. */
static void read_name(
	const struct scan *s, const char *name, int fd, char *out, size_t n)
{
	struct gpt_partition part;
	struct fs_identity id;
	bool by_fs = s->by == BY_LABEL || s->by == BY_UUID;

	out[0] = '\0';
	if (by_fs ? !identify(fd, &id) : !identify_partition(name, &part))
		return;
	if (s->by == BY_LABEL || s->by == BY_PARTLABEL)
		snprintf(out, n, "%s", by_fs ? id.label : part.name);
	else
		probe_uuid_text(by_fs ? id.uuid : part.uuid, out);
}

static void take(struct device *d, int fd, const char *path)
{
	struct fs_identity id;

	d->fd = fd;
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->needs_recovery = identify(fd, &id) && id.needs_recovery;
}

static void scan_one(struct scan *s, const char *name)
{
	const char *prefix = prefixes[s->by];
	size_t n = strlen(s->seen);
	char path[300], found[300];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	for (char *p = path; *p; p++)
		if (*p == '!') /* sysfs' spelling of a slash in a name */
			*p = '/';
	fd = open_block(path);
	if (fd < 0)
		return; /* no medium, or gone again */
	read_name(s, name, fd, found, sizeof(found));
	snprintf(s->seen + n, sizeof(s->seen) - n, "%s%s (%s%s%s)",
		n ? ", " : "", path, found[0] ? "" : "no ", prefix, found);
	if (strcasecmp(found, s->wanted) != 0 ||
		((s->by == BY_LABEL || s->by == BY_PARTLABEL) &&
			strcmp(found, s->wanted) != 0)) {
		close(fd);
		return;
	}
	if (s->matches++ == 0) {
		take(s->match, fd, path);
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
	enum naming by = BY_PATH;
	int fd;

	memset(s, 0, sizeof(*s));
	while (strncmp(spec, prefixes[by], strlen(prefixes[by])) != 0)
		if (++by > BY_PARTUUID)
			return err_set(e, REASON_STORE_NOT_FOUND,
				"store: %s: expected a device path, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found something else",
				spec);
	s->by = by;
	s->wanted = spec + strlen(prefixes[by]);
	s->match = d;
	if (by == BY_PATH) {
		fd = open_block(spec);
		if (fd < 0) {
			snprintf(s->seen, sizeof(s->seen), "%s",
				strerror(errno));
			return 0;
		}
		take(d, fd, spec);
		return 1;
	}
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
