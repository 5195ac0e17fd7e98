/* SPDX-License-Identifier: MIT */
#include "tool/census.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "tool/progress.h"
#include "tool/scan.h"

#define DIRECTORIES 16 /* open at once */

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static atomic_bool end;
static bool begun;
static uint64_t files, bytes;

static int count(
	const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	(void)type;
	(void)at;
	/* The others are in the image itself. */
	if (S_ISREG(st->st_mode) && st->st_size > SCAN_INLINE_MAX) {
		files++;
		bytes += (uint64_t)st->st_size;
	}
	return end;
}

static void *census(void *path)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&lock);
	while (!end && r == 0)
		r = pthread_cond_timedwait(&ended, &lock, &until);
	pthread_mutex_unlock(&lock);
	if (!end && nftw(path, count, DIRECTORIES, FTW_PHYS) == 0)
		progress_expect(files, bytes);
	return NULL;
}

void census_begin(const char *path)
{
	end = false;
	files = bytes = 0;
	begun = progress_wanted() &&
		pthread_create(&thread, NULL, census, (void *)path) == 0;
}

void census_end(void)
{
	if (!begun)
		return;
	pthread_mutex_lock(&lock);
	end = true;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	begun = false;
}
