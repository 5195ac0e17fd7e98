/* SPDX-License-Identifier: MIT */
/*
 * Bytes in order become pieces of 1 MiB, the last one shorter, that a sink
 * gets in a thread of its own: what it does with them (hash, write) costs as
 * much as making them. Less than one piece needs no thread.
 *
 * Once the sink has failed, nothing more is given to it; out_close tells.
 */
#ifndef RW_TOOL_WRITE_OUT_H
#define RW_TOOL_WRITE_OUT_H

#include <pthread.h>
#include <string.h>

#include "tool/image.h"

#define OUT_PIECE (1u << 20)
#define OUT_ROOM 8192u /* bytes, the most that out_room gives */

struct out {
	uint8_t *buffer; /* OUT_PIECE + OUT_ROOM bytes */
	size_t used;
	uint64_t pos;
	bool failed;

	const struct image_sink *sink;
	uint8_t *buffers[2];
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	const uint8_t *piece; /* the sink has it; NULL: it has none */
	bool end, refused;
	struct err err;
};

/* Always to be followed by out_close. */
must_check int out_open(
	struct out *o, const struct image_sink *sink, struct err *e);

/* Gives the rest to the sink, unless abort; the result of all. */
must_check int out_close(struct out *o, bool abort, struct err *e);

/* Hands a full piece over. */
void out_flush(struct out *o);

/* Room for n bytes, at most OUT_ROOM, which the caller fills in. */
static inline uint8_t *out_room(struct out *o, size_t n)
{
	uint8_t *room;

	if (o->used >= OUT_PIECE)
		out_flush(o);
	room = o->buffer + o->used;
	o->used += n;
	o->pos += n;
	return room;
}

/* The same n bytes, at most OUT_ROOM. */
static inline void out_small(struct out *o, const void *bytes, size_t n)
{
	memcpy(out_room(o, n), bytes, n);
}

/* Any number of bytes. */
void out_put(struct out *o, const void *bytes, size_t n);

/* Zeros up to a position; to a multiple of a power of two. */
void out_pad_to(struct out *o, uint64_t pos);

static inline void out_align(struct out *o, uint64_t to)
{
	out_pad_to(o, (o->pos + to - 1) & ~(to - 1));
}

#endif
