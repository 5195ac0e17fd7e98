/* SPDX-License-Identifier: MIT */
/* An image of any bytes: refused, or read to its last entry. */
#include <stdlib.h>
#include <string.h>

#include "tool/read_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void read_node(struct read_image *r, uint32_t node, FILE *out)
{
	static char path[READ_PATH_MAX + 1], link[READ_PATH_MAX + 1];
	struct read_stat s = { 0 };
	struct text_entry x = { .path = path, .stat = &s };
	struct err e;

	check(read_path(r, node, path) == strlen(path));
	check(read_lookup(r, path) == node);
	check(node == 0 || r->nodes[node].parent < node);
	check(read_stat(r, r->nodes[node].inode, &s, &e) == 0);
	if (read_is_link(r, node)) {
		read_path(r, r->inodes[r->nodes[node].inode].node, link);
		x.link = link;
	}
	text_list(out, &x);
	text_dump(out, &x);
	text_entry_json(out, &x, true);
	if (s.is_object && read_object(r, node, &s, &e) == 0)
		check(s.has_digest);
	read_stat_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;
	struct read_image r;
	struct err e;

	if (!out)
		out = fopen("/dev/null", "w");
	check(out != NULL);
	if (read_open_bytes(&r, "image", data, size, &e) != 0) {
		check(e.text[0] != '\0');
		return 0;
	}
	check(r.n_nodes > 0 && r.nodes[0].end == r.n_nodes);
	for (uint32_t i = 0; i < r.n_nodes; i++)
		read_node(&r, i, out);
	read_close(&r);
	return 0;
}
