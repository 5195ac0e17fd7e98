/* SPDX-License-Identifier: MIT */
#include "tool/read_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/json.h"

static bool is_graph(uint8_t c)
{
	return c > ' ' && c < 0x7f;
}

void text_escaped(FILE *f, const char *s, size_t n, unsigned how)
{
	if ((how & TEXT_DASH) && n == 1 && s[0] == '-') {
		fputs("\\x2d", f);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c == '\\')
			fputs("\\\\", f);
		else if (c == '\n')
			fputs("\\n", f);
		else if (c == '\r')
			fputs("\\r", f);
		else if (c == '\t')
			fputs("\\t", f);
		else if ((c == '=' && (how & TEXT_EQUAL)) ||
			 (!is_graph(c) && !(c == ' ' && (how & TEXT_SPACE))))
			fprintf(f, "\\x%.2x", c);
		else
			putc_unlocked(c, f);
	}
}

void text_json(FILE *f, const char *s, size_t n)
{
	/* Each byte takes six at most. */
	static char text[READ_PATH_MAX + 1], out[6 * READ_PATH_MAX + 3];
	struct json j;

	n = n < READ_PATH_MAX ? n : READ_PATH_MAX;
	memcpy(text, s, n);
	text[n] = '\0';
	json_begin(&j, out, sizeof(out));
	json_string(&j, NULL, text);
	fputs(out, f);
}

const char *text_type(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "character-device";
	case S_IFBLK:
		return "block-device";
	case S_IFIFO:
		return "fifo";
	default:
		return "socket";
	}
}

/* The pieces of a target or of content, none of which is there alone. */
static void put_data(FILE *f, const struct read_stat *s, unsigned how)
{
	how &= s->data_size[0] && s->data_size[1] ? ~TEXT_DASH : ~0u;
	for (int i = 0; i < 2; i++)
		if (s->data_size[i])
			text_escaped(f, (const char *)s->data[i],
				s->data_size[i], how);
}

void text_list(FILE *f, const struct text_entry *x)
{
	const struct read_stat *s = x->stat;

	text_escaped(f, x->path, strlen(x->path), TEXT_SPACE);
	if (x->link) {
		/* composefs-info knows no more of a second name. */
	} else if (S_ISDIR(s->mode)) {
		fputs("/\t", f);
	} else if (S_ISLNK(s->mode)) {
		fputs("\t-> ", f);
		put_data(f, s, 0);
	} else if (S_ISREG(s->mode) && s->payload) {
		fputs("\t@ ", f);
		text_escaped(f, s->payload, s->payload_size, 0);
	}
	putc_unlocked('\n', f);
}

static void put_digest(FILE *f, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_to_hex(d, hex);
	fputs(hex, f);
}

void text_dump(FILE *f, const struct text_entry *x)
{
	const struct read_stat *s = x->stat;

	text_escaped(f, x->path, strlen(x->path), 0);
	fprintf(f, " %" PRIu64 " %s%o %u %u %u %u %" PRIi64 ".%u ", s->size,
		x->link ? "@" : "", s->mode, s->nlink, s->uid, s->gid, s->rdev,
		s->mtime, s->mtime_nsec);
	if (x->link)
		text_escaped(f, x->link, strlen(x->link), TEXT_DASH);
	else if (S_ISLNK(s->mode))
		put_data(f, s, TEXT_DASH);
	else if (s->payload)
		text_escaped(f, s->payload, s->payload_size, TEXT_DASH);
	else
		fputs("-", f);
	putc_unlocked(' ', f);
	if (S_ISREG(s->mode) && !s->is_object && s->size)
		put_data(f, s, TEXT_DASH);
	else if (!s->was_file) /* so composefs-info prints it: as nothing */
		fputs("-", f);
	putc_unlocked(' ', f);
	if (s->has_digest)
		put_digest(f, &s->digest);
	else
		fputs("-", f);
	for (uint32_t i = 0; i < s->n_xattrs; i++) {
		const struct read_xattr *a = &s->xattrs[i];

		putc_unlocked(' ', f);
		text_escaped(f, a->key, strlen(a->key), TEXT_EQUAL);
		putc_unlocked('=', f);
		text_escaped(f, (const char *)a->value, a->size, TEXT_EQUAL);
	}
	putc_unlocked('\n', f);
}

/* Bytes of any kind, two hex digits each. */
static void put_hex(FILE *f, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%.2x", p[i]);
}

static void put_all(FILE *f, const struct read_stat *s)
{
	if (S_ISREG(s->mode) && !s->is_object) {
		fputs(",\"content_hex\":\"", f);
		put_hex(f, s->data[0], s->data_size[0]);
		put_hex(f, s->data[1], s->data_size[1]);
		fputs("\"", f);
	}
	fputs(",\"xattrs\":[", f);
	for (uint32_t i = 0; i < s->n_xattrs; i++) {
		fputs(i ? ",{\"name\":" : "{\"name\":", f);
		text_json(f, s->xattrs[i].key, strlen(s->xattrs[i].key));
		fputs(",\"value_hex\":\"", f);
		put_hex(f, s->xattrs[i].value, s->xattrs[i].size);
		fputs("\"}", f);
	}
	fputs("]", f);
}

void text_entry_json(FILE *f, const struct text_entry *x, bool all)
{
	const struct read_stat *s = x->stat;
	char target[4096];

	fputs("{\"path\":", f);
	text_json(f, x->path, strlen(x->path));
	fprintf(f,
		",\"type\":\"%s\",\"mode\":%u,\"size\":%" PRIu64
		",\"nlink\":%u,\"uid\":%u,\"gid\":%u,\"rdev\":%u"
		",\"mtime\":%" PRIi64 ",\"mtime_nsec\":%u",
		text_type(s->mode), s->mode & 07777u, s->size, s->nlink, s->uid,
		s->gid, s->rdev, s->mtime, s->mtime_nsec);
	if (x->link) {
		fputs(",\"link\":", f);
		text_json(f, x->link, strlen(x->link));
	}
	if (S_ISLNK(s->mode)) {
		/* read_open() saw to it that a target is shorter. */
		memcpy(target, s->data[0] ? s->data[0] : s->data[1],
			s->data_size[0] + s->data_size[1]);
		fputs(",\"target\":", f);
		text_json(f, target, s->data_size[0] + s->data_size[1]);
	}
	if (s->payload) {
		fputs(",\"object\":", f);
		text_json(f, s->payload, s->payload_size);
	}
	if (s->has_digest) {
		fprintf(f, ",\"algorithm\":\"%s\",\"digest\":\"",
			hash_name(s->digest.algorithm));
		put_digest(f, &s->digest);
		fputs("\"", f);
	}
	if (all)
		put_all(f, s);
	fputs("}", f);
}
