/* SPDX-License-Identifier: MIT */
/*
 * Real images made by the file systems' own tools, then the same bytes made
 * wrong one field at a time.
 */
#include "core/probe.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define MIB (1 << 20)

static char dir[] = "/tmp/probe.XXXXXX";
static uint8_t bytes[128 * 1024]; /* the beginning of the image */
static struct identity id;

/*
 * Makes an image of that many MiB and runs the tool, a shell command with
 * the image in $f, over it. False when the tool is not installed.
 */
static bool make(int mib, const char *tool, const char *command)
{
	char line[600];
	FILE *f;
	size_t n;

	snprintf(line, sizeof(line),
		"PATH=$PATH:/usr/sbin:/sbin; command -v %s >/dev/null", tool);
	if (system(line)) {
		ok(true, "%s # SKIP it is not installed", tool);
		return false;
	}
	snprintf(line, sizeof(line),
		"PATH=$PATH:/usr/sbin:/sbin; f=%s/f; rm -f $f; "
		"truncate -s %dM $f && { %s; } >/dev/null 2>&1",
		dir, mib, command);
	if (!ok(system(line) == 0, "%s makes an image", tool))
		return false;
	snprintf(line, sizeof(line), "%s/f", dir);
	f = fopen(line, "rb");
	n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
	if (f)
		fclose(f);
	return ok(n == sizeof(bytes), "and it is read");
}

static void check_ext4(void)
{
	uint8_t *sb = bytes + EXT4_OFFSET;

	if (!make(8, "mke2fs",
		    "mke2fs -q -t ext4 -O verity -L sixteen-bytes-xx -U " UUID
		    " $f"))
		return;
	ok(probe_ext4(sb, EXT4_SIZE, &id), "ext4 is found");
	is_str(id.label, "sixteen-bytes-xx", "a label that fills its field");
	is_str(id.uuid, UUID, "its UUID");
	ok(!id.needs_recovery, "clean");
	ok(!probe_ext4(sb, EXT4_SIZE - 1, &id), "too few bytes");
	ok(!probe_btrfs(sb, 3072, &id) && !probe_f2fs(sb, 3072, &id),
		"it is nothing else");
	sb[0x60] |= 4;
	ok(probe_ext4(sb, EXT4_SIZE, &id) && id.needs_recovery,
		"a journal to recover");
	sb[0x60] |= 8;
	ok(!probe_ext4(sb, EXT4_SIZE, &id), "an external journal is none");
	sb[0x60] &= ~8;
	sb[0x4c] = 0;
	ok(!probe_ext4(sb, EXT4_SIZE, &id), "revision 0 is refused");
	sb[0x4c] = 1;
	sb[0x39] = 0;
	ok(!probe_ext4(sb, EXT4_SIZE, &id), "another magic");
	if (!make(8, "mke2fs", "mke2fs -q -t ext4 -O ^verity $f"))
		return;
	ok(probe_ext4(sb, EXT4_SIZE, &id), "without verity");
	is_str(id.label, "", "without a label");
}

static void check_btrfs(void)
{
	uint8_t *sb = bytes + BTRFS_OFFSET;

	if (!make(128, "mkfs.btrfs",
		    "mkfs.btrfs -q -L 'a label' -U " UUID " $f"))
		return;
	ok(probe_btrfs(sb, BTRFS_SIZE, &id), "btrfs is found");
	is_str(id.label, "a label", "its label");
	is_str(id.uuid, UUID, "its UUID");
	ok(!id.needs_recovery, "clean");
	ok(!probe_btrfs(sb, BTRFS_SIZE - 1, &id), "too few bytes");
	ok(!probe_ext4(bytes + EXT4_OFFSET, EXT4_SIZE, &id),
		"it is nothing else");
	sb[0x60] = 1;
	memset(sb + 0x12b, 'x', 256);
	ok(probe_btrfs(sb, BTRFS_SIZE, &id) && id.needs_recovery &&
			strlen(id.label) == 256,
		"a log tree, a label that fills its field");
	sb[0x32]++;
	ok(!probe_btrfs(sb, BTRFS_SIZE, &id), "a copy from elsewhere");
	sb[0x32]--;
	sb[0x40]++;
	ok(!probe_btrfs(sb, BTRFS_SIZE, &id), "another magic");
}

static void check_f2fs(void)
{
	uint8_t *sb = bytes + F2FS_OFFSET;
	int i;

	if (!make(64, "mkfs.f2fs",
		    "mkfs.f2fs -q -O extra_attr,verity -l 'caf\xc3\xa9' -U " UUID
		    " $f"))
		return;
	ok(probe_f2fs(sb, F2FS_SIZE, &id), "f2fs is found");
	is_str(id.label, "caf\x7f", "its label, as far as it is ASCII");
	is_str(id.uuid, UUID, "its UUID");
	ok(!id.needs_recovery, "nothing is known of its log");
	ok(!probe_f2fs(sb, F2FS_SIZE - 1, &id), "too few bytes");
	memset(sb + 124, 0, 1024);
	for (i = 0; i < 256; i++)
		sb[124 + 2 * i] = 'x';
	ok(probe_f2fs(sb, F2FS_SIZE, &id) && strlen(id.label) == 256,
		"a label of 256 letters");
	sb[124 + 512] = 'x';
	ok(probe_f2fs(sb, F2FS_SIZE, &id) && id.label[0] == '\0',
		"one of 257 is none");
	sb[0]++;
	ok(!probe_f2fs(sb, F2FS_SIZE, &id), "another magic");
}

static void check_gpt_entries(uint8_t *table)
{
	struct identity part;
	unsigned i, used = 0;

	ok(probe_gpt_entry(table, 2048, &part), "partition 1");
	is_str(part.uuid, UUID, "its PARTUUID");
	is_str(part.label, "caf\x7f \x7f",
		"its PARTLABEL, as far as it is ASCII");
	ok(probe_gpt_entry(table + 4 * GPT_ENTRY_SIZE, 4096, &part),
		"partition 5");
	is_str(part.label, "123456789012345678901234567890123456",
		"a name that fills its field");
	for (i = 0; i < 128; i++)
		used += probe_gpt_entry(
			table + i * GPT_ENTRY_SIZE, 2048, &part);
	is_int(used, 1, "no other one begins there");
	memcpy(table + 56, "\x3d\xd8\x00\xde", 4);
	ok(probe_gpt_entry(table, 2048, &part), "a surrogate pair");
	is_str(part.label,
		"\x7f\x7f"
		"f\x7f \x7f",
		"is no letter that store= could name");
	memcpy(table + 56, "\x41\x01\x7f\x00", 4);
	ok(probe_gpt_entry(table, 2048, &part), "U+0141 and DEL");
	is_str(part.label,
		"\x7f\x7f"
		"f\x7f \x7f",
		"neither is an A");
	table[39] = 0x80;
	ok(!probe_gpt_entry(table, 2048, &part), "all of the start counts");
}

static void check_gpt(void)
{
	uint8_t *header = bytes + 512;

	if (!make(8, "sfdisk",
		    "printf 'label: gpt\\n"
		    "1: start=2048, size=2048, uuid=" UUID
		    ", name=\"caf\xc3\xa9 \xe2\x82\xac\"\\n"
		    "5: start=4096, name=123456789012345678901234567890123456"
		    "\\n' | LC_ALL=C.UTF-8 sfdisk -q $f"))
		return;
	is_int(probe_gpt(header), 2, "GPT is found, and where its table is");
	header[79] = 1;
	ok(probe_gpt(header) == (1ULL << 56) + 2, "a table far away");
	header[85] = 1;
	is_int(probe_gpt(header), 0, "entries of 384 bytes");
	header[85] = 0;
	header[0] = 'e';
	is_int(probe_gpt(header), 0, "another magic");
	check_gpt_entries(bytes + 1024);
}

int main(void)
{
	char line[64];

	if (!mkdtemp(dir))
		return 1;
	check_ext4();
	check_btrfs();
	check_f2fs();
	check_gpt();
	memset(bytes, 0, sizeof(bytes));
	ok(!probe_ext4(bytes, 4096, &id) && !probe_f2fs(bytes, 4096, &id) &&
			!probe_btrfs(bytes, 4096, &id),
		"zeros are nothing");
	snprintf(line, sizeof(line), "rm -rf %s", dir);
	ok(system(line) == 0, "tidied up");
	return tap_done();
}
