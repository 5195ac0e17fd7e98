/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/disk_layout.h"

/*
 * "Linux filesystem data". systemd-gpt-auto-generator, and what imitates it,
 * mounts partitions by type: root and /usr (of any architecture), ESP,
 * XBOOTLDR, swap, /home, /srv, /var, /var/tmp. This type is none of those,
 * so nothing mounts the store because it is there; a type of our own would
 * say no more and be shown as unknown by every tool.
 */
#define TYPE "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
#define SECTOR 512

static int fill(struct fdisk_context *c, struct fdisk_partition *p,
	const struct disk_ids *ids, const char *label)
{
	const struct fdisk_label *gpt = fdisk_get_label(c, "gpt");
	struct fdisk_parttype *type =
		fdisk_label_get_parttype_from_string(gpt, TYPE);
	uint64_t mib = fdisk_get_nsectors(c) / (DISK_MIB / SECTOR);
	int r = type ? 0 : -ENOMEM;

	if (!r)
		r = fdisk_partition_set_type(p, type);
	if (!r)
		r = fdisk_partition_set_start(p, DISK_MIB / SECTOR);
	if (!r)
		r = fdisk_partition_set_size(
			p, (mib - 2) * (DISK_MIB / SECTOR));
	if (!r)
		r = fdisk_partition_set_partno(p, 0);
	if (!r)
		r = fdisk_partition_set_name(p, label);
	if (!r)
		r = fdisk_partition_set_uuid(p, ids->partition);
	if (!r)
		r = fdisk_add_partition(c, p, NULL);
	fdisk_unref_parttype(type);
	return r;
}

int disk_gpt_write(int fd, const char *name, const struct disk_ids *ids,
	const char *label, struct err *e)
{
	struct fdisk_context *c = fdisk_new_context();
	struct fdisk_partition *p = fdisk_new_partition();
	int r = c && p ? fdisk_disable_dialogs(c, 1) : -ENOMEM;

	if (!r)
		r = fdisk_assign_device_by_fd(c, fd, name, 0);
	if (!r)
		r = fdisk_create_disklabel(c, "gpt");
	if (!r)
		r = fdisk_set_disklabel_id_from_string(c, ids->table);
	if (!r)
		r = fill(c, p, ids, label);
	if (!r)
		r = fdisk_write_disklabel(c);
	fdisk_unref_partition(p);
	fdisk_unref_context(c);
	if (r)
		return err_sys(e, REASON_FAILED, -r,
			"disk: %s: its partition table cannot be written",
			name);
	return 0;
}

static int list(struct fdisk_context *c, uint64_t *offsets, size_t max)
{
	struct fdisk_table *table = NULL;
	size_t i, n = 0;
	int r;

	if (!fdisk_has_label(c)) {
		offsets[0] = 0;
		return 1;
	}
	r = fdisk_get_partitions(c, &table);
	if (r)
		return r;
	for (i = 0; i < fdisk_table_get_nents(table) && n < max; i++) {
		struct fdisk_partition *p = fdisk_table_get_partition(table, i);

		if (fdisk_partition_has_start(p))
			offsets[n++] = fdisk_partition_get_start(p) *
				       fdisk_get_sector_size(c);
	}
	fdisk_unref_table(table);
	return n;
}

int disk_partitions(
	int fd, const char *name, uint64_t *offsets, size_t max, struct err *e)
{
	struct fdisk_context *c = fdisk_new_context();
	int r = c ? fdisk_disable_dialogs(c, 1) : -ENOMEM;

	if (!r)
		r = fdisk_assign_device_by_fd(c, fd, name, 1);
	if (!r)
		r = list(c, offsets, max);
	fdisk_unref_context(c);
	if (r < 0)
		return err_sys(e, REASON_FAILED, -r,
			"%s: its partition table cannot be read", name);
	return r;
}
