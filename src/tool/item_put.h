/* SPDX-License-Identifier: MIT */
/* An item's small files, into the store that its objects are in. */
#ifndef RW_TOOL_ITEM_PUT_H
#define RW_TOOL_ITEM_PUT_H

#include "tool/item.h"
#include "tool/transfer.h"

/*
 * Copies the signature of an image, where the origin has one. *size: its
 * bytes, or 0. Without replace, another signature that is there is refused.
 */
must_check int item_put_image_signature(struct transfer *t,
	const struct digest *d, bool replace, uint64_t *size, struct err *e);

/*
 * The release as a whole: manifest and signatures appear by one renaming.
 * From here on the store is locked against everybody. A release of that
 * version with another manifest is refused.
 */
must_check int item_put_release(
	struct transfer *t, const struct item *i, struct err *e);

#endif
