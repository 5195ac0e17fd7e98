/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

#include "tap.h"

#define D "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define E "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* What composefs= says in the columns of the table: nothing, D, E, ?D, ?E. */
static const char *const digests[] = { "", "composefs=" D, "composefs=" E,
	"composefs=?" D, "composefs=?" E };

/*
 * Every trust with and without keys, allow_unverified=yes and image=D. The
 * outcome of each column is a letter: D and E boot that digest, P the
 * policy's D, d and e boot it without fs-verity; the others are refusals,
 * see refusals[].
 */
static const struct {
	const char *conf; /* NULL: there is no boot.conf */
	unsigned keys;
	enum trust trust;
	const char *outcome;
} table[] = {
	{ NULL, 0, TRUST_DIGEST, "mDEuu" },
	{ NULL, 1, TRUST_DIGEST_AND_SIGNATURE, "mDEuu" },
	{ NULL, 16, TRUST_DIGEST_AND_SIGNATURE, "mDEuu" },
	{ "trust=digest", 0, TRUST_DIGEST, "mDEuu" },
	{ "trust=digest", 1, TRUST_DIGEST, "mDEuu" },
	{ "trust=digest\nimage=" D, 0, TRUST_DIGEST, "PPcuu" },
	{ "trust=digest\nimage=" D, 1, TRUST_DIGEST, "PPcuu" },
	{ "trust=digest\nallow_unverified=no", 0, TRUST_DIGEST, "mDEuu" },
	{ "trust=digest\nallow_unverified=yes", 0, TRUST_DIGEST, "mDEde" },
	{ "trust=digest\nallow_unverified=yes", 1, TRUST_DIGEST, "mDEde" },
	{ "trust=digest\nallow_unverified=yes\nimage=" D, 0, 0, "iiiii" },
	{ "trust=digest\nallow_unverified=yes\nimage=" D, 1, 0, "iiiii" },
	{ "trust=signature", 0, 0, "sssss" },
	{ "trust=signature\nimage=" D, 0, 0, "sssss" },
	{ "trust=signature\nallow_unverified=yes", 0, 0, "sssss" },
	{ "trust=signature\nallow_unverified=yes\nimage=" D, 0, 0, "sssss" },
	{ "trust=signature", 1, TRUST_SIGNATURE, "mDEuu" },
	{ "trust=signature\nimage=" D, 1, TRUST_SIGNATURE, "PPcuu" },
	{ "trust=signature\nallow_unverified=yes", 1, 0, "aaaaa" },
	{ "trust=signature\nallow_unverified=yes\nimage=" D, 1, 0, "aaaaa" },
	{ "trust=digest+signature", 0, 0, "bbbbb" },
	{ "trust=digest+signature\nimage=" D, 0, 0, "bbbbb" },
	{ "trust=digest+signature\nallow_unverified=yes", 0, 0, "bbbbb" },
	{ "trust=digest+signature\nallow_unverified=yes\nimage=" D, 0, 0,
		"bbbbb" },
	{ "trust=digest+signature", 1, TRUST_DIGEST_AND_SIGNATURE, "mDEuu" },
	{ "trust=digest+signature\nimage=" D, 1, TRUST_DIGEST_AND_SIGNATURE,
		"PPcuu" },
	{ "trust=digest+signature\nallow_unverified=yes", 1, 0, "AAAAA" },
	{ "trust=digest+signature\nallow_unverified=yes\nimage=" D, 1, 0,
		"AAAAA" },
	/* No digest: the releases name the image; one narrows them. */
	{ "trust=release\nrelease=demo", 1, TRUST_RELEASE, "-DEuu" },
	{ "trust=release\nrelease=demo\nthreshold=2", 2, TRUST_RELEASE,
		"-DEuu" },
	{ "trust=release\nrelease=demo\nthreshold=2", 1, 0, "hhhhh" },
	{ "trust=release\nrelease=demo", 0, 0, "kkkkk" },
	{ "trust=release", 1, 0, "nnnnn" },
	{ "trust=release\nrelease=demo\nimage=" D, 1, 0, "xxxxx" },
	{ "trust=release\nrelease=demo\nimage_file=/i", 1, 0, "yyyyy" },
	{ "trust=release\nrelease=demo\nallow_unverified=yes", 1, 0, "zzzzz" },
	{ "trust=digest\nrelease=demo", 0, 0, "rrrrr" },
	{ "trust=digest\nthreshold=2", 0, 0, "rrrrr" },
	{ "trust=digest\nrollback_floor=1", 0, 0, "rrrrr" },
	{ "trust=digest\netc=overlay", 0, 0, "ooooo" },
	{ "trust=digest\nvar=bind", 0, 0, "ooooo" },
	{ "trust=digest\nstate=store", 0, 0, "ooooo" },
	{ "trust=digest\nstate=store\netc=bind", 0, TRUST_DIGEST, "mDEuu" },
	{ "trust=digest\nstate=store\netc=bind\nlockdown=yes", 0, 0, "lllll" },
	{ "trust=digest\nstate=store\nvar=bind\nlockdown=yes", 0, 0, "lllll" },
	{ "trust=release\nrelease=demo\nstate=store\nvar=bind\nlockdown=yes", 1,
		0, "lllll" },
	{ "trust=digest\nstate=store\netc=bind\nlockdown=yes\nstate_trusted=yes",
		0, TRUST_DIGEST, "mDEuu" },
	{ "trust=digest\nroot=transient\nlockdown=yes", 0, TRUST_DIGEST,
		"mDEuu" },
	{ "timeout=5", 0, 0, "ttttt" },
	{ "timeout=5", 1, 0, "ttttt" },
	{ "timeout=5\nimage=" D, 1, 0, "ttttt" },
	{ "timeout=5\nallow_unverified=yes", 1, 0, "ttttt" },
};

static const struct {
	char letter;
	bool checked; /* policy_check finds it without the command line */
	enum reason reason;
	const char *sentence;
} refusals[] = {
	{ 'm', false, REASON_DIGEST_MISSING,
		"cmdline: expected composefs=<digest>, found none, and the policy has no image=" },
	{ 'u', false, REASON_DIGEST_UNVERIFIED,
		"cmdline: composefs=: expected a digest to verify, found '?' in front of it: the policy does not say allow_unverified=yes" },
	{ 'c', false, REASON_CMDLINE_INVALID,
		"cmdline: composefs=: expected the policy's image " D
		", found " E },
	{ 'i', true, REASON_POLICY_INVALID,
		"policy: allow_unverified=yes: expected no image= beside it, found one" },
	{ 's', true, REASON_KEYS_EMPTY,
		"policy: trust=signature: expected a certificate in keys.d, found none" },
	{ 'b', true, REASON_KEYS_EMPTY,
		"policy: trust=digest+signature: expected a certificate in keys.d, found none" },
	{ 'a', true, REASON_POLICY_INVALID,
		"policy: allow_unverified=yes: expected trust=digest beside it, found trust=signature" },
	{ 'A', true, REASON_POLICY_INVALID,
		"policy: allow_unverified=yes: expected trust=digest beside it, found trust=digest+signature" },
	{ 'h', true, REASON_POLICY_INVALID,
		"policy: threshold=2: expected as many certificates in release-keys.d, found 1" },
	{ 'k', true, REASON_KEYS_EMPTY,
		"policy: trust=release: expected a certificate in release-keys.d, found none" },
	{ 'n', true, REASON_POLICY_INVALID,
		"policy: trust=release: expected release=<name> beside it, found none" },
	{ 'x', true, REASON_POLICY_INVALID,
		"policy: trust=release: expected no image= beside it, found one" },
	{ 'y', true, REASON_POLICY_INVALID,
		"policy: trust=release: expected no image_file= beside it, found one" },
	{ 'z', true, REASON_POLICY_INVALID,
		"policy: trust=release: expected no allow_unverified=yes beside it, found one" },
	{ 'r', true, REASON_POLICY_INVALID,
		"policy: release=, threshold= and rollback_floor=: expected trust=release beside them, found trust=digest" },
	{ 'o', true, REASON_POLICY_INVALID,
		"policy: state=: expected it beside etc=overlay, etc=bind or var=bind, found one without the other" },
	{ 'l', true, REASON_STATE_UNVERIFIED,
		"policy: lockdown=yes: expected state_trusted=yes beside state=, found a state that nothing verifies" },
	{ 't', true, REASON_POLICY_INVALID,
		"policy: boot.conf: expected a line trust=, found none" },
};

static struct policy p;
static struct cmdline c;
static struct plan plan;
static struct err e;

static int make(const char *conf, const char *line, unsigned keys)
{
	char text[2][1024];

	policy_defaults(&p);
	snprintf(text[0], sizeof(text[0]), "%s", conf ? conf : "");
	snprintf(text[1], sizeof(text[1]), "%s", line);
	memset(&plan, 0xff, sizeof(plan));
	if (conf && policy_parse(&p, "boot.conf", text[0], strlen(conf), &e)) {
		ok(false, "the test's policy parses: %s", e.text);
		return -1;
	}
	if (cmdline_parse(&c, text[1], &e)) {
		ok(false, "the test's command line parses: %s", e.text);
		return -1;
	}
	memset(&e, 0, sizeof(e));
	return policy_check(&p, keys, &e) ? -1 : plan_make(&plan, &p, &c, &e);
}

static void check_refusal(int got, char letter, unsigned keys)
{
	size_t i = 0;

	while (refusals[i].letter != letter)
		i++;
	is_int(got, -1, "refused");
	is_int(e.reason, refusals[i].reason, "its reason");
	is_str(e.text, refusals[i].sentence, "its sentence");
	is_int(policy_check(&p, keys, &e), -refusals[i].checked,
		"%s by --check-config",
		refusals[i].checked ? "found" : "not seen");
}

static void check_table(void)
{
	size_t i, k;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (k = 0; k < 5; k++) {
			char line[200], hex[DIGEST_HEX_MAX];
			char want = table[i].outcome[k];
			int got;

			snprintf(line, sizeof(line),
				"%s rootwright.store=LABEL=x", digests[k]);
			printf("# %s, %u keys, %.13s\n",
				table[i].conf ? table[i].conf : "no boot.conf",
				table[i].keys, digests[k]);
			got = make(table[i].conf, line, table[i].keys);
			if (!strchr("DEPde-", want)) {
				check_refusal(got, want, table[i].keys);
				continue;
			}
			is_int(got, 0, "accepted: %s", e.text);
			is_int(p.trust, table[i].trust, "the trust");
			is_int(plan.unverified, want == 'd' || want == 'e',
				"is it weakened?");
			if (want == '-') {
				is_int(plan.images.n, 0, "no image yet");
				continue;
			}
			digest_to_hex(plan.images.list, hex);
			is_str(hex, want == 'E' || want == 'e' ? E : D,
				"the image");
		}
	}
}

/* Several images: what the policy says, what the command line says. */
static void check_stacks(void)
{
	static const char both[] = "store=/dev/a\nimage=" D "\nimage=" E;
	static const char none[] = "store=/dev/a";
	static const char locked[] = "store=/dev/a\nlockdown=yes";
	static const struct {
		const char *trust, *conf, *line;
		unsigned n; /* 0: refused with the sentence */
		const char *sentence;
	} stacks[] = {
		{ "digest", both, "", 2, NULL },
		{ "signature", both, "", 2, NULL },
		{ "digest", both, "composefs=" D " composefs=" E, 2, NULL },
		{ "digest", both, "composefs=" D, 2, NULL },
		{ "digest", both, "composefs=" E " composefs=" D, 0,
			"cmdline: composefs=: expected the policy's image " D
			", found " E },
		{ "digest", both,
			"composefs=" D " composefs=" E " composefs=" D D, 0,
			"cmdline: composefs=: expected the policy's image alone, found " D
				D },
		{ "digest", none, "composefs=" E " composefs=" D, 2, NULL },
		{ "digest+signature", none, "composefs=" E " composefs=" D, 2,
			NULL },
		{ "signature", none, "composefs=" E, 1, NULL },
		{ "signature", none, "composefs=" E " composefs=" D, 0,
			"cmdline: composefs=: expected one image under trust=signature or lockdown=yes, found more, of which nobody else says that they go together" },
		{ "digest", locked, "composefs=" E " composefs=" D, 0,
			"cmdline: composefs=: expected one image under trust=signature or lockdown=yes, found more, of which nobody else says that they go together" },
		{ "digest", locked, "composefs=" E, 1, NULL },
	};

	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		char conf[300];
		int got;

		snprintf(conf, sizeof(conf), "trust=%s\n%s", stacks[i].trust,
			stacks[i].conf);
		got = make(conf, stacks[i].line, 1);
		is_int(got, stacks[i].n ? 0 : -1, "stack %zu: %s", i, e.text);
		if (stacks[i].n) {
			is_int(plan.images.n, stacks[i].n, "images");
			continue;
		}
		is_int(e.reason, REASON_CMDLINE_INVALID, "the reason");
		is_str(e.text, stacks[i].sentence, "the sentence");
	}
}

/* Store and timeout: what the policy says, what the command line says. */
static const struct {
	const char *conf, *line;
	const char *store; /* NULL: refused with the sentence */
	unsigned timeout;
	enum reason reason;
	const char *sentence;
} limits[] = {
	{ "", "rootwright.store=/dev/a", "/dev/a", 30, 0, NULL },
	{ "store=/dev/a", "", "/dev/a", 30, 0, NULL },
	{ "store=/dev/a", "rootwright.store=/dev/a", "/dev/a", 30, 0, NULL },
	{ "store=/dev/a", "root=/dev/b", "/dev/a", 30, 0, NULL },
	{ "", "root=/dev/b", NULL, 0, REASON_STORE_UNNAMED,
		"store: expected store= in the policy or rootwright.store= on the command line, found neither" },
	{ "store=/dev/a", "rootwright.store=/dev/b", NULL, 0,
		REASON_STORE_CONFLICT,
		"cmdline: rootwright.store=: expected the policy's store '/dev/a', found '/dev/b'" },
	{ "store=LABEL=a", "rootwright.store=LABEL=A", NULL, 0,
		REASON_STORE_CONFLICT,
		"cmdline: rootwright.store=: expected the policy's store 'LABEL=a', found 'LABEL=A'" },
	{ "store=/dev/a", "rootwright.timeout=30", "/dev/a", 30, 0, NULL },
	{ "store=/dev/a", "rootwright.timeout=29", "/dev/a", 29, 0, NULL },
	{ "store=/dev/a", "rootwright.timeout=31", NULL, 0,
		REASON_CMDLINE_INVALID,
		"cmdline: rootwright.timeout=: expected at most the policy's 30 seconds, found 31" },
	{ "store=/dev/a\ntimeout=5", "", "/dev/a", 5, 0, NULL },
	{ "store=/dev/a\ntimeout=5", "rootwright.timeout=1", "/dev/a", 1, 0,
		NULL },
	{ "store=/dev/a\ntimeout=5", "rootwright.timeout=6", NULL, 0,
		REASON_CMDLINE_INVALID,
		"cmdline: rootwright.timeout=: expected at most the policy's 5 seconds, found 6" },
	{ "store=/dev/a\ntimeout=3600", "rootwright.timeout=3600", "/dev/a",
		3600, 0, NULL },
};

static void check_limits(void)
{
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char conf[200], line[200];
		int got;

		snprintf(
			conf, sizeof(conf), "trust=digest\n%s", limits[i].conf);
		snprintf(line, sizeof(line), "composefs=" D " %s",
			limits[i].line);
		got = make(conf, line, 0);
		if (limits[i].store) {
			is_int(got, 0, "limit %zu: %s", i, e.text);
			is_str(plan.store, limits[i].store, "the store");
			is_int(plan.timeout, limits[i].timeout, "the timeout");
			continue;
		}
		is_int(got, -1, "limit %zu is kept", i);
		is_int(e.reason, limits[i].reason, "its reason");
		is_str(e.text, limits[i].sentence, "its sentence");
	}
	is_int(make("trust=digest",
		       "composefs=" D
		       " rootwright.store=/dev/a rootwright.release=1",
		       0),
		-1, "a release where none is trusted");
	is_str(e.text,
		"cmdline: rootwright.release=: expected trust=release in the policy, found trust=digest",
		"its sentence");
	is_int(make("trust=digest\nstore=/dev/a",
		       "composefs=" D " rootwright.factory_reset", 0),
		-1, "a factory reset that the policy does not allow");
	is_int(e.reason, REASON_CMDLINE_INVALID, "its reason");
	is_str(e.text,
		"cmdline: rootwright.factory_reset: expected factory_reset=yes in the policy, found none",
		"its sentence");
	is_int(make("trust=digest\nstore=/dev/a\nfactory_reset=yes",
		       "composefs=" D " rootwright.factory_reset", 0),
		0, "one that it allows: %s", e.text);
	make(NULL,
		"composefs=" D " rootwright.store=/dev/a "
		"rootwright.timeout=31",
		0);
	is_str(e.text,
		"cmdline: rootwright.timeout=: expected at most the policy's 30 seconds, found 31",
		"the default is a limit without boot.conf too");
	is_str(err_hint_text(&e), "set timeout=31 in boot.conf", "its hint");
}

int main(void)
{
	check_table();
	check_stacks();
	check_limits();
	return tap_done();
}
