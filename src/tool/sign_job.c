/* SPDX-License-Identifier: MIT */
#include "tool/sign_job.h"

#include <stdio.h>
#include <unistd.h>

#include "tool/tool.h"

int sign_print_tbs(const struct subject *s, struct err *e)
{
	if (isatty(STDOUT_FILENO))
		return err_set(e, REASON_FAILED,
			"--print-tbs: expected stdout to be a file or a pipe, found a terminal: the bytes are not text");
	if (fwrite(s->tbs, 1, s->tbs_n, stdout) != s->tbs_n ||
		fflush(stdout) != 0)
		return err_set(e, REASON_FAILED,
			"--print-tbs: stdout cannot be written");
	return 0;
}

/* What stands in the signature's place already? */
static int check_place(struct sign_job *j, const struct keyring *ring,
	bool force, struct err *e)
{
	static uint8_t old[SIGNATURE_MAX];
	struct subject *s = &j->subject;
	const struct key *signer;
	size_t n;

	if (subject_load(s, NULL, old, &n, e) != 0)
		return e->reason == REASON_SIGNATURE_MISSING || force ? 0 : -1;
	if (keyring_verify(ring, s->place, old, n, s->tbs, s->tbs_n, &signer,
		    e) == 0) {
		j->there = true;
		return 0;
	}
	if (force)
		return 0;
	err_set(e, REASON_FAILED,
		"%s: expected no signature or one by this key, found another",
		s->place);
	return err_hint(e, "--force replaces it");
}

int sign_job_make(struct sign_job *j, const struct signing_key *k,
	const char *attach, bool force, struct err *e)
{
	struct subject *s = &j->subject;
	const struct key *signer;

	if (attach) {
		if (subject_load(s, attach, j->signature, &j->n, e) != 0 ||
			keyring_verify(&k->ring, attach, j->signature, j->n,
				s->tbs, s->tbs_n, &signer, e) != 0)
			return -1;
	} else if (signing_key_sign(
			   k, s->name, &s->digest, j->signature, &j->n, e) != 0)
		return -1;
	return check_place(j, &k->ring, force, e);
}

int sign_job_put(struct sign_job *j, const struct signing_key *k, bool force,
	struct err *e)
{
	const struct key *key = &k->ring.keys[0];
	const struct subject *s = &j->subject;

	if (!j->there && subject_store(s, j->signature, j->n, force, e) != 0)
		return -1;
	tool_say("%s: %s by \"%s\" (%.16s): %s", s->name,
		j->there ? "already signed" : "signed", key->subject, key->id,
		s->place);
	return 0;
}
