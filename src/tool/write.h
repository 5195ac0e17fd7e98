/* SPDX-License-Identifier: MIT */
/*
 * Positions become bytes: strictly in order, through one buffer.
 */
#ifndef RW_TOOL_WRITE_H
#define RW_TOOL_WRITE_H

#include "tool/image.h"
#include "tool/layout.h"

must_check int layout_write(struct layout *l, unsigned version,
	const struct image_sink *sink, struct err *e);

#endif
