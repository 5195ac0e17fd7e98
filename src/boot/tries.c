/* SPDX-License-Identifier: MIT */
/*
 * The one thing that is written before the hand-off: a try of a new release
 * is used. In the older record of the state file, in place, so that it works
 * on a full disk and a power cut leaves the other record whole. Where it
 * cannot be written the system boots all the same: an update that
 * fails is then tried again for ever, and the record says so.
 */
#include "boot/boot.h"

#include <linux/mount.h>

/* Makes the file system of the store's mount writable, or read-only. */
static int set_writable(bool writable)
{
	AUTO_FD int fd =
		syscall(SYS_fspick, AT_FDCWD, SPACE_STORE, FSPICK_CLOEXEC);

	if (fd < 0 || syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG,
			      writable ? "rw" : "ro", NULL, 0) != 0)
		return -1;
	return syscall(
		SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

/* A second mount of the store's file system, which can be written. */
static int second_mount(void)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
	AUTO_FD int fd = syscall(SYS_open_tree, AT_FDCWD, SPACE_STORE,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr,
			      sizeof(attr)) != 0)
		return -1;
	return fd_take(&fd);
}

static int write_record(const struct releases *r, const uint8_t *record)
{
	AUTO_FD int mount = second_mount();
	const char *path = r->config->policy.store_path + 1;
	char name[VALUE_MAX + 8];
	AUTO_FD int fd = -1;
	struct stat st;

	snprintf(name, sizeof(name), "%s%s" STATE_FILE, path,
		path[0] ? "/" : "");
	if (mount >= 0)
		fd = open_how(
			mount, name, O_WRONLY | O_NONBLOCK, RESOLVE_STRICT);
	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode) || st.st_size != STATE_SIZE)
		return -1;
	if (pwrite(fd, record, STATE_RECORD,
		    r->record == 0 ? STATE_RECORD : 0) != STATE_RECORD)
		return -1;
	return fdatasync(fd);
}

void tries_use(struct releases *r)
{
	const char *version = r->release.version;
	static uint8_t record[STATE_RECORD];
	const char *device = r->store->device.path;
	struct state *state = &r->state;
	int failed;

	if (!r->uses_try)
		return;
	if (strcmp(state->trying, version) != 0) {
		snprintf(state->trying, sizeof(state->trying), "%s", version);
		state->tries_left = r->config->policy.tries;
	}
	state->tries_left--;
	state->generation++;
	state_format(record, state);
	failed = set_writable(true) != 0 || write_record(r, record) != 0;
	if (failed)
		snprintf(r->trouble, sizeof(r->trouble),
			"state: %s on %s: a try of %s cannot be written: %s",
			STATE_FILE, device, version, strerror(errno));
	if (set_writable(false) != 0 && !failed)
		snprintf(r->trouble, sizeof(r->trouble),
			"state: %s: cannot be made read-only again: %s", device,
			strerror(errno));
	if (failed)
		say(LEVEL_WARNING, "%s", r->trouble);
}
