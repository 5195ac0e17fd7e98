/* SPDX-License-Identifier: MIT */
/*
 * verity=require looks at an object when it is opened and at its data when
 * they are read. What the system cannot start without is therefore read
 * here, through the root that will be used, while refusing is still
 * possible.
 */
#include "boot/boot.h"

#include <limits.h>
#include <link.h>

#define LIST "/usr/lib/rootwright/preflight"
#define LIST_MAX 65536 /* bytes of the list */
#define INTERPRETER_MAX 256

/* Why a name that is there cannot be opened. */
static int cannot_open(const char *path, struct err *e)
{
	if (errno == ENOENT)
		return err_set(e, REASON_PREFLIGHT_MISSING,
			"preflight: %s: expected its object in the store, found none",
			path);
	return err_sys(e, REASON_PREFLIGHT_DAMAGED, errno,
		"preflight: %s: expected the object that the image names, found another or one without fs-verity",
		path);
}

/* Opens a path as the running system would, never leaving the root. */
static int open_in_root(int root, const char *path, struct err *e)
{
	AUTO_FD int name = open_how(root, path, O_PATH, RESOLVE_IN_ROOT);
	struct stat st;
	int fd;

	if (name < 0)
		return err_sys(e, REASON_PREFLIGHT_MISSING, errno,
			"preflight: %s: expected a file in the image, found none",
			path);
	if (fstat(name, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, REASON_PREFLIGHT_MISSING,
			"preflight: %s: expected a regular file, found something else",
			path);
	fd = open_how(root, path, O_RDONLY | O_NOCTTY, RESOLVE_IN_ROOT);
	return fd < 0 ? cannot_open(path, e) : fd;
}

static int read_file(
	struct preflight *p, int fd, const char *path, bool read, struct err *e)
{
	struct stat st;
	off_t at = read ? 0 : lseek(fd, 0, SEEK_END); /* of the object */

	watchdog_pet();
	if (read && read_through(fd, &at, watchdog_pet) != 0)
		return err_sys(e, REASON_PREFLIGHT_DAMAGED, errno,
			"preflight: %s: expected data that match its fs-verity digest, found others",
			path);
	/* The kernel compares digests, but not the image's size with it. */
	if (fstat(fd, &st) != 0 || at != st.st_size)
		return err_set(e, REASON_PREFLIGHT_DAMAGED,
			"preflight: %s: expected an object of the size that the image says, %lld bytes, found %lld",
			path, (long long)st.st_size, (long long)at);
	p->bytes += at;
	p->files++;
	return 0;
}

int preflight_entry(struct preflight *p, int dirfd, const char *path, bool read,
	struct err *e)
{
	AUTO_FD int fd = openat(dirfd, strrchr(path, '/') + 1,
		O_RDONLY | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? cannot_open(path, e) : read_file(p, fd, path, read, e);
}

static int check_file(
	struct preflight *p, int root, const char *path, struct err *e)
{
	AUTO_FD int fd = open_in_root(root, path, e);

	return fd < 0 ? -1 : read_file(p, fd, path, true, e);
}

/* The program after "#!" in a file's first characters, or false. */
static bool script_interpreter(int fd, char *out)
{
	char head[INTERPRETER_MAX + 1] = "";
	const char *s = head + 2;
	size_t n;

	if (pread(fd, head, sizeof(head) - 1, 0) < 0 || memcmp(head, "#!", 2))
		return false;
	s += strspn(s, " \t");
	n = strcspn(s, " \t\n");
	memcpy(out, s, n);
	out[n] = '\0';
	return n > 0;
}

/*
 * PT_INTERP of an ELF file of our own word size, or false: what is foreign
 * stands in the list that the builder wrote. The file is part of the
 * verified image; the bounds guard against builders' mistakes.
 */
static bool elf_interpreter(int fd, char *out)
{
	const int class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	ElfW(Ehdr) h;
	ElfW(Phdr) p;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) ||
		memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
		h.e_ident[EI_CLASS] != class)
		return false;
	for (unsigned i = 0; i < h.e_phnum && i < 128; i++) {
		if (pread(fd, &p, sizeof(p), h.e_phoff + i * sizeof(p)) !=
			sizeof(p))
			return false;
		if (p.p_type != PT_INTERP)
			continue;
		if (p.p_filesz < 2 || p.p_filesz > INTERPRETER_MAX ||
			pread(fd, out, p.p_filesz, p.p_offset) !=
				(ssize_t)p.p_filesz)
			return false;
		out[p.p_filesz - 1] = '\0';
		return true;
	}
	return false;
}

static int check_init(
	struct preflight *p, int root, const char *init, struct err *e)
{
	char interpreter[INTERPRETER_MAX];
	AUTO_FD int fd = open_in_root(root, init, e);
	struct stat st;

	if (fd < 0 || read_file(p, fd, init, true, e) != 0)
		return -1;
	if (fstat(fd, &st) != 0 || !(st.st_mode & 0111))
		return err_set(e, REASON_PREFLIGHT_MISSING,
			"preflight: %s: expected an executable file, found mode %04o",
			init, (unsigned)st.st_mode & 07777);
	if (!script_interpreter(fd, interpreter) &&
		!elf_interpreter(fd, interpreter))
		return 0;
	return check_file(p, root, interpreter, e);
}

/* The empty one is what follows the list's last newline. */
static int check_paths(struct preflight *p, int root, struct slice paths,
	char separator, struct err *e)
{
	char path[PATH_MAX];
	struct slice part;

	while (parts_next(&paths, separator, &part)) {
		snprintf(path, sizeof(path), "%.*s", (int)part.n, part.s);
		if (part.n && check_file(p, root, path, e) != 0)
			return -1;
	}
	return 0;
}

/* One path a line; written by rootwright build --for-boot. */
static int check_list(struct preflight *p, int root, struct err *e)
{
	static char list[LIST_MAX];
	AUTO_FD int probe = open_how(root, LIST, O_PATH, RESOLVE_IN_ROOT);
	AUTO_FD int fd = -1;
	ssize_t n;

	if (probe < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* the image, which is verified, has none */
	fd = open_in_root(root, LIST, e);
	if (fd < 0)
		return -1;
	n = read_all(fd, list, LIST_MAX);
	if (n < 0)
		return err_sys(e, REASON_PREFLIGHT_DAMAGED, errno,
			"preflight: " LIST ": cannot be read");
	p->files++;
	return check_paths(p, root, (struct slice){ list, n }, '\n', e);
}

/* What the hand-off moves its mounts to, and what an image must have. */
static int check_mountpoints(int root, const struct policy *p, struct err *e)
{
	static const char *const names[] = { "/proc", "/sys", "/dev", "/run",
		"/etc", "/var" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_FD int fd = open_how(root, names[i], O_PATH | O_DIRECTORY,
			RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

		/* The last two are trees, where they are kept. */
		if (fd < 0 && (i < 4 || p->keep[i - 3] > KEEP_TRANSIENT))
			return err_set(e, REASON_PREFLIGHT_MISSING,
				"preflight: %s: expected a directory in the image to mount on, found none",
				names[i]);
	}
	return 0;
}

int preflight_run(struct preflight *p, int root_fd, const struct policy *policy,
	struct slice paths, struct err *e)
{
	memset(p, 0, sizeof(*p));
	if (check_mountpoints(root_fd, policy, e) != 0)
		return -1;
	if (policy->objects == OBJECTS_LAZY)
		return 0;
	if (check_paths(p, root_fd, paths, ' ', e) != 0 ||
		check_init(p, root_fd, policy->init, e) != 0)
		return -1;
	return check_list(p, root_fd, e);
}
