/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <sys/utsname.h>
#include <time.h>

#include "core/text.h"

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
	unsigned i = 0;

	/* Of several candidates, all of them together. */
	while (i < r->n && strcmp(r->stages[i].name, name) != 0)
		i++;
	if (i == STAGES_MAX)
		return;
	r->n += i == r->n;
	r->stages[i].name = name;
	r->stages[i].microseconds += t - r->last;
	r->last = t;
}

static void print_key(struct json *j, const struct key *k)
{
	json_print(j, ",{'file':%s,'subject':%s,'id':%s,'development':%d}",
		k->file, k->subject, k->id, k->development);
}

/* What was decided. */
static void print_config(struct json *j, const struct boot *b)
{
	const struct config *c = &b->config;
	const char *trouble = b->writable.trouble;
	const struct key *development = config_development_key(c);

	json_print(j,
		"{'format':'rootwright-boot-1','version':%s,'trust':%s,'trust_from':%s,'rollback_protection':%s,'init':%s",
		RW_VERSION, trust_names[c->policy.trust],
		c->policy.present ? "policy" : "keys",
		c->policy.trust == TRUST_RELEASE ? "floor" : "none",
		c->policy.init);
	if (development) {
		json_print(j, ",'development_key':");
		print_key(j, development);
	}
	/* Whatever makes this boot weaker than its policy could be. */
	json_print(j, ",'weakened':[");
	if (c->plan.unverified)
		json_print(j, ",%s",
			"composefs=?: fs-verity was not required of objects");
	if (development)
		json_print(j, ",%s", "a development key is trusted");
	for (unsigned i = 0; i < STORES_MAX; i++)
		if (b->stores[i].trouble[0])
			json_print(j, ",%s", b->stores[i].trouble);
	if (trouble[0])
		json_print(j, ",%s", trouble);
	json_print(j, "]");
}

static void print_image(struct json *j, const struct boot *b, unsigned i)
{
	const struct verified_image *v = &b->root.images[i];
	const struct policy *p = &b->config.policy;
	char hex[DIGEST_HEX_MAX];

	json_print(j,
		",{'algorithm':%s,'digest':%s,'named_by':%s,'from':%s,'verified_in':%s,'loop':%d",
		hash_name(v->digest.algorithm), digest_to_hex(&v->digest, hex),
		p->trust == TRUST_RELEASE ? "release"
		: p->images.n		  ? "policy"
					  : "command line",
		p->image_file[0] ? "initramfs" : "store",
		v->memory ? "memory" : "file", b->root.loop);
	if (v->signer) {
		json_print(j, ",'signed_by':");
		print_key(j, v->signer);
	}
	json_print(j, "}");
}

static void print_store(
	struct json *j, const struct policy *p, const struct store *s)
{
	json_print(j,
		",{'named':%s,'device':%s,'fstype':%s,'path':%s,'journal_replayed':%d}",
		s->named, s->objects_fd >= 0 ? s->device.path : NULL,
		p->store_fstype, p->store_path, s->replayed);
}

/* What was found. */
static void print_images(struct json *j, const struct boot *b)
{
	const struct policy *p = &b->config.policy;
	struct utsname u;

	uname(&u);
	json_print(j, ",'image':");
	print_image(j, b, 0);
	json_print(j, ",'images':[");
	for (unsigned i = 0; i < b->root.n; i++)
		print_image(j, b, i);
	json_print(j, "],'store':");
	print_store(j, p, b->stores);
	json_print(j, ",'stores':[");
	for (unsigned i = 0; i < STORES_MAX; i++)
		if (b->stores[i].named[0])
			print_store(j, p, &b->stores[i]);
	json_print(j,
		"],'kernel':{'release':%s,'erofs_from_file':%d,'fsverity':%d}",
		u.release, !b->root.loop, !b->root.images->memory);
}

/* trust=release: what was there, and why this one. */
static void print_releases(struct json *j, const struct releases *r)
{
	const struct policy *p = &r->config->policy;
	const struct release *x = &r->release;

	json_print(j,
		",'release':{'name':%s,'version':%s,'sequence':%llu,'rollback_index':%llu,'threshold':%llu,'signed_by':[",
		x->name, x->version, U64(x->sequence), U64(x->rollback_index),
		U64(p->threshold));
	for (unsigned i = 0; i < r->signers.n; i++)
		print_key(j, r->signers.keys[i]);
	json_print(j,
		"]},'floor':{'active':%llu,'baked':%llu,'stored':%llu},'state':{'trouble':%s,'blessed':%s,'tries_left':%llu},'candidates':[",
		U64(r->floor), U64(p->rollback_floor), U64(r->stored),
		r->trouble[0] ? r->trouble : NULL,
		r->state.blessed[0] ? r->state.blessed : NULL,
		U64(r->uses_try ? r->state.tries_left : 0));
	for (unsigned i = 0; i < r->n; i++) {
		const struct candidate *k = &r->list[i];

		json_print(j,
			",{'version':%s,'sequence':%llu,'result':%s,'sentence':%s}",
			k->version, U64(k->sequence),
			k->skipped   ? reason_name(k->reason)
			: i == r->at ? "booted"
				     : "older",
			k->skipped ? k->sentence : NULL);
	}
	json_print(j, "]");
}

/* What may be written of the root, and where that goes. */
static void print_writable(
	struct json *j, const struct policy *p, const struct writable *w)
{
	json_print(j, ",'mounts':[");
	for (enum tree t = 0; t < TREES; t++) {
		if (w->keep[t] == KEEP_NONE)
			continue;
		json_print(j,
			",{'target':%s,'type':%s,'source':%s,'options':%s}",
			tree_names[t],
			w->keep[t] == KEEP_BIND ? "bind" : "overlay",
			w->keep[t] > KEEP_TRANSIENT ? w->device.path : "memory",
			TREE_RESTRICTED(t, p) ? "rw,nosuid,nodev" : "rw");
	}
	json_print(j, "],'unverified':[");
	for (enum tree t = 0; t < TREES; t++)
		if (w->keep[t] > KEEP_TRANSIENT && !p->state_trusted)
			json_print(j, ",%s", tree_names[t]);
	json_print(j,
		"],'writable':{'device':%s,'path':%s,'reset':%s,'trouble':%s}",
		w->device.path[0] ? w->device.path : NULL,
		p->state[0] ? p->state_path : NULL,
		w->reset[0] ? w->reset : NULL,
		w->trouble[0] ? w->trouble : NULL);
}

/* What others will obey on the command line. */
static void print_arguments(
	struct json *j, const struct config *c, struct slice allowed)
{
	struct slice a = { c->arguments, 0 };
	char word[80];

	json_print(j, ",'arguments':[");
	while (lockdown_next(&a, allowed)) {
		snprintf(word, sizeof(word), "%.*s", (int)a.n, a.s);
		json_print(j, ",%s", word);
	}
	json_print(j, "]");
}

/* What it took. */
static void print_work(struct json *j, const struct boot *b)
{
	const struct preflight *preflight = &b->root.preflight;
	const struct preflight *objects = &b->root.objects;
	const struct record *r = &b->record;

	json_print(j,
		",'preflight':{'files':%llu,'bytes':%llu},'objects':{'mode':%s,'files':%llu,'bytes':%llu},'microseconds':{",
		U64(preflight->files), U64(preflight->bytes),
		objects_names[b->config.policy.objects], U64(objects->files),
		U64(objects->bytes));
	for (unsigned i = 0; i < r->n; i++)
		json_print(j, "%s:%llu,", r->stages[i].name,
			U64(r->stages[i].microseconds));
	json_print(j, "'total':%llu}}\n", U64(r->last - r->start));
}

static int write_file(
	const char *name, const char *text, size_t n, struct err *e)
{
	char path[64];
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), RUN_DIR "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0644);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return err_sys(e, REASON_HANDOFF, errno,
			"record: %s: cannot be written", path);
	return 0;
}

int record_write(const struct boot *b, struct err *e)
{
	/* A sentence a candidate, each byte of it in six at most. */
	static char text[16384 + CANDIDATES_MAX * 4096];
	struct json j = { .buf = text, .size = sizeof(text) };
	const struct config *c = &b->config;
	char init[VALUE_MAX + 1];

	print_config(&j, b);
	print_images(&j, b);
	if (c->policy.trust == TRUST_RELEASE)
		print_releases(&j, &b->releases);
	print_writable(&j, &c->policy, &b->writable);
	print_arguments(&j, c, b->releases.release.kernel_arguments);
	print_work(&j, b);
	if (j.full)
		return err_set(e, REASON_HANDOFF,
			"record: expected at most %zu bytes, found more",
			sizeof(text));
	mkdir(RUN_DIR, 0755);
	snprintf(init, sizeof(init), "%s\n", c->policy.init);
	if (write_file("init", init, strlen(init), e) != 0)
		return -1;
	return write_file("boot.json", text, j.n, e);
}

void record_say(const struct boot *b)
{
	const struct config *c = &b->config;
	const struct record *r = &b->record;
	const struct key *signer = c->policy.trust == TRUST_RELEASE
					   ? b->releases.signers.keys[0]
					   : b->root.images->signer;
	const struct key *development = config_development_key(c);
	char hex[DIGEST_HEX_MAX], key[COMMON_NAME_MAX + 32] = "";
	char images[IMAGES_MAX * (DIGEST_HEX_MAX + 8)] = "";
	char release[2 * NAME_MAX_SIZE + 16] = "";

	if (c->plan.unverified)
		say(LEVEL_WARNING,
			"WARNING: composefs=?: this root is not verified");
	if (development)
		say(LEVEL_WARNING,
			"WARNING: a DEVELOPMENT key is trusted: %s: never ship this",
			development->file);
	if (signer)
		snprintf(key, sizeof(key), ", key \"%s\" (%.16s)",
			signer->subject, signer->id);
	for (unsigned i = 0; i < b->root.n; i++) {
		strcat(images, i ? " over " : "image ");
		strcat(images, digest_to_hex(&b->root.images[i].digest, hex));
	}
	if (c->policy.trust == TRUST_RELEASE)
		snprintf(release, sizeof(release), "release %s %s, ",
			b->releases.release.name, b->releases.release.version);
	say(LEVEL_INFO, "%s root: %s%s, trust=%s%s, %u ms",
		c->plan.unverified ? "unverified" : "verified", release, images,
		trust_names[c->policy.trust], key,
		(unsigned)((r->last - r->start + 500) / 1000));
}
