/* SPDX-License-Identifier: MIT */
/*
 * rootwright-guard: stands around systemd, dracut's own scripts or those of
 * initramfs-tools in an initramfs that was not made for rootwright alone. Part
 * of the trusted path.
 *
 * Promises: nothing in the initramfs gets to see the kernel command line but
 * rootwright-boot, which may; so no word of it (rd.break, rd.shell, root=,
 * systemd.unit=, ...) opens a shell, asks a person or mounts a root. Nothing
 * is switched to but the root that rootwright-boot attached. What else happens
 * ends in the policy's failure action, and so does an initramfs that hangs.
 *
 * It is /init, and the rest of what it may be called:
 *	/init              as PID 1: puts a command line of its own over
 *	                   /proc/cmdline and executes the real init
 *	... boot           runs rootwright-boot where the real one is seen
 *	... switch-root    checks /sysroot, takes the mask away, hands over
 *	/sbin/switch_root  the same, for an init of scripts, which is PID 1
 *	anything else      is what a shell would have been: fails
 *
 * rdinit= may name any program, so the initramfs has only two that can run
 * before this one says so: this one and rootwright-boot. All others need the
 * dynamic loader, which has no execute permission until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mount.h>

#define DIR "/usr/lib/rootwright/"
#define CMDLINE "/proc/cmdline"
#define CMDLINE_MAX 65536 /* the kernel's is 2048 on x86, 4096 at most */
#define ATTACHED "/run/rootwright/sysroot"
#define CREDENTIALS "/run/credentials/@system"

/* What the initramfs shall know in place of the real command line. */
static const char given[] = "rd.shell=0"
			    " systemd.import_credentials=no";

/*
 * These ask for a shell. Nobody would see them, but who gives them shall know;
 * with no other value than the one after the "=", if there is one.
 */
static const char refused[] =
	"break\nrd.break\nrdbreak\nrd.shell\nrdshell\nrd.cmdline\nrd.emergency\n"
	"rd.rescue\nrd.systemd.unit\nrd.systemd.debug_shell\n"
	"rd.systemd.debug-shell\nrd.systemd.break\nSYSTEMD_SULOGIN_FORCE\n";
static const char harmless[] =
	"rd.shell=0\nrd.emergency=reboot\nrd.emergency=poweroff\n"
	"rd.emergency=halt\n";

/* The whole file, ended with a NUL; less than size bytes, or "". */
static const char *read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r = -1;

	while (fd >= 0 && n < size - 1 &&
		(r = read(fd, buf + n, size - 1 - n)) > 0)
		n += r;
	if (fd >= 0)
		close(fd);
	buf[r == 0 ? n : 0] = '\0';
	return buf;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);
	ssize_t n = strlen(text);
	int ok = fd >= 0 && write(fd, text, n) == n;

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

/* The policy's action and delay, as the builder of the initramfs noted them. */
static unsigned policy_action(char action[20])
{
	unsigned delay = 10;
	char text[40];

	strcpy(action, "reboot");
	sscanf(read_text(DIR "on_failure", text, sizeof(text)), "%19s %u",
		action, &delay);
	return delay;
}

/* The end of every way that does not lead to the verified root. */
static _Noreturn __attribute__((format(printf, 1, 2))) void fail(
	const char *fmt, ...)
{
	char line[600], action[20];
	unsigned delay = policy_action(action);
	va_list ap;
	int n, fd;

	n = snprintf(line, sizeof(line), "<2>rootwright-guard: ");
	va_start(ap, fmt);
	vsnprintf(line + n, 400, fmt, ap);
	va_end(ap);
	n = strlen(line);
	snprintf(line + n, sizeof(line) - n, ": %s in %u s\n", action, delay);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fd = 2;
	dprintf(fd, "%s", line);
	while (delay > 0)
		delay = sleep(delay);
	sync();
	reboot(action[0] == 'p'	   ? RB_POWER_OFF
		: action[0] == 'h' ? RB_HALT_SYSTEM
				   : RB_AUTOBOOT);
	for (;;)
		pause();
}

/* Does the list, one a line, have the first n characters of this word? */
static int listed(const char *list, const char *word, size_t n)
{
	for (; *list; list += strcspn(list, "\n"), list += *list == '\n')
		if (strcspn(list, "\n") == n && !strncmp(list, word, n))
			return 1;
	return 0;
}

/* May the initramfs see this word of the kernel command line? */
static int allowed(const char *list, const char *word)
{
	size_t key = strcspn(word, "=");

	if (listed(refused, word, key) && !listed(harmless, word, strlen(word)))
		fail("command line: %.60s: there is no shell in this initramfs",
			word);
	return !strpbrk(word, "\"'\\") && listed(list, word, key);
}

/* Puts a command line of ours where everybody looks for the kernel's. */
static void mask_cmdline(void)
{
	static char real[CMDLINE_MAX], list[4096], mask[CMDLINE_MAX + 200];
	char *save = NULL, *word, action[20];
	size_t n;

	/* dracut's scripts know a failure action, too. */
	policy_action(action);
	n = snprintf(mask, sizeof(mask), "%s rd.emergency=%s", given, action);
	read_text(CMDLINE, real, sizeof(real));
	read_text(DIR "arguments", list, sizeof(list));
	for (word = strtok_r(real, " \t\n", &save); word;
		word = strtok_r(NULL, " \t\n", &save))
		if (allowed(list, word))
			n += snprintf(mask + n, sizeof(mask) - n, " %s", word);
	snprintf(mask + n, sizeof(mask) - n, "\n");
	unlink(DIR "cmdline");
	if (write_text(DIR "cmdline", mask) != 0 ||
		chmod(DIR "cmdline", 0444) != 0 ||
		mount(DIR "cmdline", CMDLINE, NULL, MS_BIND, NULL) != 0)
		fail("%s: cannot be masked: %s", CMDLINE, strerror(errno));
}

/*
 * A unit may hang, or the one that switches the root be masked: systemd has no
 * end for that, and nobody may be there. This process has, until PID 1 has
 * another root.
 */
static _Noreturn void wait_for_switch(int pid1, unsigned seconds)
{
	struct stat here, there;

	setsid();
	prctl(PR_SET_NAME, "rootwright-end");
	for (unsigned n = 0; n < seconds; n++) {
		sleep(1);
		if (stat("/", &here) == 0 &&
			fstatat(pid1, "root/.", &there, 0) == 0 &&
			(here.st_dev != there.st_dev ||
				here.st_ino != there.st_ino))
			_exit(0);
	}
	fail("initramfs: expected the switch to the verified root within %u s, found none",
		seconds);
}

static void set_deadline(void)
{
	unsigned seconds = 0;
	char text[40];
	int pid1 = open("/proc/1", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = -1;

	sscanf(read_text(DIR "deadline", text, sizeof(text)), "%u", &seconds);
	if (pid1 >= 0 && seconds > 0 && (pid = fork()) == 0)
		wait_for_switch(pid1, seconds);
	if (seconds > 0 && pid < 0)
		fail("initramfs: cannot be given a deadline: %s",
			strerror(errno));
	if (pid1 >= 0)
		close(pid1);
}

/*
 * systemd imports credentials (units, mounts, passwords) from firmware,
 * hypervisor and command line, in the initramfs, and where it did not, in the
 * system; unless its environment says that this has been done.
 */
static void no_credentials(void)
{
	mkdir("/run", 0755);
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=0755,size=20%,nr_inodes=800k") != 0 ||
		mkdir("/run/credentials", 0755) != 0 ||
		mkdir(CREDENTIALS, 0700) != 0)
		fail("%s: cannot be made: %s", CREDENTIALS, strerror(errno));
}

static _Noreturn void start_init(void)
{
	static char init[] = "/sbin/init", home[] = "HOME=/";
	static char term[] = "TERM=linux";
	/* systemd takes words from an EFI variable, too: not here. */
	static char efi[] = "SYSTEMD_EFI_OPTIONS=";
	char *const argv[] = { init, NULL };
	static char credentials[] = "CREDENTIALS_DIRECTORY=" CREDENTIALS;
	char *const envp[] = { home, term, efi, credentials, NULL };

	umask(022);
	mkdir("/proc", 0555);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    NULL) != 0)
		fail("/proc: cannot be mounted: %s", strerror(errno));
	/* The command line can set this: a program for every crash. */
	if (write_text("/proc/sys/kernel/core_pattern", "core") != 0)
		fail("core_pattern: cannot be set: %s", strerror(errno));
	mask_cmdline();
	no_credentials();
	set_deadline();
	if (chmod(DIR "loader", 0755) != 0)
		fail("%sloader: %s", DIR, strerror(errno));
	execve(DIR "init", argv, envp);
	fail("%sinit: cannot be executed: %s", DIR, strerror(errno));
}

/* Runs rootwright-boot; comes back only when it has attached a root. */
static void run_boot(void)
{
	static char boot[] = "/usr/bin/rootwright-boot";
	char *const argv[] = { boot, NULL }, *const envp[] = { NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execve(boot, argv, envp);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("%s: cannot be run: %s", boot, strerror(errno));
	if (WIFSIGNALED(status))
		fail("%s: killed by signal %d", boot, WTERMSIG(status));
	if (status != 0)
		fail("%s: exit status %d", boot, WEXITSTATUS(status));
}

/* Which mount /sysroot is: device and inode of what is seen there. */
static void identity(char *text, size_t size)
{
	struct stat st;

	if (stat("/sysroot", &st) != 0)
		fail("/sysroot: %s", strerror(errno));
	snprintf(text, size, "%llu %llu\n", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
}

/*
 * In a mount namespace where the mask is gone, for us alone; what
 * rootwright-boot attaches there is then carried out of it.
 */
static int attach(void)
{
	int outer = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), fd;
	char before[64], inside[64], after[64];

	identity(before, sizeof(before));
	if (outer < 0 || unshare(CLONE_NEWNS) != 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		umount2(CMDLINE, MNT_DETACH) != 0)
		fail("%s: cannot be unmasked: %s", CMDLINE, strerror(errno));
	run_boot();
	identity(inside, sizeof(inside));
	fd = syscall(SYS_open_tree, AT_FDCWD, "/sysroot",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0 || setns(outer, CLONE_NEWNS) != 0)
		fail("/sysroot: cannot be carried out: %s", strerror(errno));
	identity(after, sizeof(after));
	if (!strcmp(before, inside))
		fail("/sysroot: expected the verified root, found that none was attached");
	if (strcmp(before, after))
		fail("/sysroot: expected no other mount, found one");
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, "/sysroot",
		    MOVE_MOUNT_F_EMPTY_PATH) != 0 ||
		write_text(ATTACHED, inside) != 0)
		fail("/sysroot: cannot be attached: %s", strerror(errno));
	return 0;
}

static _Noreturn void switch_root(int pid1)
{
	static char systemctl[] = "/usr/bin/systemctl", block[] = "--no-block";
	static char verb[] = "switch-root", root[] = "/sysroot";
	static char real[] = DIR "switch_root";
	char was[64], is[64], init[4096];
	char *const with_systemd[] = { systemctl, block, verb, root, init,
		NULL };
	char *const alone[] = { real, root, init, NULL };

	identity(is, sizeof(is));
	if (strcmp(read_text(ATTACHED, was, sizeof(was)), is))
		fail("/sysroot: expected the verified root, found %s",
			was[0] ? "something else" : "that none was attached");
	read_text("/run/rootwright/init", init, sizeof(init));
	init[strcspn(init, "\n")] = '\0';
	if (init[0] != '/' || umount2(CMDLINE, MNT_DETACH) != 0)
		fail("%s: cannot be unmasked", CMDLINE);
	/* dracut's scripts have thrown it away. */
	setenv("CREDENTIALS_DIRECTORY", CREDENTIALS, 1);
	if (pid1)
		execv(real, alone);
	else
		execv(systemctl, with_systemd);
	fail("switch-root: cannot be executed: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : "";
	struct statfs fs;

	/* A person who types our name on a running system loses nothing. */
	if (statfs("/", &fs) != 0 ||
		(fs.f_type != RAMFS_MAGIC && fs.f_type != TMPFS_MAGIC)) {
		fprintf(stderr,
			"rootwright-guard: /: expected the root of an initramfs, found a running system\n");
		return 1;
	}
	if (getpid() == 1 && !strcmp(name, "init"))
		start_init();
	if (getpid() == 1 && !strcmp(name, "switch_root"))
		switch_root(1);
	if (argc == 2 && !strcmp(argv[1], "boot"))
		return attach();
	if (argc == 2 && !strcmp(argv[1], "switch-root"))
		switch_root(0);
	if (argc == 2 && !strcmp(argv[1], "failure"))
		fail("something failed, see above, or asked for a shell");
	fail("%.60s: there is no shell in this initramfs", name);
}
