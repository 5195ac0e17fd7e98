/* SPDX-License-Identifier: MIT */
/*
 * The init of the tests' verified root: tells on the second serial port what
 * it sees from inside, then powers off. Its first line, GUEST, is the proof
 * that a process of the new root ran; in a refused boot it must not be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Exit codes of "init euid". */
enum {
	EUID_ROOT = 40,
	EUID_OTHER,
	EUID_NEITHER
};

static FILE *out;

static void tell_lines(const char *word, const char *file, const char *match)
{
	FILE *f = fopen(file, "re");
	char line[4096];

	if (!f) {
		fprintf(out, "%s-ERROR %s: %s\n", word, file, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), f))
		if (strstr(line, match))
			fprintf(out, "%s %s%s", word, line,
				strchr(line, '\n') ? "" : "\n");
	fclose(f);
}

static void tell_log(void)
{
	static char log[1 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);

	for (char *line = strtok(n > 0 ? log : NULL, "\n"); line;
		line = strtok(NULL, "\n"))
		if (strstr(line, "rootwright-boot:"))
			fprintf(out, "LOG %s\n", line);
		else if (strstr(line, "Run /init") || strstr(line, "guest: "))
			fprintf(out, "STAMP %s\n", line);
}

/* When it was that we began, by the kernel's clock (bench/initramfs). */
static void stamp(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	dprintf(fd, "<7>guest: first line of init\n");
	close(fd);
}

static void tell_read(const char *path)
{
	static char bytes[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0)
		n = read(fd, bytes, sizeof(bytes));
	fprintf(out, "READ %s: %s\n", path, n < 0 ? strerror(errno) : "whole");
	if (fd >= 0)
		close(fd);
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

/* Where reading would say EIO, touching a mapping kills. */
static void tell_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	volatile const char *map = MAP_FAILED;
	const char *how = strerror(errno);

	if (size > 0)
		map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map != MAP_FAILED && sigsetjmp(fault, 1) == 0) {
		for (off_t at = 0; at < size; at += 4096)
			(void)map[at];
		how = "whole";
	} else if (map != MAP_FAILED) {
		how = "Bus error";
	}
	fprintf(out, "MAP %s: %s\n", path, how);
	if (fd >= 0)
		close(fd);
}

static void tell_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	fprintf(out, "WRITE %s: %s\n", path, fd < 0 ? strerror(errno) : "done");
	if (fd >= 0)
		close(fd);
}

/* No kernel of the tests has SELinux on: a label is an attribute to it. */
static void tell_label(const char *path)
{
	char label[256] = "";

	if (getxattr(path, "security.selinux", label, sizeof(label) - 1) < 0)
		fprintf(out, "LABEL %s: %s\n", path, strerror(errno));
	else
		fprintf(out, "LABEL %s: %s\n", path, label);
}

/* What a system does that has containers. */
static void tell_stack(void)
{
	int fd;

	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 ||
		mkdir("/tmp/upper", 0755) < 0 || mkdir("/tmp/work", 0755) < 0 ||
		mount("overlay", "/data", "overlay", 0,
			"lowerdir=/data,upperdir=/tmp/upper,workdir=/tmp/work") <
			0) {
		fprintf(out, "STACK /data: not mounted: %s\n", strerror(errno));
		return;
	}
	fd = open("/data/fine", O_WRONLY | O_APPEND | O_CLOEXEC);
	fprintf(out, "STACK /data: %s\n",
		fd >= 0 && write(fd, "A=b\n", 4) == 4 ? "written"
						      : strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* What a file begins with, and that it can be asked for by its name. */
static void tell_file(const char *path)
{
	char line[64] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		snprintf(line, sizeof(line), "%s", strerror(errno));
	line[strcspn(line, "\n")] = '\0';
	fprintf(out, "FILE %s: %s\n", path, line);
	if (fd >= 0)
		close(fd);
}

/* What a boot leaves for the next one. */
static void leave(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0) {
		if (write(fd, "left\n", 5) < 5)
			fprintf(out, "LEAVE %s: %s\n", path, strerror(errno));
		fsync(fd);
		close(fd);
	}
}

/* As a system that logs for too long: where a file says so, to the end. */
static void fill(const char *path)
{
	static char zeros[65536];
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	size_t n = sizeof(zeros);

	if (fd < 0)
		return;
	while (n)
		if (write(fd, zeros, n) <= 0 || fsync(fd) != 0)
			n /= 2;
	fprintf(out, "FILLED %s: %s\n", path, strerror(errno));
	close(fd);
}

/* Is a program that is root's and setuid run as root? */
static void tell_setuid(const char *path)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (setuid(1000) == 0)
			execl(path, path, "euid", (char *)NULL);
		_exit(EUID_NEITHER);
	}
	waitpid(child, &status, 0);
	fprintf(out, "SETUID %s: %s\n", path,
		WEXITSTATUS(status) == EUID_ROOT    ? "root"
		: WEXITSTATUS(status) == EUID_OTHER ? "not root"
						    : "not run");
}

/* The trees that may be written. */
static void tell_writable(void)
{
	static const char *const files[] = { "/etc/machine-id", "/etc/hosts",
		"/etc/dir/below", "/etc/redirected/below", "/etc/metacopied",
		"/etc/node", "/etc/added", "/var/node", "/var/kept",
		"/opt/app/hello" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tell_file(files[i]);
	tell_setuid("/etc/setuid");
	tell_setuid("/var/setuid");
	fill("/var/fill");
	leave("/etc/machine-id");
	leave("/etc/added");
	leave("/var/kept");
}

/* Has all of a root one st_dev, and each file a number of its own? */
static void tell_inodes(void)
{
	static const char *const files[] = { "/data", "/data/victim",
		"/data/fine", "/opt/app", "/opt/app/hello" };
	struct stat root, st;
	ino_t seen[8];
	size_t n = 0;

	stat("/", &root);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		bool again = false;

		if (stat(files[i], &st) != 0)
			continue;
		for (size_t k = 0; k < n; k++)
			again |= seen[k] == st.st_ino;
		seen[n++] = st.st_ino;
		fprintf(out, "INODE %s: %s, %s\n", files[i],
			st.st_dev == root.st_dev ? "the root's device"
						 : "another device",
			again ? "a number twice" : "its own number");
	}
}

int main(int argc, char **argv, char **envp)
{
	int fd;

	if (argc == 2 && !strcmp(argv[1], "euid"))
		return geteuid() == 0 ? EUID_ROOT : EUID_OTHER;
	fd = open(WITNESS, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	out = fd < 0 ? stderr : fdopen(fd, "w");
	stamp();
	fprintf(out, "GUEST " RELEASE "\n");
	fprintf(out, "PID %d\n", (int)getpid());
	fprintf(out, "CLOCK %lld\n", (long long)time(NULL));
	for (int i = 0; i < argc; i++)
		fprintf(out, "ARG %s\n", argv[i]);
	for (; *envp; envp++)
		fprintf(out, "ENV %s\n", *envp);
	for (fd = 0; fd < 64; fd++)
		if (fd != fileno(out) && fcntl(fd, F_GETFD) >= 0)
			fprintf(out, "FD %d\n", fd);
	tell_lines("ROOTMOUNT", "/proc/self/mountinfo", "");
	tell_lines("RECORD", "/run/rootwright/boot.json", "");
	tell_log();
	tell_read("/data/victim");
	tell_read("/data/fine");
	signal(SIGBUS, on_fault);
	tell_map("/data/victim");
	tell_map("/data/fine");
	tell_write("/probe");
	tell_writable();
	tell_write("/etc/probe");
	tell_write("/var/probe");
	tell_inodes();
	tell_label("/");
	tell_label("/etc");
	tell_label("/etc/dir");
	tell_label("/var");
	tell_stack();
	fprintf(out, "DONE now\n");
	fflush(out);
	tcdrain(fileno(out));
	reboot(RB_POWER_OFF);
	return 1;
}
