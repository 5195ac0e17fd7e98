/* SPDX-License-Identifier: MIT */
/* What boot.conf says of what may be written, and of the state. */
#include "core/policy.h"

#include <stdlib.h>

#include "tap.h"

#define B(s) "policy: b.conf:1: " s

static struct policy p;
static struct err e;

static int parse(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1); /* so that ASan sees a read over */
	int r;

	memcpy(copy, text, n + 1);
	memset(&p, 0xff, sizeof(p));
	memset(&e, 0, sizeof(e));
	r = policy_parse(&p, "b.conf", copy, n, &e);
	free(copy);
	return r;
}

static void check_defaults(void)
{
	policy_defaults(&p);
	ok(p.keep[TREE_ROOT] == KEEP_NONE &&
			p.keep[TREE_ETC] == KEEP_TRANSIENT &&
			p.keep[TREE_VAR] == KEEP_TRANSIENT && p.var_restrict,
		"what may be written");
	is_str(p.state_path, "/state", "state_path");
	ok(!p.state[0] && !p.state_fstype[0] && !p.state_trusted &&
			!p.state_transient && !p.factory_reset,
		"no state");
}

/* Each word where it belongs. */
static void check_words(void)
{
	is_int(parse("root=transient\netc=overlay\nvar=bind\nvar_restrict=no\n"
		     "state=store\nstate_path=/a/b\nstate_fstype=btrfs\n"
		     "state_trusted=yes\nstate_on_failure=transient\n"
		     "factory_reset=yes"),
		0, "all of it: %s", e.text);
	is_int(p.keep[TREE_ROOT], KEEP_TRANSIENT, "root");
	is_int(p.keep[TREE_ETC], KEEP_OVERLAY, "etc");
	is_int(p.keep[TREE_VAR], KEEP_BIND, "var");
	ok(!p.var_restrict && p.state_trusted && p.state_transient &&
			p.factory_reset,
		"yes and no");
	is_str(p.state, "store", "state");
	is_str(p.state_path, "/a/b", "state_path");
	is_str(p.state_fstype, "btrfs", "state_fstype");
	is_int(parse("root=readonly\netc=bind\nvar=transient"), 0,
		"other words: %s", e.text);
	ok(p.keep[TREE_ROOT] == KEEP_NONE && p.keep[TREE_ETC] == KEEP_BIND &&
			p.keep[TREE_VAR] == KEEP_TRANSIENT,
		"are others");
	is_int(parse("etc=none\nvar=none\nstate_on_failure=fail\n"
		     "state=PARTLABEL=state"),
		0, "none: %s", e.text);
	ok(!p.keep[TREE_ETC] && !p.keep[TREE_VAR] && !p.state_transient,
		"is none");
	is_str(p.state, "PARTLABEL=state", "a device of its own");
	is_int(parse("etc=transient"), 0, "the default: %s", e.text);
	is_int(p.keep[TREE_ETC], KEEP_TRANSIENT, "can be said");
}

static const struct {
	const char *line, *text;
} refused[] = {
	{ "root=/dev/vda",
		B("expected readonly or transient, found 'root=/dev/vda\'") },
	{ "root=rw", B("expected readonly or transient, found 'root=rw\'") },
	{ "etc=yes",
		B("expected none, transient, overlay or bind, found 'etc=yes\'") },
	{ "var=overlay",
		B("expected none, transient or bind, found 'var=overlay\'") },
	{ "var_restrict=", B("expected yes or no, found 'var_restrict=\'") },
	{ "state=Store",
		B("expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'state=Store\'") },
	{ "state=",
		B("expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'state=\'") },
	{ "state_path=/", B("expected a path below /, found 'state_path=/\'") },
	{ "state_path=", B("expected a path below /, found 'state_path=\'") },
	{ "state_path=/a/../b",
		B("expected an absolute path without . or .. or //, found 'state_path=/a/../b\'") },
	{ "state_fstype=vfat",
		B("expected ext4, btrfs or f2fs, found 'state_fstype=vfat\'") },
	{ "state_on_failure=reboot",
		B("expected fail or transient, found 'state_on_failure=reboot\'") },
	{ "watchdog=60", B("expected yes or no, found 'watchdog=60'") },
	{ "state_trusted=1",
		B("expected yes or no, found 'state_trusted=1\'") },
	{ "factory_reset=always",
		B("expected yes or no, found 'factory_reset=always\'") },
};

int main(void)
{
	check_defaults();
	check_words();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		is_int(parse(refused[i].line), -1, "%s is refused",
			refused[i].line);
		is_int(e.reason, REASON_POLICY_INVALID, "its reason");
		is_str(e.text, refused[i].text, "its sentence");
	}
	return tap_done();
}
