/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/cmd_release.h"
#include "tool/releases.h"
#include "tool/sign_subject.h"
#include "tool/state_file.h"
#include "tool/tool.h"

static const char usage[] =
	"usage: rootwright release create --store DIR --name NAME --version VERSION\n"
	"                          --sequence N --image DIGEST... [OPTION...]\n"
	"\n"
	"Makes the manifest of a release, without a signature.\n"
	"\n"
	"  --store DIR            the store, which has the images\n"
	"  --name NAME            what it is a release of\n"
	"  --version VERSION      which one\n"
	"  --sequence N           its place in the order of the name's releases\n"
	"  --rollback-index N     once it was declared good on a device, that one\n"
	"                         refuses releases with a smaller one (default: the\n"
	"                         largest of the name's releases in the store, or 0)\n"
	"  --image DIGEST         its images, the top one first; may be repeated\n"
	"  --preflight PATH       read this file before the hand-off; may be repeated\n"
	"  --kernel-argument ARG  allow it under lockdown=yes; may be repeated\n"
	"  --description TEXT     for people\n"
	"  --help                 print this\n";

#define COMMAND "release create"

/* A list that is being written: words with one blank between them. */
struct list {
	char text[RELEASE_MAX];
	size_t n;
	bool full;
};

struct options {
	const char *store, *name, *version, *sequence, *rollback, *description;
	char *images[RELEASE_IMAGES_MAX];
	unsigned n_images;
	struct list preflight, arguments;
};

struct manifest {
	char text[RELEASE_MAX + 1];
	size_t n;
	bool full;
};

static void add_word(struct list *l, const char *word)
{
	size_t n = strlen(word);

	if (l->n + n + 2 > sizeof(l->text)) {
		l->full = true;
		return;
	}
	if (l->n)
		l->text[l->n++] = ' ';
	memcpy(l->text + l->n, word, n + 1);
	l->n += n;
}

/* What would end the value, or the word. */
static int bad_text(const char *option, const char *v, const char *without)
{
	return v[0] && !strpbrk(v, without)
		       ? 0
		       : tool_usage(COMMAND,
				 "%s: expected text without %s, found '%s'",
				 option,
				 strchr(without, ' ') ? "blanks and \""
						      : "newlines and \"",
				 v);
}

static int bad_name(const char *option, const char *v)
{
	const char *expected;
	char name[NAME_MAX_SIZE];

	if (!v)
		return tool_usage(COMMAND, "expected %s", option);
	expected = field_name(name, v, strlen(v));
	return expected ? tool_usage(COMMAND, "%s: expected %s, found '%s'",
				  option, expected, v)
			: 0;
}

static int bad_number(const char *option, const char *v)
{
	const char *expected = field_number(&(uint64_t){ 0 }, v, strlen(v));

	return expected ? tool_usage(COMMAND, "%s: expected %s, found '%s'",
				  option, expected, v)
			: 0;
}

static int check(const struct options *o, int left)
{
	int r;

	if (!o->store)
		return tool_usage(COMMAND, "expected --store");
	if (!o->sequence)
		return tool_usage(COMMAND, "expected --sequence");
	if (o->n_images == 0)
		return tool_usage(COMMAND, "expected --image");
	if (left)
		return tool_usage(
			COMMAND, "expected no arguments, found %d", left);
	r = bad_name("--name", o->name);
	if (r == 0)
		r = bad_name("--version", o->version);
	if (r == 0)
		r = bad_number("--sequence", o->sequence);
	if (r == 0 && o->rollback)
		r = bad_number("--rollback-index", o->rollback);
	if (r == 0 && o->description)
		r = bad_text("--description", o->description, "\n\"");
	return r;
}

static const struct option long_options[] = {
	{ "store", required_argument, NULL, 's' },
	{ "name", required_argument, NULL, 'n' },
	{ "version", required_argument, NULL, 'v' },
	{ "sequence", required_argument, NULL, 'q' },
	{ "rollback-index", required_argument, NULL, 'r' },
	{ "image", required_argument, NULL, 'i' },
	{ "preflight", required_argument, NULL, 'p' },
	{ "kernel-argument", required_argument, NULL, 'k' },
	{ "description", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* One option that may be repeated; 0, or the exit code. */
static int take_word(struct options *o, int c)
{
	int r;

	if (c == 'i') {
		if (o->n_images == RELEASE_IMAGES_MAX)
			return tool_usage(COMMAND,
				"--image: expected at most %d images",
				RELEASE_IMAGES_MAX);
		o->images[o->n_images++] = optarg;
		return 0;
	}
	r = bad_text(c == 'p' ? "--preflight" : "--kernel-argument", optarg,
		" \n\"");
	if (r == 0)
		add_word(c == 'p' ? &o->preflight : &o->arguments, optarg);
	return r;
}

/* -1: go on; else the exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	int c, r = 0;

	while (r == 0 &&
		(c = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		const char **member = c == 's'	 ? &o->store
				      : c == 'n' ? &o->name
				      : c == 'v' ? &o->version
				      : c == 'q' ? &o->sequence
				      : c == 'r' ? &o->rollback
				      : c == 'd' ? &o->description
						 : NULL;

		if (member)
			*member = optarg;
		else if (c == 'i' || c == 'p' || c == 'k')
			r = take_word(o, c);
		else if (c == 'h')
			return fputs(usage, stdout), 0;
		else
			return release_bad_option(COMMAND, c, argv);
	}
	if (r == 0)
		r = check(o, argc - optind);
	return r ? r : -1;
}

static void add(struct manifest *m, const char *key, const char *value)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/,=@%";
	const char *quote = value[strspn(value, plain)] ? "\"" : "";
	int n = snprintf(m->text + m->n, sizeof(m->text) - m->n, "%s=%s%s%s\n",
		key, quote, value, quote);

	if (n >= (int)(sizeof(m->text) - m->n))
		m->full = true;
	else
		m->n += n;
}

/* The images are whole, and of the store; one hash for all. */
static int check_images(const struct options *o, const struct store *s,
	struct list *list, enum hash_algorithm *algorithm, struct err *e)
{
	static struct subject subject;

	for (unsigned i = 0; i < o->n_images; i++) {
		if (subject_of_store(&subject, s, o->images[i], false, e) != 0)
			return -1;
		subject_close(&subject);
		*algorithm = subject.digest.algorithm;
		add_word(list, o->images[i]);
	}
	return 0;
}

/* Beside the releases of the name that are there already. */
static int compare(const struct options *o, const struct store *s,
	uint64_t *rollback, struct err *e)
{
	struct release_list l;
	uint64_t sequence;
	int r = releases_load(&l, s, o->name, NULL, e);

	field_number(&sequence, o->sequence, strlen(o->sequence));
	*rollback = 0;
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		const struct store_release *x = &l.list[i];

		if (!strcmp(x->version, o->version))
			r = err_set(e, REASON_FAILED,
				"%s/%s: expected no release %s %s, found one",
				s->name, x->where, o->name, o->version);
		else if (x->fault)
			r = err_set(e, REASON_FAILED, "%s", x->fault);
		else if (x->release.sequence == sequence)
			r = err_set(e, REASON_FAILED,
				"--sequence: expected one that no release of %s has, found %s, which %s has",
				o->name, o->sequence, x->version);
		else if (x->release.rollback_index > *rollback)
			*rollback = x->release.rollback_index;
	}
	releases_free(&l);
	if (o->rollback)
		field_number(rollback, o->rollback, strlen(o->rollback));
	return r;
}

static int write_manifest(struct manifest *m, const struct options *o,
	const struct store *s, struct release *r, struct err *e)
{
	static struct list images;
	enum hash_algorithm algorithm = 0;
	uint64_t rollback;
	char number[24], where[RELEASE_WHERE_MAX];

	if (compare(o, s, &rollback, e) != 0 ||
		check_images(o, s, &images, &algorithm, e) != 0)
		return -1;
	m->n = snprintf(m->text, sizeof(m->text), "%s\n", RELEASE_FORMAT);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)rollback);
	add(m, "name", o->name);
	add(m, "version", o->version);
	add(m, "sequence", o->sequence);
	add(m, "rollback_index", number);
	add(m, "algorithm", hash_name(algorithm));
	add(m, "images", images.text);
	if (o->preflight.n)
		add(m, "preflight", o->preflight.text);
	if (o->arguments.n)
		add(m, "kernel_arguments", o->arguments.text);
	if (o->description)
		add(m, "description", o->description);
	if (m->full || o->preflight.full || o->arguments.full)
		return err_set(e, REASON_FAILED,
			"release: expected a manifest of at most %d bytes, found more",
			RELEASE_MAX);
	snprintf(where, sizeof(where), "manifest");
	return release_parse(r, o->name, o->version, where, m->text, m->n, e);
}

static int create(const struct options *o, const struct store *s, struct err *e)
{
	static struct manifest m;
	struct release_file file = { "manifest", m.text, 0 };
	struct release r;

	if (store_may_write(s, e) != 0 || releases_lock(s, e) != 0 ||
		write_manifest(&m, o, s, &r, e) != 0)
		return -1;
	file.n = m.n;
	/* What the device will write to is laid onto the disk with the rest. */
	if (state_file_create(s->fd, s->name, o->name, e) != 0 ||
		releases_put(s, o->name, o->version, &file, 1, e) != 0)
		return -1;
	tool_say(
		"%s/releases/%s/%s: sequence %llu, rollback_index %llu: to be signed",
		s->name, r.name, r.version, (unsigned long long)r.sequence,
		(unsigned long long)r.rollback_index);
	return 0;
}

int release_create(int argc, char **argv)
{
	static struct options o;
	struct store store = { .fd = -1, .objects = -1 };
	struct err e;
	int r, code = parse(&o, argc, argv);

	if (code >= 0)
		return code;
	r = store_open(&store, o.store, &e);
	if (r == 0)
		r = create(&o, &store, &e);
	store_close(&store);
	return r == 0 ? 0 : tool_fail(&e);
}
