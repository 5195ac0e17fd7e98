/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uuid/uuid.h>

#include "core/file.h"
#include "tool/disk_copy.h"
#include "tool/disk_layout.h"
#include "tool/publish.h"
#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/store.h"
#include "tool/tool.h"

struct options {
	const char *store, *output, *extra, *label;
	char uuid[DISK_UUID_TEXT]; /* empty: derived */
	uint64_t size;		   /* bytes; 0: what is needed and slack */
	bool bare;		   /* the file system without a table */
	bool json;
};

static void help(FILE *f)
{
	fputs("usage: rootwright disk --store DIR --output FILE [OPTION...]\n"
	      "\n"
	      "Lays a store onto a disk image: a GPT with one ext4 partition "
	      "that holds it at\n"
	      "/composefs, every object and image sealed with fs-verity. Needs "
	      "no root.\n"
	      "\n"
	      "  --store DIR    the store, as rootwright build made it\n"
	      "  --output FILE  the disk image; it must not exist yet\n"
	      "  --size SIZE    of the image, in bytes or with K, M, G or T "
	      "(default: what\n"
	      "                 is needed and a sixteenth, at least 8 MiB)\n"
	      "  --label LABEL  of the file system and the partition "
	      "(default: rootwright)\n"
	      "  --uuid UUID    of the file system (default: derived from the "
	      "content)\n"
	      "  --no-table     the file system alone, for a partition that "
	      "others make\n"
	      "  --extra DIR    copy what is in DIR beside /composefs; nothing "
	      "verifies it\n"
	      "  --json         print one JSON document: what the disk is and "
	      "has\n",
		f);
}

/* A number with an optional unit of 1024s; 0 is no size. */
static bool parse_size(const char *text, uint64_t *size)
{
	const char *units = "KMGT", *unit;
	char *end;
	unsigned shift = 0;
	unsigned long long n;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || n == 0)
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		shift = 10 * (unit - units + 1);
	}
	if (n > (UINT64_MAX >> 1) >> shift)
		return false;
	*size = (uint64_t)n << shift;
	return *size % 512 == 0;
}

/* It goes onto kernel command lines: no blanks, quotes or slashes. */
static bool good_label(const char *label)
{
	size_t n = strlen(label);

	return n >= 1 && n <= EXT4_LABEL_MAX &&
	       strspn(label,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-") ==
		       n;
}

/* Takes one option with its value; 0 or EXIT_USAGE. */
static int value(struct options *o, int c)
{
	uuid_t uuid;

	switch (c) {
	case 's':
		o->store = optarg;
		return 0;
	case 'o':
		o->output = optarg;
		return 0;
	case 'x':
		o->extra = optarg;
		return 0;
	case 'z':
		if (!parse_size(optarg, &o->size))
			return tool_usage("disk",
				"--size %s: expected a multiple of 512 bytes, or a number with K, M, G or T",
				optarg);
		return 0;
	case 'l':
		o->label = optarg;
		if (!good_label(optarg))
			return tool_usage("disk",
				"--label %s: expected 1 to 16 letters, digits or . _ + -",
				optarg);
		return 0;
	case 'n':
		o->bare = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'u':
		if (uuid_parse(optarg, uuid) != 0 || uuid_is_null(uuid))
			return tool_usage("disk",
				"--uuid %s: expected a UUID, such as 2c1d1c0e-5d4b-4a52-9d6c-0f1e2d3c4b5a",
				optarg);
		uuid_unparse_lower(uuid, o->uuid);
		return 0;
	}
	return EXIT_USAGE;
}

/* 0, or -1 when help was all that was wanted, or EXIT_USAGE. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "store", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "size", required_argument, NULL, 'z' },
		{ "label", required_argument, NULL, 'l' },
		{ "uuid", required_argument, NULL, 'u' },
		{ "no-table", no_argument, NULL, 'n' },
		{ "extra", required_argument, NULL, 'x' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, r;

	*o = (struct options){ .label = "rootwright" };
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'h') {
			help(stdout);
			return -1;
		}
		if (c == '?')
			return tool_usage("disk",
				"%s: expected an option that it has, with its value",
				argv[optind - 1]);
		r = value(o, c);
		if (r != 0)
			return r;
	}
	if (optind < argc)
		return tool_usage(
			"disk", "%s: expected options only", argv[optind]);
	if (!o->store || !o->output)
		return tool_usage("disk", "%s is missing",
			o->store ? "--output" : "--store");
	return 0;
}

/* Decides the size, and refuses what does not fit. */
static int choose_size(const struct options *o, const struct disk_tree *t,
	uint64_t *bytes, struct err *e)
{
	uint64_t least;

	if (disk_size_least(t, &least, e) != 0)
		return -1;
	if (o->bare)
		least -= DISK_TABLES;
	*bytes = o->size ? o->size : least + disk_slack(least);
	if (*bytes >= least)
		return 0;
	err_set(e, REASON_FAILED,
		"disk: %s: expected a %s of at least %llu bytes, found --size of %llu",
		o->output, o->bare ? "file system" : "disk",
		(unsigned long long)least, (unsigned long long)*bytes);
	return err_hint(e, "--size %lluM holds it, without room for more",
		(unsigned long long)(least / DISK_MIB));
}

static int write_ext4(const struct options *o, const struct disk_tree *t,
	const struct disk_ids *ids, int fd, uint64_t bytes, struct err *e)
{
	struct ext4_params p;
	struct ext4 x;

	disk_file_system(&p, t, bytes + (o->bare ? DISK_TABLES : 0));
	if (o->bare)
		p.offset = 0;
	p.label = o->label;
	uuid_parse(ids->fs, p.uuid);
	uuid_parse(ids->hash_seed, p.hash_seed);
	if (ext4_make(&x, fd, o->output, &p, e) != 0)
		return -1;
	if (ext4_add_journal(&x, e) != 0 || disk_copy(&x, t, e) != 0) {
		ext4_abandon(&x);
		return -1;
	}
	return ext4_close(&x, e);
}

static void report(const struct options *o, const struct disk_tree *t,
	const struct disk_ids *ids, uint64_t bytes)
{
	tool_say(
		"%s: %llu MiB, %llu objects of %llu bytes sealed with fs-verity",
		o->output, (unsigned long long)(bytes / DISK_MIB),
		(unsigned long long)t->n_objects,
		(unsigned long long)t->object_bytes);
	if (o->bare)
		tool_say("%s: LABEL=%s UUID=%s", o->output, o->label, ids->fs);
	else
		tool_say("%s: LABEL=%s UUID=%s PARTLABEL=%s PARTUUID=%s",
			o->output, o->label, ids->fs, o->label, ids->partition);
	if (o->extra)
		tool_say("%s: what comes from %s is NOT verified at boot",
			o->output, o->extra);
}

static void report_json(const struct options *o, const struct disk_tree *t,
	const struct disk_ids *ids, uint64_t bytes)
{
	fputs("{\"disk\":", stdout);
	text_json(stdout, o->output, strlen(o->output));
	printf(",\"bytes\":%llu,\"objects\":%llu,\"object_bytes\":%llu,\"label\":\"%s\",\"uuid\":\"%s\"",
		(unsigned long long)bytes, (unsigned long long)t->n_objects,
		(unsigned long long)t->object_bytes, o->label, ids->fs);
	if (!o->bare)
		printf(",\"partlabel\":\"%s\",\"partuuid\":\"%s\"", o->label,
			ids->partition);
	printf(",\"extra\":");
	if (o->extra)
		text_json(stdout, o->extra, strlen(o->extra));
	else
		fputs("null", stdout);
	puts("}");
}

static int write_disk(const struct options *o, const struct disk_tree *t,
	int dirfd, const char *dir, const char *name, struct err *e)
{
	struct pending p;
	struct disk_ids ids;
	uint64_t bytes;

	if (choose_size(o, t, &bytes, e) != 0 ||
		disk_ids_derive(&ids, t, o->label, o->uuid[0] ? o->uuid : NULL,
			e) != 0 ||
		pending_open(&p, dirfd, dir, 0644, e) != 0)
		return -1;
	if (ftruncate(p.fd, bytes) != 0) {
		err_sys(e, REASON_FAILED, errno,
			"disk: %s: cannot be %llu bytes long", o->output,
			(unsigned long long)bytes);
	} else if ((o->bare || disk_gpt_write(p.fd, o->output, &ids, o->label,
				       e) == 0) &&
		   write_ext4(o, t, &ids, p.fd, bytes, e) == 0) {
		if (pending_publish(&p, name, false, true, e) != 0)
			return -1;
		report(o, t, &ids, bytes);
		if (o->json)
			report_json(o, t, &ids, bytes);
		return 0;
	}
	pending_abort(&p);
	return -1;
}

static int disk(const struct options *o, struct err *e)
{
	const char *slash = strrchr(o->output, '/');
	const char *name = slash ? slash + 1 : o->output;
	char dir[PATH_MAX];
	AUTO_FD
	int dirfd = -1;
	struct disk_tree t;
	struct store store;
	struct stat st;
	int r;

	snprintf(dir, sizeof(dir), "%.*s",
		slash ? (int)(slash - o->output) + 1 : 1,
		slash ? o->output : ".");
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"disk: %s: cannot be opened", dir);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, REASON_FAILED,
			"disk: %s: expected no such file, found one",
			o->output);
	if (store_open(&store, o->store, e) != 0)
		return -1;
	r = disk_tree_scan(&t, &store, o->extra, e);
	if (r == 0) {
		r = write_disk(o, &t, dirfd, dir, name, e);
		disk_tree_free(&t);
	}
	store_close(&store);
	return r;
}

int cmd_disk(int argc, char **argv)
{
	struct options o;
	struct err e;
	int r = parse(&o, argc, argv);

	if (r != 0)
		return r < 0 ? 0 : r;
	return disk(&o, &e) == 0 ? read_flush() : tool_fail(&e);
}
