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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

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

/* What a system does that wants a writable /etc. */
static void tell_stack(void)
{
	int fd;

	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 ||
		mkdir("/tmp/upper", 0755) < 0 || mkdir("/tmp/work", 0755) < 0 ||
		mount("overlay", "/etc", "overlay", 0,
			"lowerdir=/etc,upperdir=/tmp/upper,workdir=/tmp/work") <
			0) {
		fprintf(out, "STACK /etc: not mounted: %s\n", strerror(errno));
		return;
	}
	fd = open("/etc/os-release", O_WRONLY | O_APPEND | O_CLOEXEC);
	fprintf(out, "STACK /etc: %s\n",
		fd >= 0 && write(fd, "A=b\n", 4) == 4 ? "written"
						      : strerror(errno));
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv, char **envp)
{
	int fd = open(WITNESS, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	out = fd < 0 ? stderr : fdopen(fd, "w");
	fprintf(out, "GUEST " RELEASE "\n");
	fprintf(out, "PID %d\n", (int)getpid());
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
	tell_write("/etc/probe");
	tell_stack();
	fprintf(out, "DONE now\n");
	fflush(out);
	tcdrain(fileno(out));
	reboot(RB_POWER_OFF);
	return 1;
}
