/* SPDX-License-Identifier: MIT */
#include "core/err.h"

#include "core/text.h"

static const struct {
	const char *name;
	const char *hint;
} reasons[] = {
#define X(code, name, hint) { name, hint },
	REASONS(X)
#undef X
};

const char *reason_name(enum reason r)
{
	return reasons[r].name;
}

int err_sys(struct err *e, enum reason r, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	e->reason = r;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	if (errnum)
		snprintf(e->text + n, sizeof(e->text) - n, ": %s",
			strerror(errnum));
	text_printable(e->text);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	text_printable(e->hint);
	return -1;
}

const char *err_hint_text(const struct err *e)
{
	return e->hint[0] ? e->hint : reasons[e->reason].hint;
}
