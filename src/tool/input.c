/* SPDX-License-Identifier: MIT */
#include "tool/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_some(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

int input_open(struct input *in, const char *path, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	ssize_t r;

	memset(in, 0, sizeof(*in));
	in->name = standard ? "standard input" : path;
	in->fd = standard ? STDIN_FILENO
			  : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (in->fd < 0)
		return err_sys(e, REASON_FAILED, errno, "%s: cannot be opened",
			in->name);
	do {
		r = read_some(in->fd, in->first + in->n_first,
			sizeof(in->first) - in->n_first);
		in->n_first += r > 0 ? (size_t)r : 0;
	} while (r > 0 && in->n_first < sizeof(in->first));
	if (r < 0) {
		err_sys(e, REASON_FAILED, errno, "%s: cannot be read",
			in->name);
		input_close(in);
		return -1;
	}
	return 0;
}

void input_close(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
}

ssize_t input_read(struct input *in, void *buf, size_t n)
{
	size_t left = in->n_first - in->at;

	if (left == 0)
		return read_some(in->fd, buf, n);
	if (n > left)
		n = left;
	memcpy(buf, in->first + in->at, n);
	in->at += n;
	return (ssize_t)n;
}
