/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

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

/* A GUID has its first three fields in little endian. */
static const uint8_t guid[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13,
	14, 15 };

/* Begins with what is known: its UUID, whose bytes are in this order. */
static void begin(struct identity *out, const uint8_t *p, const uint8_t *order)
{
	char *s = out->uuid;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < 16; i++, s += 2) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*s++ = '-';
		text_hex(s, p + (order ? order[i] : i), 1);
	}
}

bool probe_ext4(const uint8_t *sb, size_t n, struct identity *out)
{
	/*
	 * The first revision has neither features nor a UUID, and an external
	 * journal has no files.
	 */
	if (n < EXT4_SIZE || le16(sb + 0x38) != 0xef53 || le32(sb + 0x4c) < 1 ||
		(le32(sb + 0x60) & 0x0008))
		return false;
	begin(out, sb + 0x68, NULL);
	copy_label(out, sb + 0x78, 16);
	out->needs_recovery = le32(sb + 0x60) & 0x0004;
	return true;
}

bool probe_btrfs(const uint8_t *sb, size_t n, struct identity *out)
{
	if (n < BTRFS_SIZE || memcmp(sb + 0x40, "_BHRfS_M", 8) ||
		le64(sb + 0x30) != BTRFS_OFFSET)
		return false;
	begin(out, sb + 0x20, NULL);
	copy_label(out, sb + 0x12b, 256);
	out->needs_recovery = le64(sb + 0x60) != 0; /* a log tree */
	return true;
}

bool probe_f2fs(const uint8_t *sb, size_t n, struct identity *out)
{
	if (n < F2FS_SIZE || le32(sb) != 0xf2f52010)
		return false;
	begin(out, sb + 108, NULL);
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

bool probe_gpt_entry(const uint8_t *entry, uint64_t start, struct identity *out)
{
	if (le64(entry + 32) != start)
		return false;
	begin(out, entry + 16, guid);
	copy_utf16(out->label, sizeof(out->label), entry + 56, 36);
	return true;
}
