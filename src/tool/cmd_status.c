/* SPDX-License-Identifier: MIT */
/* rootwright status: is this system still what was booted? */
#include <getopt.h>
#include <stdio.h>

#include "tool/read_cmd.h"
#include "tool/status.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright status [--json] [--store DIR]... [--boot-record FILE]\n"
	"                         [--proc DIR]\n"
	"\n"
	"Prints the chain of trust from the key to the running root, as the boot\n"
	"recorded it, and asks the running kernel again. Exit code 1 when something\n"
	"is weaker than recorded.\n"
	"\n"
	"  --store DIR         where the store is mounted: measure the images there\n"
	"  --json              print one JSON document\n"
	"  --boot-record FILE  another record than " BOOT_RECORD_FILE "\n"
	"  --proc DIR          another directory than /proc\n"
	"  --help              print this\n";

static int print_json(const struct status *s)
{
	json_t *checks = json_array(), *all;
	int r;

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(checks,
			json_pack("{ssssss}", "name", s->findings[i].name,
				"result", verdict_name(s->findings[i].verdict),
				"message", s->findings[i].text));
	all = json_pack("{sssosO}", "status", status_word(s), "checks", checks,
		"record", s->record);
	r = all ? json_dumpf(all, stdout, JSON_COMPACT) : -1;
	json_decref(all);
	putchar('\n');
	return r;
}

static int run(struct status *s, const char *record, bool json)
{
	bool private;
	struct err e;
	json_t *r = boot_record_load(record, &private, &e);
	const struct finding *weaker;
	int code;

	if (!r)
		return tool_fail(&e);
	s->record = r;
	status_check(s, private);
	weaker = status_weaker(s);
	if (!json)
		status_print(s);
	else if (print_json(s) != 0)
		weaker = NULL;
	code = read_flush();
	if (code == 0 && weaker)
		code = err_set(&e, REASON_FAILED, "status: %s: %s",
			       weaker->name, weaker->text)
			       ? tool_fail(&e)
			       : 0;
	json_decref(r);
	return code;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "store", required_argument, NULL, 's' },
		{ "boot-record", required_argument, NULL, 'r' },
		{ "proc", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct status s = { .proc = "/proc" };
	const char *record = BOOT_RECORD_FILE;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'j')
			json = true;
		else if (c == 's' && s.n_stores == STATUS_STORES_MAX)
			return tool_usage("status",
				"expected at most %d stores, found more",
				STATUS_STORES_MAX);
		else if (c == 's')
			s.stores[s.n_stores++] = optarg;
		else if (c == 'r')
			record = optarg;
		else if (c == 'p')
			s.proc = optarg;
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else
			return tool_usage("status",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
	}
	if (optind < argc)
		return tool_usage("status", "expected no arguments, found %d",
			argc - optind);
	return run(&s, record, json);
}
