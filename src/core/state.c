/* SPDX-License-Identifier: MIT */
#include "core/state.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

#define FORMAT "format=rootwright-state-1"
#define SUM "sha256="
#define SUM_LINE (sizeof(SUM) - 1 + 64 + 1)

#define AT(member) offsetof(struct state, member)
static const struct field list[] = {
	{ "generation", field_number, AT(generation), true, false },
	{ "name", field_name, AT(name), true, false },
	{ "blessed", field_name, AT(blessed), false, false },
	{ "floor", field_number, AT(floor), true, false },
	{ "trying", field_name, AT(trying), false, false },
	{ "tries_left", field_number, AT(tries_left), false, false },
};

static const struct fields fields = { "state", FORMAT, REASON_RELEASE_INVALID,
	list, sizeof(list) / sizeof(list[0]) };

static void sum_line(char *line, const uint8_t *record)
{
	uint8_t sum[32];

	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		record + SUM_LINE, STATE_RECORD - SUM_LINE, sum);
	strcpy(line, SUM);
	text_hex(line + strlen(SUM), sum, sizeof(sum));
	strcat(line, "\n");
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
	if (strcmp(s->name, name) || s->tries_left > STATE_TRIES_MAX)
		return err_set(e, REASON_RELEASE_INVALID,
			"state: expected a record for %s with at most %d tries, found one for %s with %llu",
			name, STATE_TRIES_MAX, s->name,
			(unsigned long long)s->tries_left);
	return 0;
}

int state_choose(struct state *s, const char *name, const uint8_t *bytes,
	size_t n, struct err *e)
{
	struct state other;
	struct err ignored;
	bool first;

	memset(s, 0, sizeof(*s));
	if (n != STATE_SIZE) {
		snprintf(s->name, sizeof(s->name), "%s", name);
		return err_set(e, REASON_RELEASE_INVALID,
			"state: expected %d bytes, found %zu", STATE_SIZE, n);
	}
	first = parse(s, name, bytes, e) == 0;
	if (parse(&other, name, bytes + STATE_RECORD, &ignored) == 0 &&
		(!first || (int64_t)(other.generation - s->generation) > 0)) {
		*s = other;
		return 1;
	}
	if (first)
		return 0;
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	return -1;
}

static size_t add(char *text, size_t at, const char *key, const char *value)
{
	return *value ? at + sprintf(text + at, "%s=%s\n", key, value) : at;
}

void state_format(uint8_t *record, const struct state *s)
{
	char *text = (char *)record, line[SUM_LINE + 1];
	size_t at = SUM_LINE;

	memset(record, '\n', STATE_RECORD);
	at += sprintf(text + at, "%s\ngeneration=%llu\n", FORMAT,
		(unsigned long long)s->generation);
	at = add(text, at, "name", s->name);
	at = add(text, at, "blessed", s->blessed);
	at += sprintf(text + at, "floor=%llu\n", (unsigned long long)s->floor);
	at = add(text, at, "trying", s->trying);
	at += sprintf(text + at, "tries_left=%llu",
		(unsigned long long)s->tries_left);
	text[at] = '\n';
	sum_line(line, record);
	memcpy(record, line, SUM_LINE);
}
