/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>

#include "core/file.h"
#include "tool/json.h"
#include "tool/sign_subject.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright verify (--cert CERT... | --keys DIR) [--json] FILE SIG\n"
	"       rootwright verify (--cert CERT... | --keys DIR) [--json]\n"
	"                         --store DIR DIGEST\n"
	"\n"
	"Checks a signature with the code of the boot program: exit code 0 when\n"
	"one of the trusted keys made it, 1 when not.\n"
	"\n"
	"  --cert CERT   trust this certificate, PEM or DER; may be repeated\n"
	"  --keys DIR    trust every *.pem and *.der in DIR, as at boot\n"
	"  --store DIR   check an image of this store, named by its digest\n"
	"  --json        print one JSON document\n"
	"  --help        print this\n";

struct options {
	const char *store, *keys;
	bool json;
};

static int load_keys(struct keyring *k, const char *dir, struct err *e)
{
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, REASON_FAILED, errno,
			"keys: %s: cannot be opened", dir);
	if (keyring_load(k, fd, dir, e) != 0)
		return -1;
	if (k->n)
		return 0;
	err_set(e, REASON_KEYS_EMPTY,
		"keys: %s: expected a certificate (*.pem, *.der), found none",
		dir);
	return err_hint(e, "put a certificate there");
}

static int verify(const struct options *o, struct keyring *k, char **arguments,
	struct subject *s, const struct key **signer, struct err *e)
{
	static uint8_t signature[SIGNATURE_MAX];
	struct store store = { .fd = -1, .objects = -1 };
	const char *name = o->store ? NULL : arguments[1];
	size_t n;
	int r = o->store ? store_open(&store, o->store, e) : 0;

	if (r == 0)
		r = o->store
			    ? subject_of_store(s, &store, arguments[0], true, e)
			    : subject_of_file(s, arguments[0], true, e);
	if (r == 0)
		r = subject_load(s, name, signature, &n, e);
	if (r == 0)
		r = keyring_verify(k, name ? name : s->place, signature, n,
			s->tbs, s->tbs_n, signer, e);
	store_close(&store);
	return r;
}

static void print_json(
	const struct subject *s, const struct key *key, const struct err *e)
{
	char text[4096], hex[DIGEST_HEX_MAX];
	struct json j;

	json_begin(&j, text, sizeof(text));
	json_open(&j, NULL, '{');
	json_bool(&j, "valid", key != NULL);
	if (s->tbs_n) {
		digest_to_hex(&s->digest, hex);
		json_string(&j, "algorithm", hash_name(s->digest.algorithm));
		json_string(&j, "digest", hex);
	}
	if (key) {
		json_open(&j, "key", '{');
		json_string(&j, "subject", key->subject);
		json_string(&j, "id", key->id);
		json_string(&j, "certificate", key->file);
		json_bool(&j, "development", key->development);
		json_close(&j, '}');
	} else {
		json_string(&j, "reason", reason_name(e->reason));
		json_string(&j, "message", e->text);
	}
	json_close(&j, '}');
	puts(text);
}

static void print_words(const struct subject *s, const struct key *key)
{
	char hex[DIGEST_HEX_MAX];

	digest_to_hex(&s->digest, hex);
	printf("%s: %s:%s: signed by \"%s\" (%s), certificate %s\n", s->name,
		hash_name(s->digest.algorithm), hex, key->subject, key->id,
		key->file);
}

static int run(const struct options *o, struct keyring *k, char **arguments)
{
	static struct subject s = { .dirfd = -1 };
	const struct key *key = NULL;
	struct err e;
	int r = o->keys ? load_keys(k, o->keys, &e) : 0;

	if (r == 0)
		r = verify(o, k, arguments, &s, &key, &e);
	if (o->json)
		print_json(&s, key, &e);
	else if (key)
		print_words(&s, key);
	if (key)
		warn_development(key);
	subject_close(&s);
	return r == 0 ? 0 : tool_fail(&e);
}

int cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cert", required_argument, NULL, 'c' },
		{ "keys", required_argument, NULL, 'k' },
		{ "store", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct keyring k;
	struct options o = { 0 };
	struct err e;
	int c;

	keyring_init(&k);
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (load_certificate(&k, optarg, &e) != 0)
				return tool_fail(&e);
			break;
		case 'k':
			o.keys = optarg;
			break;
		case 's':
			o.store = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return tool_usage("verify",
				c == ':'
					? "%s: expected an argument, found none"
					: "%s: expected an option, found something else",
				argv[optind - 1]);
		}
	}
	if (!o.keys == !k.n)
		return tool_usage("verify", "expected --cert or --keys");
	if (argc - optind != (o.store ? 1 : 2))
		return tool_usage("verify", "expected %s",
			o.store ? "one digest" : "a file and its signature");
	return run(&o, &k, argv + optind);
}
