/* SPDX-License-Identifier: MIT */
/*
 * What images may not do to each other where they are stacked. A file's
 * redirect /ab/cdef... is looked up in each image below its own before it is
 * looked up among the objects: a name /ab in one of these roots would capture
 * it.
 */
#include "boot/boot.h"

#include "core/text.h"

/* Is a name either not there or hidden? */
static bool is_nothing(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	return S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

int layers_check(const struct root *r, struct err *e)
{
	char name[3], hex[DIGEST_HEX_MAX];

	for (unsigned i = 1; i < r->n; i++)
		for (unsigned n = 0; n < 256; n++) {
			text_hex(name, &(uint8_t){ n }, 1);
			if (is_nothing(r->images[i].dir, name))
				continue;
			return err_set(e, REASON_STACK_CAPTURE,
				"image: %s: expected no name of two hex digits in the root of an image below others, found /%s: it would capture redirects /%s/... of the images above, or they hide it",
				digest_to_hex(&r->images[i].digest, hex), name,
				name);
		}
	return 0;
}
