/* SPDX-License-Identifier: MIT */
#include "tool/write_out.h"

#include <errno.h>
#include <stdlib.h>

/* The thread: takes piece after piece. */
static void *give(void *arg)
{
	struct out *o = arg;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		while (!o->piece && !o->end)
			pthread_cond_wait(&o->changed, &o->lock);
		if (!o->piece)
			break;
		pthread_mutex_unlock(&o->lock);
		if (!o->refused && o->sink->write(o->sink->ctx, o->piece,
					   OUT_PIECE, &o->err) != 0)
			o->refused = true;
		pthread_mutex_lock(&o->lock);
		o->piece = NULL;
		pthread_cond_signal(&o->changed);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

int out_open(struct out *o, const struct image_sink *sink, struct err *e)
{
	memset(o, 0, sizeof(*o));
	o->sink = sink;
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->changed, NULL);
	for (int i = 0; i < 2; i++) {
		o->buffers[i] = malloc(OUT_PIECE + OUT_ROOM);
		if (!o->buffers[i])
			return err_set(
				e, REASON_FAILED, "image: out of memory");
	}
	o->buffer = o->buffers[0];
	return 0;
}

static bool start(struct out *o)
{
	int r = o->has_thread ? 0 : pthread_create(&o->thread, NULL, give, o);

	if (r != 0)
		(void)!err_sys(&o->err, REASON_FAILED, r,
			"image: cannot start a thread");
	o->has_thread = r == 0;
	return o->has_thread;
}

void out_flush(struct out *o)
{
	uint8_t *full = o->buffer;

	o->used -= OUT_PIECE;
	o->buffer = o->buffers[full == o->buffers[0]];
	if (o->failed || !start(o)) {
		o->failed = true;
		return;
	}
	pthread_mutex_lock(&o->lock);
	while (o->piece)
		pthread_cond_wait(&o->changed, &o->lock);
	o->piece = full;
	o->failed = o->refused;
	pthread_cond_signal(&o->changed);
	pthread_mutex_unlock(&o->lock);
	/* The other buffer is free only now. */
	memcpy(o->buffer, full + OUT_PIECE, o->used);
}

void out_put(struct out *o, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n) {
		size_t some = n < OUT_ROOM ? n : OUT_ROOM;

		out_small(o, p, some);
		p += some;
		n -= some;
	}
}

void out_pad_to(struct out *o, uint64_t pos)
{
	while (o->pos < pos) {
		size_t n = pos - o->pos < OUT_ROOM ? pos - o->pos : OUT_ROOM;

		memset(out_room(o, n), 0, n);
	}
}

static void stop(struct out *o)
{
	if (!o->has_thread)
		return;
	pthread_mutex_lock(&o->lock);
	o->end = true;
	pthread_cond_signal(&o->changed);
	pthread_mutex_unlock(&o->lock);
	pthread_join(o->thread, NULL);
	o->failed |= o->refused;
}

int out_close(struct out *o, bool abort, struct err *e)
{
	if (!abort && o->used >= OUT_PIECE)
		out_flush(o);
	stop(o);
	if (!abort && o->failed)
		*e = o->err;
	else if (!abort && o->used &&
		 o->sink->write(o->sink->ctx, o->buffer, o->used, e) != 0)
		o->failed = true;
	free(o->buffers[0]);
	free(o->buffers[1]);
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	return abort || o->failed ? -1 : 0;
}
