/* SPDX-License-Identifier: MIT */
#include "core/state.h"

#include <mbedtls/md.h>

#include "core/text.h"

#define FORMAT "format=rootwright-state-1"
#define SUM "sha256="
#define SUM_LINE (sizeof(SUM) - 1 + 64 + 1)

#define AT(member) offsetof(struct state, member)
static const struct field list[] = {
	{ "generation", AT(generation), .read = field_number,
		.required = true },
	{ "name", AT(name), .read = field_name, .required = true },
	{ "blessed", AT(blessed), .read = field_name },
	{ "floor", AT(floor), .read = field_number, .required = true },
	{ "trying", AT(trying), .read = field_name },
	{ "tries_left", AT(tries_left), .read = field_number },
};

static const struct fields fields = { "state", FORMAT, list,
	sizeof(list) / sizeof(list[0]), REASON_RELEASE_INVALID, NULL };

/* The first line: SUM_LINE bytes and a NUL. */
static void sum_line(char *line, const uint8_t *record)
{
	uint8_t sum[32];
	char hex[65];

	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		record + SUM_LINE, STATE_RECORD - SUM_LINE, sum);
	sprintf(line, SUM "%s\n", text_hex(hex, sum, sizeof(sum)));
}

static must_check int parse(
	struct state *s, const char *name, const uint8_t *record, struct err *e)
{
	size_t n = STATE_RECORD - SUM_LINE;
	const char *text = (const char *)record + SUM_LINE;
	char line[SUM_LINE + 1];

	memset(s, 0, sizeof(*s));
	sum_line(line, record);
	if (memcmp(record, line, SUM_LINE) != 0)
		return err_set(e, REASON_RELEASE_INVALID,
			"state: expected a record with the checksum of its bytes, found another");
	while (n > 1 && text[n - 2] == '\n')
		n--;
	if (fields_read(s, &fields, "record", text, n, e) != 0)
		return -1;
	if (strcmp(s->name, name) == 0 && s->tries_left <= STATE_TRIES_MAX)
		return 0;
	return err_set(e, REASON_RELEASE_INVALID,
		"state: expected a record for %s with at most %d tries, found one for %s with %llu",
		name, STATE_TRIES_MAX, s->name, U64(s->tries_left));
}

int state_choose(struct state *s, const char *name, const uint8_t *bytes,
	size_t n, struct err *e)
{
	struct state read[2];
	int i, best = -1;

	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	if (n != STATE_SIZE)
		return err_set(e, REASON_RELEASE_INVALID,
			"state: expected %d bytes, found %zu", STATE_SIZE, n);
	/* The first is read last: what is wrong with it is said. */
	for (i = 1; i >= 0; i--)
		if (parse(&read[i], name, bytes + i * STATE_RECORD, e) == 0 &&
			(best < 0 || (int64_t)(read[i].generation -
					       read[1].generation) >= 0))
			best = i;
	if (best >= 0)
		*s = read[best];
	return best;
}

/* A line, unless there is no value. */
#define LINE(key, value) \
	(value)[0] ? key "=" : "", value, (value)[0] ? "\n" : ""

void state_format(uint8_t *record, const struct state *s)
{
	char *text = (char *)record + SUM_LINE, line[SUM_LINE + 1];
	int n;

	memset(record, '\n', STATE_RECORD);
	n = sprintf(text,
		FORMAT
		"\ngeneration=%llu\nname=%s\n%s%s%sfloor=%llu\n%s%s%stries_left=%llu",
		U64(s->generation), s->name, LINE("blessed", s->blessed),
		U64(s->floor), LINE("trying", s->trying), U64(s->tries_left));
	text[n] = '\n';
	sum_line(line, record);
	memcpy(record, line, SUM_LINE);
}
