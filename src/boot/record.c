/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void record_start(struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->start = r->last = now();
}

void record_stage(struct record *r, const char *name)
{
	uint64_t t = now();

	if (r->n == STAGES_MAX)
		return;
	r->stages[r->n].name = name;
	r->stages[r->n++].microseconds = t - r->last;
	r->last = t;
}

static void write_key(struct json *j, const char *name, const struct key *k)
{
	json_open(j, name, '{');
	json_string(j, "file", k->file);
	json_string(j, "subject", k->subject);
	json_string(j, "id", k->id);
	json_bool(j, "development", k->development);
	json_close(j, '}');
}

/* Whatever makes this boot weaker than its policy could be, in words. */
static void write_weakened(struct json *j, const struct config *c)
{
	const struct key *k = config_development_key(c);

	json_open(j, "weakened", '[');
	if (c->plan.unverified)
		json_string(j, NULL,
			"composefs=?: fs-verity was not required of objects");
	if (k)
		json_string(j, NULL, "a development key is trusted");
	json_close(j, ']');
}

static void write_config(struct json *j, const struct config *c)
{
	const struct key *development = config_development_key(c);

	json_string(j, "trust", trust_names[c->policy.trust]);
	json_string(j, "trust_from", c->policy.present ? "policy" : "keys");
	json_string(j, "rollback_protection", "none");
	json_string(j, "init", c->policy.init);
	if (development)
		write_key(j, "development_key", development);
	write_weakened(j, c);
	json_open(j, "ignored", '[');
	if (c->cmdline.has_init)
		json_string(j, NULL, "init= on the kernel command line");
	json_close(j, ']');
}

static void write_image(struct json *j, const struct config *c,
	const struct verified_image *v, bool loop)
{
	char hex[DIGEST_HEX_MAX];

	json_open(j, "image", '{');
	json_string(j, "algorithm", hash_name(v->digest.algorithm));
	json_string(j, "digest", digest_to_hex(&v->digest, hex));
	json_string(j, "named_by",
		c->policy.image.size ? "policy" : "command line");
	json_string(j, "from", c->policy.image_file[0] ? "initramfs" : "store");
	json_string(j, "verified_in", v->memory ? "memory" : "file");
	json_bool(j, "loop", loop);
	if (v->signer)
		write_key(j, "signed_by", v->signer);
	json_close(j, '}');
}

static void write_store(
	struct json *j, const struct config *c, const struct store *s)
{
	json_open(j, "store", '{');
	json_string(j, "named", c->plan.store);
	json_string(j, "device", s->device.path);
	json_string(j, "fstype", c->policy.store_fstype);
	json_string(j, "path", c->policy.store_path);
	json_bool(j, "journal_replayed", s->replayed);
	json_close(j, '}');
}

static void write_times(struct json *j, const struct record *r)
{
	json_open(j, "microseconds", '{');
	for (unsigned i = 0; i < r->n; i++)
		json_number(j, r->stages[i].name, r->stages[i].microseconds);
	json_number(j, "total", r->last - r->start);
	json_close(j, '}');
}

static int write_file(
	const char *name, const char *text, size_t n, struct err *e)
{
	char tmp[64], path[64];
	AUTO_FD int fd = -1;

	snprintf(tmp, sizeof(tmp), RUN_DIR "/.%s", name);
	snprintf(path, sizeof(path), RUN_DIR "/%s", name);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0644);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n ||
		rename(tmp, path) != 0)
		return err_sys(e, REASON_HANDOFF, errno,
			"record: %s: cannot be written", path);
	return 0;
}

int record_write(const struct record *r, const struct config *c,
	const struct store *s, const struct verified_image *v, bool loop,
	const struct preflight *p, struct err *e)
{
	static char text[8192];
	char init[VALUE_MAX + 1];
	struct json j;

	json_begin(&j, text, sizeof(text) - 1);
	json_open(&j, NULL, '{');
	json_string(&j, "format", "rootwright-boot-1");
	json_string(&j, "version", RW_VERSION);
	write_config(&j, c);
	write_image(&j, c, v, loop);
	write_store(&j, c, s);
	json_open(&j, "preflight", '{');
	json_number(&j, "files", p->files);
	json_number(&j, "bytes", p->bytes);
	json_close(&j, '}');
	write_times(&j, r);
	json_close(&j, '}');
	if (j.full)
		return err_set(e, REASON_HANDOFF,
			"record: expected at most %zu bytes, found more",
			sizeof(text));
	text[j.n++] = '\n';
	if (mkdir(RUN_DIR, 0755) != 0 && errno != EEXIST)
		return err_sys(e, REASON_HANDOFF, errno,
			"record: " RUN_DIR ": cannot be made");
	snprintf(init, sizeof(init), "%s\n", c->policy.init);
	if (write_file("init", init, strlen(init), e) != 0)
		return -1;
	return write_file("boot.json", text, j.n, e);
}

void record_say(const struct record *r, const struct config *c,
	const struct verified_image *v)
{
	const struct key *development = config_development_key(c);
	char hex[DIGEST_HEX_MAX], key[COMMON_NAME_MAX + 32] = "";

	if (c->plan.unverified)
		say(LEVEL_WARNING,
			"WARNING: composefs=?: this root is not verified");
	if (development)
		say(LEVEL_WARNING,
			"WARNING: a DEVELOPMENT key is trusted: %s: never ship this",
			development->file);
	if (v->signer)
		snprintf(key, sizeof(key), ", key \"%s\" (%.16s)",
			v->signer->subject, v->signer->id);
	say(LEVEL_INFO, "%s root: image %s, trust=%s%s, %u ms",
		c->plan.unverified ? "unverified" : "verified",
		digest_to_hex(&v->digest, hex), trust_names[c->policy.trust],
		key, (unsigned)((r->last - r->start + 500) / 1000));
}
