/* SPDX-License-Identifier: MIT */
#include "tool/ext4_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/compute.h"

int ext4_copy_begin(struct ext4_copy *c, struct ext4_file *f, int fd,
	const char *what, struct err *e)
{
	uint64_t size = EXT2_I_SIZE(&f->inode);

	*c = (struct ext4_copy){ .f = f, .fd = fd, .what = what, .left = size };
	c->buf = malloc(EXT4_COPY_MAX);
	if (!c->buf)
		return err_sys(e, REASON_FAILED, ENOMEM, "%s: its data", what);
	return ext4_file_map(f, 0, (size + EXT4_BLOCK - 1) / EXT4_BLOCK, e);
}

static int read_exactly(struct ext4_copy *c, size_t n, struct err *e)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(c->fd, c->buf + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, REASON_FAILED, errno,
				"%s: cannot be read", c->what);
		if (r == 0)
			return compute_short(
				c->what, EXT2_I_SIZE(&c->f->inode), e);
		got += r;
	}
	return 0;
}

static bool all_zeros(const char *buf, size_t n)
{
	return buf[0] == 0 && memcmp(buf, buf + 1, n - 1) == 0;
}

int ext4_copy_next(struct ext4_copy *c, struct err *e)
{
	size_t n = c->left < EXT4_COPY_MAX ? c->left : EXT4_COPY_MAX;
	size_t blocks = (n + EXT4_BLOCK - 1) / EXT4_BLOCK;

	c->n = 0;
	if (n == 0)
		return 0;
	if (read_exactly(c, n, e) != 0)
		return -1;
	memset(c->buf + n, 0, blocks * EXT4_BLOCK - n);
	if (!all_zeros(c->buf, n) &&
		ext4_file_write(c->f, c->logical, blocks, c->buf, e) != 0)
		return -1;
	c->n = n;
	c->left -= n;
	c->logical += blocks;
	return 0;
}

void ext4_copy_end(struct ext4_copy *c)
{
	free(c->buf);
	c->buf = NULL;
}

int ext4_copy_plain(
	struct ext4_file *f, int fd, const char *what, struct err *e)
{
	struct ext4_copy c;
	int r = ext4_copy_begin(&c, f, fd, what, e);

	while (r == 0 && c.left > 0)
		r = ext4_copy_next(&c, e);
	ext4_copy_end(&c);
	return r;
}
