/* SPDX-License-Identifier: MIT */
/*
 * Any OCI layout: refused with a sentence, or a tree. The input is a byte
 * that says what is asked for, and documents with "\n--\n" between them, each
 * of which becomes a blob but for the last, which is index.json. As nobody
 * guesses a digest, @0 to @9 in a document stand for the digest of an earlier
 * one, and #0 to #9 for its size.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/layer.h"
#include "tool/oci_blob.h"

#define DOCUMENTS 10
#define SEPARATOR "\n--\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct document {
	char digest[OCI_DIGEST];
	size_t size;
};

static char place[] = "/tmp/fuzz-oci-XXXXXX";
static int dir = -1;

static void write_file(const char *name, const void *bytes, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void clean(void)
{
	unlinkat(dir, "oci-layout", 0);
	unlinkat(dir, "index.json", 0);
	unlinkat(dir, "blobs/sha256", AT_REMOVEDIR);
	unlinkat(dir, "blobs", AT_REMOVEDIR);
	rmdir(place);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

	(void)argc;
	(void)argv;
	if (!mkdtemp(place))
		abort();
	dir = open(place, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || mkdirat(dir, "blobs", 0700) != 0 ||
		mkdirat(dir, "blobs/sha256", 0700) != 0)
		abort();
	write_file("oci-layout", layout, sizeof(layout) - 1);
	atexit(clean);
	return 0;
}

/* Puts digests and sizes in; returns the new size. */
static size_t resolve(const uint8_t *in, size_t n, const struct document *d,
	unsigned documents, char *out)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned which = i + 1 < n ? in[i + 1] - (unsigned)'0' : 10;

		if ((in[i] == '@' || in[i] == '#') && which < documents) {
			size += (size_t)(in[i] == '@'
						 ? sprintf(out + size, "%s",
							   d[which].digest)
						 : sprintf(out + size, "%zu",
							   d[which].size));
			i++;
		} else {
			out[size++] = (char)in[i];
		}
	}
	return size;
}

static void add_blob(struct document *d, const char *text, size_t n)
{
	char name[OCI_DIGEST + 16];
	struct sha256 hash;

	if (sha256_begin(&hash) != 0 || sha256_add(&hash, text, n) != 0 ||
		sha256_end(&hash, d->digest) != 0)
		abort();
	sha256_free(&hash);
	d->size = n;
	snprintf(name, sizeof(name), "blobs/sha256/%s", d->digest + 7);
	write_file(name, text, n);
}

static int object(void *ctx, const struct compute_reader *from, uint64_t size,
	uint32_t inode, const char *path, struct err *e)
{
	const struct layers *l = ctx;
	struct digest d;

	if (size > 1 << 20)
		return err_set(e, REASON_FAILED, "%s: too large", path);
	if (compute_from(from, -1, path, size, HASH_SHA256, &d, e) != 0)
		return -1;
	return tree_set_object(l->tree, inode, size, &d, e);
}

static void read_layout(const char *ref)
{
	struct layers l = { .object = object, .ctx = &l };
	struct err e = { 0 }, other;
	char where[256];
	struct oci o;
	int r;

	snprintf(where, sizeof(where), "%s%s", place, ref);
	l.tree = tree_new(HASH_SHA256);
	if (!l.tree)
		abort();
	r = oci_open(&o, where, &e);
	if (r == 0)
		r = oci_read(&o, &l, &e);
	if (layers_end(&l, r == 0 ? &e : &other) != 0)
		r = -1;
	if (r != 0 && !e.text[0])
		abort();
	oci_close(&o);
	tree_free(l.tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct document d[DOCUMENTS];
	const uint8_t *at = bytes + 1, *end = bytes + n, *next;
	char ref[OCI_DIGEST + 2] = "", name[OCI_DIGEST + 16];
	unsigned documents = 0;
	char *text;

	if (n == 0 || n > 65536)
		return 0;
	/* Two bytes become a digest at most. */
	text = malloc(n * OCI_DIGEST);
	if (!text)
		return 0;
	while (documents < DOCUMENTS &&
		(next = memmem(at, (size_t)(end - at), SEPARATOR,
			 strlen(SEPARATOR)))) {
		add_blob(&d[documents], text,
			resolve(at, (size_t)(next - at), d, documents, text));
		documents++;
		at = next + strlen(SEPARATOR);
	}
	write_file("index.json", text,
		resolve(at, (size_t)(end - at), d, documents, text));
	free(text);
	if (bytes[0] == 't')
		strcpy(ref, ":one");
	else if (bytes[0] - (unsigned)'0' < documents)
		snprintf(ref, sizeof(ref), ":%s", d[bytes[0] - '0'].digest);
	read_layout(ref);
	for (unsigned i = 0; i < documents; i++) {
		snprintf(
			name, sizeof(name), "blobs/sha256/%s", d[i].digest + 7);
		unlinkat(dir, name, 0);
	}
	return 0;
}
