/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a device: sectors of 512 bytes with a partition table,
 * or a superblock.
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
	must(memchr(id->label, '\0', sizeof(id->label)));
	must(strnlen(id->uuid, sizeof(id->uuid)) == 36);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t entry[GPT_ENTRY_SIZE], header[GPT_HEADER_SIZE];
	struct identity id;

	if (probe_ext4(data, n, &id) || probe_f2fs(data, n, &id) ||
		probe_btrfs(data, n, &id))
		check_identity(&id);
	if (n < 1024 + sizeof(entry))
		return 0;
	/* Copies, so that ASan sees a read over. */
	memcpy(header, data + 512, sizeof(header));
	memcpy(entry, data + 1024, sizeof(entry));
	if (probe_gpt(header) && probe_gpt_entry(entry, entry[32], &id))
		check_identity(&id);
	return 0;
}
