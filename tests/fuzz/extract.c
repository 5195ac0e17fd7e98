/* SPDX-License-Identifier: MIT */
/*
 * An image of any bytes, restored: refused with a sentence, or a directory
 * with as many entries as the image has. Beside the target nothing changes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int top = -1; /* has "target" and "beside", and nothing else */

static void check(bool good)
{
	if (!good)
		abort();
}

/* Removes what is in the directory; returns how many entries that were. */
static unsigned long empty(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long n = 0;
	struct dirent *d;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	check(dir != NULL);
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		n++;
		if (d->d_type == DT_DIR) {
			int below;

			check(fchmodat(fd, d->d_name, 0700, 0) == 0);
			below = openat(fd, d->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			check(below >= 0);
			n += empty(below);
			close(below);
		}
		check(unlinkat(fd, d->d_name,
			      d->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0);
	}
	closedir(dir);
	return n;
}

static char path[] = "/dev/shm/fuzz-extract-XXXXXX";
static char target_path[sizeof(path) + 8];

static void remove_top(void)
{
	(void)empty(top);
	(void)rmdir(path);
}

static void make_top(void)
{
	int fd;

	check(mkdtemp(path) != NULL);
	snprintf(target_path, sizeof(target_path), "%s/target", path);
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(top, "beside", O_WRONLY | O_CREAT | O_EXCL, 0640);
	check(top >= 0 && write(fd, "beside", 6) == 6 && close(fd) == 0);
	check(atexit(remove_top) == 0);
}

static void check_beside(const struct stat *before)
{
	struct stat st;
	unsigned n = 0;
	DIR *dir = opendir(path);

	check(dir && fstatat(top, "beside", &st, 0) == 0);
	while (readdir(dir))
		n++;
	closedir(dir);
	check(n == 4 && st.st_mode == before->st_mode &&
		st.st_uid == before->st_uid && st.st_nlink == 1 &&
		st.st_size == before->st_size &&
		st.st_mtim.tv_sec == before->st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == before->st_mtim.tv_nsec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading d;
	const struct store none = { .fd = -1, .objects = -1 };
	struct extract_stats stats = { 0 };
	struct stat before;
	struct err e = { 0 };
	unsigned long n;
	int r, target;

	if (top < 0)
		make_top();
	check(fstatat(top, "beside", &before, 0) == 0);
	if (read_open_bytes(&d.image, "image", data, size, &e) != 0)
		return 0;
	r = reading_choose(&d, NULL, 0, &e);
	check(r == 0);
	r = extract_image(&d, &none, target_path, &stats, &e);
	check(r == 0 || e.text[0]);
	check_beside(&before);
	check(chmod(target_path, 0700) == 0);
	target = open(target_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = empty(target);
	check(n <= stats.entries && (r != 0 || n == d.image.n_nodes - 1));
	close(target);
	check(rmdir(target_path) == 0);
	reading_close(&d);
	return 0;
}
