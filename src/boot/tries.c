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

#include "boot/fs.h"

static int write_record(const struct releases *r, const uint8_t *record)
{
	AUTO_FD int mount =
		fs_clone(r->stores->dirfd, "", 0, MOUNT_ATTR_RDONLY);
	AUTO_FD int fd = -1;
	struct stat st;

	if (mount >= 0)
		fd = open_how(mount, STATE_FILE, O_WRONLY | O_NONBLOCK,
			RESOLVE_STRICT);
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
	const char *device = r->stores->device.path;
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
	failed = fs_writable(SPACE_STORE, true) || write_record(r, record);
	if (failed)
		snprintf(r->trouble, sizeof(r->trouble),
			"state: %s on %s: a try of %s cannot be written: %s",
			STATE_FILE, device, version, strerror(errno));
	if (!r->stores->writable && fs_writable(SPACE_STORE, false) && !failed)
		snprintf(r->trouble, sizeof(r->trouble),
			"state: %s: cannot be made read-only again: %s", device,
			strerror(errno));
	if (failed)
		say(LEVEL_WARNING, "%s", r->trouble);
}
