/* SPDX-License-Identifier: MIT */
#include "tool/boot_record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"

#define FORMAT "rootwright-boot-1"

json_t *boot_record_load(const char *path, bool *private, struct err *e)
{
	static char text[BOOT_RECORD_MAX];
	AUTO_FD int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read_all(fd, text, sizeof(text));
	const char *format;
	json_error_t why;
	struct stat st;
	json_t *record;

	if (fd < 0 && errno == ENOENT) {
		err_set(e, REASON_FAILED,
			"%s: expected the record of a verified boot, found no file",
			path);
		err_hint(e,
			"rootwright-boot writes it in the initramfs: this system was booted otherwise");
		return NULL;
	}
	if (n < 0 || fstat(fd, &st) != 0) {
		err_sys(e, REASON_FAILED, errno, "%s: cannot be read", path);
		return NULL;
	}
	*private = st.st_uid == 0 && !(st.st_mode & 022);
	record = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	format = boot_record_string(record, NULL, "format");
	if (format && !strcmp(format, FORMAT))
		return record;
	if (record)
		err_set(e, REASON_FAILED,
			"%s: expected a record of format " FORMAT ", found %s",
			path, format ? format : "none");
	else
		err_set(e, REASON_FAILED, "%s: expected JSON, found: %s", path,
			why.text);
	json_decref(record);
	return NULL;
}

const json_t *boot_record_get(
	const json_t *record, const char *object, const char *key)
{
	if (object)
		record = json_object_get(record, object);
	return json_object_get(record, key);
}

const char *boot_record_string(
	const json_t *record, const char *object, const char *key)
{
	return json_string_value(boot_record_get(record, object, key));
}

bool boot_record_number(const json_t *record, const char *object,
	const char *key, uint64_t *value)
{
	const json_t *v = boot_record_get(record, object, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	*value = json_integer_value(v);
	return true;
}
