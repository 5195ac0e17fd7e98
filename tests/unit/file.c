/* SPDX-License-Identifier: MIT */
/* Hostile files: nothing is followed, nothing hangs, nothing is too big. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tap.h"

static void make_file(int dir, const char *name, const char *text)
{
	AUTO_FD
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# cannot make %s\n", name);
}

/* What opening gives: 0, or errno. */
static int open_error(int dir, const char *path)
{
	AUTO_FD
	int fd = open_regular_beneath(dir, path);

	return fd < 0 ? errno : 0;
}

static void make_socket(const char *base)
{
	AUTO_FD
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", base);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		printf("# cannot make a socket\n");
}

static void test_open(int dir, const char *base)
{
	char outside[200];

	make_file(dir, "plain", "hello");
	make_file(dir, "empty", "");
	snprintf(outside, sizeof(outside), "%s/plain", base);
	ok(mkdirat(dir, "dir", 0700) == 0 &&
			symlinkat("plain", dir, "link") == 0 &&
			symlinkat("dir", dir, "dirlink") == 0 &&
			symlinkat("/", dir, "rootlink") == 0 &&
			mkfifoat(dir, "fifo", 0600) == 0,
		"the cases are made");
	make_file(dir, "dir/inner", "x");
	make_socket(base);

	is_int(open_error(dir, "plain"), 0, "a file opens");
	is_int(open_error(dir, "dir/inner"), 0, "one in a directory too");
	is_int(open_error(dir, "dir/../plain"), 0, "'..' inside is inside");
	is_int(open_error(dir, "missing"), ENOENT, "a missing file");
	is_int(open_error(dir, "link"), ELOOP, "a symbolic link");
	is_int(open_error(dir, "dirlink/inner"), ELOOP, "one on the way");
	is_int(open_error(dir, "rootlink/etc/passwd"), ELOOP, "one to /");
	is_int(open_error(dir, "dir"), EISDIR, "a directory");
	is_int(open_error(dir, "fifo"), ENODEV, "a FIFO, without waiting");
	is_int(open_error(dir, "socket"), ENXIO, "a socket");
	is_int(open_error(dir, "../x"), EXDEV, "'..' leads outside");
	is_int(open_error(dir, outside), EXDEV, "an absolute path");
	is_int(open_error(dir, ""), ENOENT, "an empty path");
}

/* The kernel gives up on ".." while anybody renames, or mounts, anything. */
static void test_disturbed(int dir)
{
	int wrong = 0;
	pid_t other;

	make_file(dir, "old", "");
	other = fork();
	for (; other == 0; renameat(dir, "new", dir, "old"))
		renameat(dir, "old", dir, "new");
	for (int i = 0; i < 50000; i++)
		wrong += open_error(dir, "dir/../plain") != 0;
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	is_int(wrong, 0, "'..' while something else is renamed");
}

static void test_elsewhere(void)
{
	AUTO_FD
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD
	int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY);

	is_int(open_error(root, "proc/version"), EXDEV, "another mount");
	is_int(open_error(dev, "null"), ENODEV, "a device");
	is_int(open_error(self, "exe"), ELOOP, "a magic link");
}

static void test_read(int dir)
{
	AUTO_FD
	int fd = open_regular_beneath(dir, "plain");
	AUTO_FD
	int empty = open_regular_beneath(dir, "empty");
	AUTO_FD
	int inner = openat(dir, "dir", O_RDONLY);
	char buf[16] = "";

	is_int(read_all(fd, buf, sizeof(buf)), 5, "a file is read");
	ok(memcmp(buf, "hello", 5) == 0, "and these are its bytes");
	lseek(fd, 0, SEEK_SET);
	is_int(read_all(fd, buf, 5), 5, "exactly as many as there is room");
	lseek(fd, 0, SEEK_SET);
	errno = 0;
	is_int(read_all(fd, buf, 4), -1, "one more than there is room");
	is_int(errno, EFBIG, "is too big");
	is_int(read_all(empty, buf, 0), 0, "nothing into no room");
	is_int(read_all(inner, buf, 4), -1, "a directory");
	is_int(errno, EISDIR, "cannot be read");
}

static void test_pipe(void)
{
	int ends[2];
	char buf[16];

	if (!ok(pipe(ends) == 0, "a pipe"))
		return;
	ok(write(ends[1], "abc", 3) == 3 && write(ends[1], "de", 2) == 2,
		"in two pieces");
	close(ends[1]);
	is_int(read_all(ends[0], buf, sizeof(buf)), 5, "is read to its end");
	close(ends[0]);
}

int main(void)
{
	char base[] = "/tmp/rootwright-file.XXXXXX";
	char cleanup[64];
	AUTO_FD
	int dir = -1;

	if (!mkdtemp(base))
		return 1;
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_open(dir, base);
	test_disturbed(dir);
	test_elsewhere();
	test_read(dir);
	test_pipe();
	snprintf(cleanup, sizeof(cleanup), "rm -rf %s", base);
	ok(system(cleanup) == 0, "cleaned up");
	return tap_done();
}
