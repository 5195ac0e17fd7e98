/* SPDX-License-Identifier: MIT */
/*
 * One run of `rootwright install`, in the order in which it works:
 *
 *	install_choose	what is wanted: as it was told, or the newest release
 *that the policy takes, or the only thing there install_verify	by the policy of
 *the device; then it is parsed transfer_plan	what has to be fetched, and is
 *there room transfer_copy	the objects install_publish	images, then
 *signatures, then manifests
 *
 * Nothing is written before transfer_copy, and nothing that was written is
 * found by a boot before the last step.
 */
#ifndef RW_TOOL_INSTALL_H
#define RW_TOOL_INSTALL_H

#include "tool/item.h"
#include "tool/transfer.h"

struct install {
	const char *config; /* of the device; NULL: nothing is verified */
	bool dry_run;
	struct items items;
	struct transfer t;
};

/* The floor and the keys of the policy; then it is parsed. */
must_check int install_verify_item(
	struct install *x, struct item *i, struct err *e);

must_check int install_choose(struct install *x, struct err *e);
must_check int install_verify(struct install *x, struct err *e);
must_check int install_publish(struct install *x, struct err *e);

#endif
