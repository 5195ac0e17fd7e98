/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/read_cmd.h"
#include "tool/read_text.h"
#include "tool/sign_job.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright sign --key KEY --cert CERT [--raw] [--force] [--json]\n"
	"                       FILE... | --store DIR DIGEST...\n"
	"       rootwright sign --print-tbs [--raw] FILE | --store DIR DIGEST\n"
	"       rootwright sign --attach SIG --cert CERT [--raw] [--force] [--json]\n"
	"                       FILE | --store DIR DIGEST\n"
	"\n"
	"Signs the fs-verity digest of images: detached PKCS#7 as fsverity sign\n"
	"writes it. The signature of FILE is FILE.p7s, that of an image of a\n"
	"store is signatures/DIGEST.p7s in the store.\n"
	"\n"
	"  --key KEY     private key in PEM: ECDSA P-256 or P-384, or RSA of 2048\n"
	"                to 4096 bits\n"
	"  --cert CERT   its certificate, PEM or DER\n"
	"  --store DIR   sign images of this store, named by digest\n"
	"  --raw         sign a file that is not an image\n"
	"  --force       replace a signature by another key or of other bytes\n"
	"  --print-tbs   write the bytes to be signed to stdout, sign nothing\n"
	"  --attach SIG  check a signature made elsewhere and put it in place\n"
	"  --json        print one JSON document: what was signed, and where the\n"
	"                signature is\n"
	"  --help        print this\n";

struct options {
	const char *key, *cert, *store, *attach;
	bool raw, force, print_tbs, json;
};

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "cert", required_argument, NULL, 'c' },
		{ "store", required_argument, NULL, 's' },
		{ "attach", required_argument, NULL, 'a' },
		{ "raw", no_argument, NULL, 'r' },
		{ "force", no_argument, NULL, 'f' },
		{ "print-tbs", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			o->key = optarg;
			break;
		case 'c':
			o->cert = optarg;
			break;
		case 's':
			o->store = optarg;
			break;
		case 'a':
			o->attach = optarg;
			break;
		case 'r':
			o->raw = true;
			break;
		case 'f':
			o->force = true;
			break;
		case 't':
			o->print_tbs = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'h':
			return -1;
		default:
			return tool_usage("sign",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
		}
	}
	return 0;
}

static int check_options(const struct options *o, int n)
{
	if (o->print_tbs &&
		(o->key || o->cert || o->attach || o->force || o->json))
		return tool_usage(
			"sign", "--print-tbs goes with --store and --raw only");
	if (o->attach && (o->key || !o->cert))
		return tool_usage(
			"sign", "--attach needs --cert, and not --key");
	if (!o->print_tbs && !o->attach && (!o->key || !o->cert))
		return tool_usage("sign", "expected --key and --cert");
	if ((o->print_tbs || o->attach) && n != 1)
		return tool_usage("sign", "expected one %s, found %d arguments",
			o->store ? "digest" : "file", n);
	if (n == 0)
		return tool_usage("sign", "expected %s to sign, found none",
			o->store ? "a digest" : "a file");
	return 0;
}

static int find(struct subject *s, const struct options *o,
	const struct store *store, const char *argument, struct err *e)
{
	return o->store ? subject_of_store(s, store, argument, o->raw, e)
			: subject_of_file(s, argument, o->raw, e);
}

static void print_json(
	const struct sign_job *jobs, int n, const struct key *key)
{
	char hex[DIGEST_HEX_MAX];

	fputs("{\"signatures\":[", stdout);
	for (int i = 0; i < n; i++) {
		const struct subject *s = &jobs[i].subject;

		fputs(i ? ",{\"file\":" : "{\"file\":", stdout);
		text_json(stdout, s->name, strlen(s->name));
		digest_to_hex(&s->digest, hex);
		printf(",\"algorithm\":\"%s\",\"digest\":\"%s\",\"signature\":",
			hash_name(s->digest.algorithm), hex);
		text_json(stdout, s->place, strlen(s->place));
		fputs(",\"subject\":", stdout);
		text_json(stdout, key->subject, strlen(key->subject));
		printf(",\"key\":\"%s\",\"new\":%s}", key->id,
			jobs[i].there ? "false" : "true");
	}
	puts("]}");
}

/* All are hashed, signed and checked before the first is put in place. */
static int sign_all(const struct options *o, const struct store *store,
	const struct signing_key *k, char **arguments, int n, struct err *e)
{
	struct sign_job *jobs = calloc(n, sizeof(*jobs));
	int i, r = 0;

	if (!jobs)
		return err_set(e, REASON_FAILED, "sign: no memory");
	for (i = 0; i < n && r == 0; i++) {
		r = find(&jobs[i].subject, o, store, arguments[i], e);
		if (r == 0 && o->print_tbs)
			r = sign_print_tbs(&jobs[i].subject, e);
		else if (r == 0)
			r = sign_job_make(&jobs[i], k, o->attach, o->force, e);
	}
	for (i = 0; i < n && r == 0 && !o->print_tbs; i++)
		r = sign_job_put(&jobs[i], k, o->force, e);
	if (r == 0 && !o->print_tbs)
		warn_development(&k->ring.keys[0]);
	if (r == 0 && o->json)
		print_json(jobs, n, &k->ring.keys[0]);
	for (i = 0; i < n; i++)
		subject_close(&jobs[i].subject);
	free(jobs);
	return r;
}

static int run(const struct options *o, char **arguments, int n, struct err *e)
{
	static struct signing_key k = { .key = -1, .certificate = -1 };
	struct store store = { .fd = -1, .objects = -1 };
	int r = 0;

	keyring_init(&k.ring);
	if (o->attach)
		r = load_certificate(&k.ring, o->cert, e);
	else if (!o->print_tbs)
		r = signing_key_open(&k, o->key, o->cert, e);
	if (r == 0 && o->store)
		r = store_open(&store, o->store, e);
	if (r == 0)
		r = sign_all(o, &store, &k, arguments, n, e);
	store_close(&store);
	signing_key_close(&k);
	return r;
}

int cmd_sign(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e;
	int r = read_options(&o, argc, argv);

	if (r < 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (r == 0)
		r = check_options(&o, argc - optind);
	if (r != 0)
		return r;
	return run(&o, argv + optind, argc - optind, &e) == 0 ? read_flush()
							      : tool_fail(&e);
}
