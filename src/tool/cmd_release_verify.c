/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/cmd_release.h"
#include "tool/read_cmd.h"
#include "tool/release_config.h"
#include "tool/release_text.h"
#include "tool/release_trust.h"
#include "tool/sign_subject.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright release verify (--cert CERT... | --keys DIR | --config DIR)\n"
	"                          [OPTION...] --store DIR [NAME [VERSION]]\n"
	"\n"
	"Checks the signatures of releases with the code of the boot program: exit\n"
	"code 0 when all of them are signed by enough keys, 1 when not.\n"
	"\n"
	"  --cert CERT    trust this certificate, PEM or DER; may be repeated\n"
	"  --keys DIR     trust every *.pem and *.der in DIR, as at boot\n"
	"  --revoked DIR  but not the keys of the certificates in this one\n"
	"  --threshold N  how many different keys have to sign (default 1)\n"
	"  --config DIR   all this, the name and the roll-back floor, from the policy\n"
	"                 of a device\n"
	"  --store DIR    the store\n"
	"  --json         print one JSON document\n"
	"  --help         print this\n";

#define COMMAND "release verify"

struct options {
	const char *store, *keys, *revoked, *threshold, *config;
	bool json;
};

static void print_signers(
	const struct store_release *x, const struct signers *signers)
{
	release_print(x);
	for (unsigned i = 0; i < signers->n; i++)
		printf("%s \"%s\" (%.16s)", i ? "," : ": signed by",
			signers->keys[i]->subject, signers->keys[i]->id);
	putchar('\n');
}

static int print_json(struct release_json *out, const struct store_release *x,
	const struct signers *signers, const struct err *fault, struct err *e)
{
	struct json *j = &out->j;

	if (release_json_open(out, x, e) != 0)
		return -1;
	json_bool(j, "valid", !fault);
	if (fault) {
		json_string(j, "reason", reason_name(fault->reason));
		json_string(j, "message", fault->text);
	}
	json_open(j, "signed_by", '[');
	for (unsigned i = 0; i < signers->n; i++) {
		const struct key *key = signers->keys[i];

		json_open(j, NULL, '{');
		json_string(j, "subject", key->subject);
		json_string(j, "id", key->id);
		json_string(j, "certificate", key->file);
		json_bool(j, "development", key->development);
		json_close(j, '}');
	}
	json_close(j, ']');
	return release_json_close(out, e);
}

static void warn(const struct signers *signers)
{
	for (unsigned i = 0; i < signers->n; i++)
		warn_development(signers->keys[i]);
}

/* 0, or how many are no good; -1 on other failures. */
static int verify_all(const struct options *o, const struct store *s,
	const struct release_trust *t, const struct release_list *l,
	struct err *e)
{
	struct release_json out;
	int bad = 0;

	if (o->json)
		release_json_begin(&out);
	for (size_t i = 0; i < l->n; i++) {
		struct signers signers = { 0 };
		struct err fault;
		bool good = release_trust_verify(
				    t, s, &l->list[i], &signers, &fault) == 0;

		if (o->json && print_json(&out, &l->list[i], &signers,
				       good ? NULL : &fault, e) != 0)
			return -1;
		if (!good) {
			tool_fail(&fault);
			bad++;
			continue;
		}
		if (!o->json)
			print_signers(&l->list[i], &signers);
		warn(&signers);
	}
	if (o->json)
		release_json_end(&out);
	return bad;
}

static int run(
	const struct options *o, struct release_trust *t, char **argv, int n)
{
	struct store store = { .fd = -1, .objects = -1 };
	struct release_list l = { 0 };
	const char *name = n > 0 ? argv[0] : NULL;
	struct err e;
	int r = 0;

	if (o->keys)
		r = release_trust_keys(&t->own, o->keys, &e);
	if (r == 0 && o->revoked)
		r = release_trust_keys(&t->revoked, o->revoked, &e);
	if (r == 0 && o->config)
		r = release_config_read(o->config, &t->policy, &t->keys, &e);
	if (r == 0 && o->config && n > 0 &&
		strcmp(argv[0], t->policy.release) != 0)
		r = err_set(&e, REASON_FAILED,
			"policy: %s: expected release=%s, found release=%s",
			o->config, argv[0], t->policy.release);
	if (o->config)
		name = t->policy.release;
	if (r == 0)
		r = store_open(&store, o->store, &e);
	if (r == 0)
		r = releases_load(&l, &store, name, n > 1 ? argv[1] : NULL, &e);
	if (r == 0 && l.n == 0)
		r = err_set(&e, REASON_FAILED,
			"%s/releases%s%s%s%s: expected a release, found none",
			store.name, name ? "/" : "", name ? name : "",
			n > 1 ? "/" : "", n > 1 ? argv[1] : "");
	if (r == 0)
		r = verify_all(o, &store, t, &l, &e);
	releases_free(&l);
	store_close(&store);
	if (r < 0)
		return tool_fail(&e);
	return r == 0 ? read_flush() : EXIT_REFUSED;
}

/* -1: go on; else the exit code. */
static int parse(
	struct options *o, struct release_trust *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "cert", required_argument, NULL, 'c' },
		{ "keys", required_argument, NULL, 'k' },
		{ "revoked", required_argument, NULL, 'r' },
		{ "threshold", required_argument, NULL, 't' },
		{ "config", required_argument, NULL, 'C' },
		{ "store", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct err e;
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		const char **member = c == 'k'	 ? &o->keys
				      : c == 'r' ? &o->revoked
				      : c == 't' ? &o->threshold
				      : c == 'C' ? &o->config
				      : c == 's' ? &o->store
						 : NULL;

		if (member)
			*member = optarg;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else if (c != 'c')
			return release_bad_option(COMMAND, c, argv);
		else if (load_certificate(&t->own, optarg, &e) != 0)
			return tool_fail(&e);
	}
	return -1;
}

int release_check(int argc, char **argv)
{
	static struct release_trust t;
	struct options o = { 0 };
	uint64_t threshold;
	int code;

	release_trust_init(&t);
	code = parse(&o, &t, argc, argv);
	if (code >= 0)
		return code;
	if (!!o.keys + !!t.own.n + !!o.config != 1 ||
		(o.config && (o.revoked || o.threshold)))
		return tool_usage(COMMAND,
			"expected --cert, --keys or --config, and nothing of the other two");
	if (!o.store)
		return tool_usage(COMMAND, "expected --store");
	if (argc - optind > 2)
		return tool_usage(
			COMMAND, "expected at most a name and a version");
	if (o.threshold) {
		if (field_number(
			    &threshold, o.threshold, strlen(o.threshold)) ||
			threshold == 0 || threshold > RELEASE_SIGNATURES_MAX)
			return tool_usage(COMMAND,
				"--threshold: expected 1 to %d, found '%s'",
				RELEASE_SIGNATURES_MAX, o.threshold);
		t.policy.threshold = threshold;
	}
	return run(&o, &t, argv + optind, argc - optind);
}
