/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "tool/compute.h"
#include "tool/disk_layout.h"

static void list(FILE *f, const struct disk_node *n)
{
	char hex[DIGEST_HEX_MAX] = "-";
	size_t i;

	if (n->object)
		digest_to_hex(&n->digest, hex);
	fprintf(f, "%s%c%o %u %u %llu %s %s%c", n->name ? n->name : "", 0,
		(unsigned)n->mode, (unsigned)n->uid, (unsigned)n->gid,
		(unsigned long long)n->size, hex, n->target ? n->target : "",
		0);
	for (i = 0; i < n->n_children; i++)
		list(f, n->children + i);
	fputc(1, f);
}

/* One digest of all that is known of the tree before its files are read. */
static int summary(const struct disk_tree *t, const char *label,
	struct digest *d, struct err *e)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	bool bad = !f;
	int r = -1;

	if (f) {
		fprintf(f, "%s%c", label, 0);
		list(f, &t->root);
		bad = ferror(f);
		bad |= fclose(f) != 0;
	}
	if (bad)
		err_sys(e, REASON_FAILED, ENOMEM, "disk: its identity");
	else
		r = compute_bytes(text, n, "disk", HASH_SHA256, d, e);
	free(text);
	return r;
}

/* A UUID of version 8 (RFC 9562: free to be a hash) from seed and role. */
static int derive(const char *seed, const char *role, char *out, struct err *e)
{
	char text[256];
	struct digest d;
	int n = snprintf(text, sizeof(text), "rootwright %s %s", role, seed);

	if (compute_bytes(text, n, "disk", HASH_SHA256, &d, e) != 0)
		return -1;
	d.bytes[6] = (d.bytes[6] & 0x0f) | 0x80;
	d.bytes[8] = (d.bytes[8] & 0x3f) | 0x80;
	uuid_unparse_lower(d.bytes, out);
	return 0;
}

int disk_ids_derive(struct disk_ids *ids, const struct disk_tree *t,
	const char *label, const char *uuid, struct err *e)
{
	char seed[DIGEST_HEX_MAX];
	struct digest d;

	if (uuid) {
		snprintf(ids->fs, sizeof(ids->fs), "%s", uuid);
	} else {
		if (summary(t, label, &d, e) != 0)
			return -1;
		digest_to_hex(&d, seed);
		if (derive(seed, "file system", ids->fs, e) != 0)
			return -1;
	}
	if (derive(ids->fs, "hash seed", ids->hash_seed, e) != 0 ||
		derive(ids->fs, "partition table", ids->table, e) != 0)
		return -1;
	return derive(ids->fs, "partition", ids->partition, e);
}
