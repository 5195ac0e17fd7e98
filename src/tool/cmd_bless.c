/* SPDX-License-Identifier: MIT */
/* rootwright bless: this boot was good. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/release.h"
#include "tool/boot_record.h"
#include "tool/state_file.h"
#include "tool/store_device.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright bless [--store DIR] [--boot-record FILE]\n"
	"\n"
	"Declares the release that this system has booted good: it is not subject to\n"
	"tries any more, and releases below its rollback_index are refused from now\n"
	"on. A system that no release has booted is left alone.\n"
	"\n"
	"  --store DIR         where its store is mounted, writable (default: the\n"
	"                      device that it was booted from)\n"
	"  --boot-record FILE  what was booted (default: " BOOT_RECORD_FILE
	")\n"
	"  --help              print this\n";

struct options {
	const char *store, *record;
};

/* What was booted, of the record. */
struct booted {
	const char *name, *version;
	uint64_t sequence, rollback_index;
	uint64_t floor; /* that was active; UINT64_MAX: not said */
	bool changed;
};

static int read_booted(struct booted *b, const json_t *record, struct err *e)
{
	char checked[NAME_MAX_SIZE];

	b->name = boot_record_string(record, "release", "name");
	b->version = boot_record_string(record, "release", "version");
	if (!boot_record_number(record, "floor", "active", &b->floor))
		b->floor = UINT64_MAX;
	if (b->name && b->version &&
		!field_name(checked, b->name, strlen(b->name)) &&
		!field_name(checked, b->version, strlen(b->version)) &&
		boot_record_number(
			record, "release", "sequence", &b->sequence) &&
		boot_record_number(record, "release", "rollback_index",
			&b->rollback_index))
		return 0;
	return err_set(e, REASON_FAILED,
		"boot record: expected a release with name, version, sequence and rollback_index, found another");
}

/* The state is about to be written to: is this the store it was booted from? */
static int check_store(
	int dirfd, const char *store, const struct booted *b, struct err *e)
{
	static char text[RELEASE_MAX];
	char where[RELEASE_WHERE_MAX];
	struct release r;
	size_t n;
	AUTO_FD int fd =
		release_read(dirfd, b->name, b->version, where, text, &n, e);

	if (fd < 0 ||
		release_parse(&r, b->name, b->version, where, text, n, e) != 0)
		return -1;
	if (r.sequence == b->sequence && r.rollback_index == b->rollback_index)
		return 0;
	return err_set(e, REASON_FAILED,
		"%s/%s: expected the release that was booted, found another of this name and version",
		store, where);
}

/*
 * The floor only rises; a stored one that the boot found to be above every
 * release, and ignored, is no floor. The tries of another release stay as they
 * are: it may be the one that failed before this one was booted.
 */
static int bless(struct state *s, void *ctx)
{
	struct booted *b = ctx;
	uint64_t floor = s->floor <= b->floor ? s->floor : b->floor;

	if (floor < b->rollback_index)
		floor = b->rollback_index;
	b->changed = strcmp(s->blessed, b->version) != 0 ||
		     strcmp(s->trying, b->version) == 0 || s->floor != floor;
	strcpy(s->blessed, b->version);
	if (strcmp(s->trying, b->version) == 0) {
		s->trying[0] = '\0';
		s->tries_left = 0;
	}
	s->floor = floor;
	b->floor = floor;
	return b->changed;
}

static int update(int dirfd, const char *store, struct booted *b, struct err *e)
{
	if (check_store(dirfd, store, b, e) != 0 ||
		state_file_update(dirfd, store, b->name, bless, b, e) != 0)
		return -1;
	tool_say("release %s %s: %s: roll-back floor %llu", b->name, b->version,
		b->changed ? "declared good" : "was declared good before",
		(unsigned long long)b->floor);
	return 0;
}

static int on_device(const json_t *record, struct booted *b, struct err *e)
{
	const char *device = boot_record_string(record, "store", "device");
	const char *fstype = boot_record_string(record, "store", "fstype");
	const char *path = boot_record_string(record, "store", "path");
	struct store_device d;
	int r;

	if (!device || !fstype || !path || path[0] != '/')
		return err_set(e, REASON_FAILED,
			"boot record: expected a store with device, fstype and path, found none");
	if (store_device_open(&d, device, fstype, path, true, e) != 0)
		return -1;
	r = update(d.dirfd, device, b, e);
	store_device_close(&d);
	return r;
}

static int run(const struct options *o, const json_t *record, struct err *e)
{
	AUTO_FD int dirfd = -1;
	struct booted b = { 0 };

	if (!boot_record_get(record, NULL, "release")) {
		const char *trust = boot_record_string(record, NULL, "trust");

		tool_say(
			"no release was booted (trust=%s): there is nothing to declare good",
			trust ? trust : "?");
		return 0;
	}
	if (read_booted(&b, record, e) != 0)
		return -1;
	if (!o->store)
		return on_device(record, &b, e);
	dirfd = open(o->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"%s: cannot be opened as a store", o->store);
	return update(dirfd, o->store, &b, e);
}

int cmd_bless(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "boot-record", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options o = { .record = BOOT_RECORD_FILE };
	json_t *record;
	bool private;
	struct err e;
	int c, r;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 's')
			o.store = optarg;
		else if (c == 'r')
			o.record = optarg;
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else
			return tool_usage("bless",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
	}
	if (optind < argc)
		return tool_usage("bless", "expected no arguments, found %d",
			argc - optind);
	record = boot_record_load(o.record, &private, &e);
	r = record ? run(&o, record, &e) : -1;
	json_decref(record);
	return r == 0 ? 0 : tool_fail(&e);
}
