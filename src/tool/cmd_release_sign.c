/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "tool/cmd_release.h"
#include "tool/releases.h"
#include "tool/sign_job.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright release sign --key KEY --cert CERT [--force]\n"
	"                          --store DIR NAME VERSION\n"
	"       rootwright release sign --print-tbs --store DIR NAME VERSION\n"
	"       rootwright release sign --attach SIG --cert CERT [--force]\n"
	"                          --store DIR NAME VERSION\n"
	"\n"
	"Signs the manifest of a release, as rootwright sign signs an image. The\n"
	"signature is named by its key, so that several keys can sign.\n"
	"\n"
	"  --key KEY     private key in PEM\n"
	"  --cert CERT   its certificate, PEM or DER\n"
	"  --store DIR   the store\n"
	"  --force       replace a signature by this key over other bytes\n"
	"  --print-tbs   write the bytes to be signed to stdout, sign nothing\n"
	"  --attach SIG  check a signature made elsewhere and put it in place\n"
	"  --help        print this\n";

#define COMMAND "release sign"

struct options {
	const char *key, *cert, *store, *attach;
	bool force, print_tbs;
};

/* -1: go on; else the exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "cert", required_argument, NULL, 'c' },
		{ "store", required_argument, NULL, 's' },
		{ "attach", required_argument, NULL, 'a' },
		{ "force", no_argument, NULL, 'f' },
		{ "print-tbs", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		const char **member = c == 'k'	 ? &o->key
				      : c == 'c' ? &o->cert
				      : c == 's' ? &o->store
				      : c == 'a' ? &o->attach
						 : NULL;

		if (member)
			*member = optarg;
		else if (c == 'f')
			o->force = true;
		else if (c == 't')
			o->print_tbs = true;
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else
			return release_bad_option(COMMAND, c, argv);
	}
	if (o->print_tbs && (o->key || o->cert || o->attach || o->force))
		return tool_usage(
			COMMAND, "--print-tbs goes with --store only");
	if (o->attach && (o->key || !o->cert))
		return tool_usage(
			COMMAND, "--attach needs --cert, and not --key");
	if (!o->print_tbs && !o->attach && (!o->key || !o->cert))
		return tool_usage(COMMAND, "expected --key and --cert");
	if (!o->store)
		return tool_usage(COMMAND, "expected --store");
	if (argc - optind != 2)
		return tool_usage(COMMAND, "expected a name and a version");
	return -1;
}

/* A manifest that nobody could use is not signed. */
static int find(struct subject *s, const struct store *store, char **argv,
	const struct key *key, struct err *e)
{
	static char text[RELEASE_MAX], dir[RELEASE_WHERE_MAX];
	struct release r;
	size_t n;
	AUTO_FD int fd =
		release_read(store->fd, argv[0], argv[1], dir, text, &n, e);

	memset(s, 0, sizeof(*s));
	s->dirfd = -1;
	if (fd < 0 || release_parse(&r, argv[0], argv[1], dir, text, n, e) != 0)
		return -1;
	snprintf(s->name, sizeof(s->name), "%.*s/%s", PATH_MAX - 32,
		store->name, dir);
	release_digest(&s->digest, text, n);
	s->tbs_n = digest_formatted(&s->digest, s->tbs);
	s->dirfd = fcntl(store->fd, F_DUPFD_CLOEXEC, 3);
	snprintf(s->dir, sizeof(s->dir), "%s", store->name);
	*strrchr(dir, '/') = '\0';
	s->subdirectory = dir;
	snprintf(s->signature, sizeof(s->signature), "%s/%.16s.p7s", dir,
		key ? key->id : "");
	snprintf(s->place, sizeof(s->place), "%s/%s", s->dir, s->signature);
	return 0;
}

static int sign(const struct options *o, const struct store *store,
	const struct signing_key *k, char **argv, struct err *e)
{
	static struct sign_job job;
	const struct key *key = o->print_tbs ? NULL : &k->ring.keys[0];
	int r = find(&job.subject, store, argv, key, e);

	if (r == 0 && o->print_tbs)
		r = sign_print_tbs(&job.subject, e);
	else if (r == 0)
		r = sign_job_make(&job, k, o->attach, o->force, e);
	if (r == 0 && key)
		r = sign_job_put(&job, k, o->force, e);
	if (r == 0 && key)
		warn_development(key);
	subject_close(&job.subject);
	return r;
}

int release_sign(int argc, char **argv)
{
	static struct signing_key k = { .key = -1, .certificate = -1 };
	struct store store = { .fd = -1, .objects = -1 };
	struct options o = { 0 };
	struct err e;
	int r = 0, code = parse(&o, argc, argv);

	if (code >= 0)
		return code;
	keyring_init(&k.ring);
	if (o.attach)
		r = load_certificate(&k.ring, o.cert, &e);
	else if (!o.print_tbs)
		r = signing_key_open(&k, o.key, o.cert, &e);
	if (r == 0)
		r = store_open(&store, o.store, &e);
	if (r == 0)
		r = sign(&o, &store, &k, argv + optind, &e);
	store_close(&store);
	signing_key_close(&k);
	return r == 0 ? 0 : tool_fail(&e);
}
