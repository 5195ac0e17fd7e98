/* SPDX-License-Identifier: MIT */
#include "tool/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int list_add(struct list *l, const char *path, uint64_t size, struct err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		void *more = reallocarray(l->lines, cap, sizeof(*l->lines));

		if (!more)
			return err_set(
				e, REASON_FAILED, "%s: out of memory", path);
		l->lines = more;
		l->cap = cap;
	}
	l->lines[l->n].path = strdup(path);
	l->lines[l->n].size = size;
	if (!l->lines[l->n].path)
		return err_set(e, REASON_FAILED, "%s: out of memory", path);
	l->n++;
	return 0;
}

int list_add_objects(
	struct list *l, const struct wanted *w, size_t first, struct err *e)
{
	char path[OBJECT_PATH_MAX];

	for (size_t i = first; i < w->n; i++) {
		digest_object_path(&w->list[i].digest, path);
		if (list_add(l, path, w->list[i].size, e) != 0)
			return -1;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct list_line *x = a, *y = b;

	return strcmp(x->path, y->path);
}

char *list_text(struct list *l, size_t *n, struct err *e)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	if (l->n)
		qsort(l->lines, l->n, sizeof(*l->lines), by_path);
	if (f)
		fputs(LIST_FORMAT, f);
	for (size_t i = 0; f && i < l->n; i++)
		if (i == 0 || by_path(&l->lines[i - 1], &l->lines[i]) != 0)
			fprintf(f, "%llu %s\n",
				(unsigned long long)l->lines[i].size,
				l->lines[i].path);
	if (f && fclose(f) == 0)
		return text;
	free(text);
	err_set(e, REASON_FAILED, "lists: out of memory");
	return NULL;
}

void list_free(struct list *l)
{
	while (l->n)
		free(l->lines[--l->n].path);
	free(l->lines);
	*l = (struct list){ 0 };
}
