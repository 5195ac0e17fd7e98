/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <linux/fs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/probe.h"

/* One look at all devices: the match, if any, and words for what was seen. */
struct scan {
	const char *spec, *wanted; /* "LABEL=x", "x" */
	enum naming by;
	struct device *match;
	unsigned matches;
	char other[300]; /* the second match */
	char seen[500];
};

static bool by_label(const struct scan *s)
{
	return s->by == BY_LABEL || s->by == BY_PARTLABEL;
}

static int uevent_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	AUTO_FD int fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	return bind(fd, (void *)&addr, sizeof(addr)) == 0 ? fd_take(&fd) : -1;
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

	poll(&p, 1, 1000);
	while (recv(sock, buf, sizeof(buf), 0) > 0)
		;
}

/* Opens a block device that has a size. -1 with errno. */
static int open_block(const char *path)
{
	AUTO_FD int fd =
		open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	uint64_t size = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &size) == 0 && size)
		return fd_take(&fd);
	errno = S_ISBLK(st.st_mode) ? ENOMEDIUM : ENOTBLK;
	return -1;
}

/* The file system on it, of those that can hold a store. */
static bool identify(int fd, struct identity *id)
{
	uint8_t sb[F2FS_SIZE];

	return (pread(fd, sb, sizeof(sb), EXT4_OFFSET) == sizeof(sb) &&
		       (probe_ext4(sb, sizeof(sb), id) ||
			       probe_f2fs(sb, sizeof(sb), id))) ||
	       (pread(fd, sb, BTRFS_SIZE, BTRFS_OFFSET) == BTRFS_SIZE &&
		       probe_btrfs(sb, BTRFS_SIZE, id));
}

/* What a file of /sys/class/block/<name> says; empty: nothing. */
static char *attribute(const char *name, const char *file)
{
	static char text[1024];
	char path[300];
	AUTO_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/*
 * Opens its node; path has 300 bytes. The first DEVNAME= counts: what comes
 * from the disk, PARTNAME=, comes last.
 */
static int open_node(const char *name, char *path)
{
	const char *key = "\nDEVNAME=";
	const char *node = strstr(attribute(name, "uevent"), key);

	if (!node)
		return -1;
	node += strlen(key);
	snprintf(path, 300, "/dev/%.*s", (int)strcspn(node, "\n"), node);
	return open_block(path);
}

/* The disk's own words about a partition: the entry of its GPT. */
static bool identify_partition(const char *name, struct identity *out)
{
	uint64_t n = strtoull(attribute(name, "partition"), NULL, 10);
	uint64_t start = strtoull(attribute(name, "start"), NULL, 10), table;
	uint8_t header[GPT_HEADER_SIZE], entry[GPT_ENTRY_SIZE];
	char disk[300], path[300];
	AUTO_FD int fd = -1;
	int unit;

	snprintf(disk, sizeof(disk), "%s/..", name);
	fd = n ? open_node(disk, path) : -1;
	if (fd < 0 || ioctl(fd, BLKSSZGET, &unit) != 0 || unit < 512 ||
		pread(fd, header, sizeof(header), unit) != sizeof(header))
		return false;
	table = probe_gpt(header) * unit;
	/* The kernel counts in 512 bytes, the table in the disk's sectors. */
	return table &&
	       pread(fd, entry, sizeof(entry),
		       table + (n - 1) * sizeof(entry)) == sizeof(entry) &&
	       probe_gpt_entry(entry, start / (unit / 512), out);
}

/* What the device says where the store is looked for; empty: nothing. */
static const char *name_of(
	const struct scan *s, const char *name, int fd, struct identity *id)
{
	bool by_fs = s->by == BY_LABEL || s->by == BY_UUID;

	if (by_fs ? !identify(fd, id) : !identify_partition(name, id))
		return "";
	return by_label(s) ? id->label : id->uuid;
}

static void take(struct device *d, int fd, const char *path)
{
	struct identity id;

	d->fd = fd;
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->needs_recovery = identify(fd, &id) && id.needs_recovery;
}

static void scan_one(struct scan *s, const char *name)
{
	size_t n = strlen(s->seen);
	char path[300];
	AUTO_FD int fd = open_node(name, path);
	struct identity id;
	const char *found;

	if (fd < 0)
		return; /* no medium, or gone again */
	found = name_of(s, name, fd, &id);
	snprintf(s->seen + n, sizeof(s->seen) - n, "%s%s (%s%.*s%s)",
		n ? ", " : "", path, found[0] ? "" : "no ",
		(int)(s->wanted - s->spec), s->spec, found);
	/* Case counts in a name, and does not in the digits of a UUID. */
	if ((by_label(s) ? strcmp : strcasecmp)(found, s->wanted) != 0)
		return;
	if (s->matches++ == 0)
		take(s->match, fd_take(&fd), path);
	else
		snprintf(s->other, sizeof(s->other), "%s", path);
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
static int look(struct device *d, const char *what, const char *spec,
	struct scan *s, struct err *e)
{
	int fd;

	memset(s, 0, sizeof(*s));
	s->spec = spec;
	s->wanted = store_naming(spec, &s->by);
	s->match = d;
	if (s->by != BY_PATH) {
		scan_all(s);
	} else if ((fd = open_block(spec)) >= 0) {
		take(d, fd, spec);
		s->matches = 1;
	} else {
		snprintf(s->seen, sizeof(s->seen), "%s", strerror(errno));
	}
	if (s->matches < 2)
		return s->matches;
	return err_set(e, REASON_STORE_AMBIGUOUS,
		"%s: %s: expected one device, found %u: %s and %s", what, spec,
		s->matches, d->path, s->other);
}

int device_find(struct device *d, const char *what, const char *spec,
	unsigned timeout, struct err *e)
{
	AUTO_FD int sock = uevent_socket(); /* before the first look */
	uint64_t deadline = now() + timeout * UINT64_C(1000000);
	struct scan s;
	int r;

	while ((r = look(d, what, spec, &s, e)) == 0 && now() < deadline) {
		watchdog_pet();
		wait_for_change(sock);
	}
	if (r != 0)
		return r < 0 ? -1 : 0;
	return err_set(e, REASON_STORE_NOT_FOUND,
		"%s: %s: expected a block device within %u s, found: %s", what,
		spec, timeout, s.seen[0] ? s.seen : "no block device");
}
