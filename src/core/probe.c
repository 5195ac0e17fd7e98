/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

#include <string.h>

#include "core/text.h"

static uint32_t le16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* A label of at most max bytes, which need not be terminated. */
static void copy_label(struct identity *out, const uint8_t *p, size_t max)
{
	memcpy(out->label, p, max);
	out->label[max] = '\0';
}

/*
 * UTF-16LE of at most units code units to ASCII, which is all that store= can
 * ask for: any other letter becomes DEL, which store= cannot hold. A name that
 * does not fit is none: cut short it could be taken for another.
 */
static void copy_utf16(char *out, size_t size, const uint8_t *p, size_t units)
{
	size_t i;

	for (i = 0; i < units && i < size && le16(p + 2 * i); i++)
		out[i] = le16(p + 2 * i) < 0x7f ? le16(p + 2 * i) : 0x7f;
	out[i < size ? i : 0] = '\0';
}

bool probe_ext4(const uint8_t *sb, size_t n, struct identity *out)
{
	if (n < EXT4_SIZE || le16(sb + 0x38) != 0xef53)
		return false;
	/* The first revision has neither features nor a UUID. */
	if (le32(sb + 0x4c) < 1)
		return false;
	/* An external journal has no files. */
	if (le32(sb + 0x60) & 0x0008)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->uuid, sb + 0x68, 16);
	copy_label(out, sb + 0x78, 16);
	out->needs_recovery = le32(sb + 0x60) & 0x0004;
	return true;
}

bool probe_btrfs(const uint8_t *sb, size_t n, struct identity *out)
{
	if (n < BTRFS_SIZE || memcmp(sb + 0x40, "_BHRfS_M", 8) ||
		le64(sb + 0x30) != BTRFS_OFFSET)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->uuid, sb + 0x20, 16);
	copy_label(out, sb + 0x12b, 256);
	out->needs_recovery = le64(sb + 0x60) != 0; /* a log tree */
	return true;
}

bool probe_f2fs(const uint8_t *sb, size_t n, struct identity *out)
{
	if (n < F2FS_SIZE || le32(sb) != 0xf2f52010)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->uuid, sb + 108, 16);
	copy_utf16(out->label, sizeof(out->label), sb + 124, 512);
	return true;
}

uint64_t probe_gpt(const uint8_t *header)
{
	/* Neither does the kernel take entries of another size. */
	if (memcmp(header, "EFI PART", 8) ||
		le32(header + 84) != GPT_ENTRY_SIZE)
		return 0;
	return le64(header + 72);
}

/* A GUID on disk has its first three fields in little endian. */
static void uuid_from_guid(uint8_t *uuid, const uint8_t *guid)
{
	static const uint8_t from[8] = { 3, 2, 1, 0, 5, 4, 7, 6 };
	int i;

	for (i = 0; i < 8; i++)
		uuid[i] = guid[from[i]];
	memcpy(uuid + 8, guid + 8, 8);
}

bool probe_gpt_entry(const uint8_t *entry, uint64_t start, struct identity *out)
{
	if (le64(entry + 32) != start)
		return false;
	memset(out, 0, sizeof(*out));
	uuid_from_guid(out->uuid, entry + 16);
	copy_utf16(out->label, sizeof(out->label), entry + 56, 36);
	return true;
}

void probe_uuid_text(const uint8_t *uuid, char *out)
{
	static const uint8_t parts[] = { 4, 2, 2, 2, 6 };

	for (unsigned i = 0; i < sizeof(parts); uuid += parts[i++]) {
		text_hex(out, uuid, parts[i]);
		out += 2 * parts[i] + 1;
		out[-1] = i < 4 ? '-' : '\0';
	}
}
