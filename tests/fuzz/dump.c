/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a dump: refused with a sentence, or a tree whose image can be
 * written. The first byte chooses the hash, how strict it is, and what is
 * read at a time.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool/dump_read.h"
#include "tool/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int count(void *ctx, const void *bytes, size_t n, struct err *e)
{
	(void)bytes;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct image_options versions = IMAGE_OPTIONS_DEFAULT;
	struct dump_options o = { 0 };
	struct input in = { .name = "dump" };
	size_t size = 0;
	const struct image_sink sink = { count, &size };
	struct tree *t;
	struct err e = { 0 };
	int r;

	if (n == 0)
		return 0;
	o.strict = bytes[0] & 1;
	t = tree_new(bytes[0] & 2 ? HASH_SHA512 : HASH_SHA256);
	in.fd = memfd_create("dump", MFD_CLOEXEC);
	if (!t || in.fd < 0 || write(in.fd, bytes + 1, n - 1) < 0)
		__builtin_trap();
	/* What was looked at comes first, the rest from the file. */
	lseek(in.fd, 0, SEEK_SET);
	if (bytes[0] & 4)
		in.n_first = (size_t)read(in.fd, in.first, sizeof(in.first));
	r = tree_read_dump(t, &in, &o, &e);
	if (r == 0 && image_write(t, &versions, &sink, &e) == 0 && size < 4096)
		__builtin_trap();
	if (r != 0 && !e.text[0])
		__builtin_trap();
	tree_free(t);
	close(in.fd);
	return 0;
}
