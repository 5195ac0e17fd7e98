/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a device: sectors of 512 bytes with a partition table,
 * or a superblock. Checksums are beyond a fuzzer: the header gets a right
 * one, and the table is also read when its own is wrong.
 */
#include "core/probe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_identity(const struct identity *id)
{
	char text[37];

	must(memchr(id->label, '\0', sizeof(id->label)));
	probe_uuid_text(id->uuid, text);
	must(strlen(text) == 36);
}

static void check_table(const struct gpt *g, const uint8_t *table)
{
	struct identity part;
	unsigned i;

	for (i = 0; i <= g->n + 1; i++)
		if (probe_gpt_partition(g, table, i, &part))
			check_identity(&part);
}

static void seal(uint8_t *sector)
{
	uint32_t crc = ~0u;
	int i, bit;

	memset(sector + 12, 0, 8);
	sector[12] = 92;
	for (i = 0; i < 92; i++)
		for (crc ^= sector[i], bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	crc = ~crc;
	for (i = 0; i < 4; i++)
		sector[16 + i] = crc >> 8 * i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t sector[512];
	struct identity id;
	struct gpt g;

	if (probe_ext4(data, n, &id) || probe_f2fs(data, n, &id) ||
		probe_btrfs(data, n, &id))
		check_identity(&id);
	if (n < 1024)
		return 0;
	probe_gpt(data + 512, 512, 1 << 20, &g);
	memcpy(sector, data + 512, 512);
	seal(sector);
	if (probe_gpt(sector, 512, 1 << 20, &g)) {
		must(g.table_size <= GPT_TABLE_MAX && g.last < 1 << 20);
		if (n - 1024 >= g.table_size) {
			probe_gpt_table(&g, data + 1024, g.table_size);
			check_table(&g, data + 1024);
		}
	}
	/* The entries, whatever the header says. */
	g = (struct gpt){
		.n = (n - 1024) / 128, .first = 34, .last = (1 << 20) - 34
	};
	check_table(&g, data + 1024);
	return 0;
}
