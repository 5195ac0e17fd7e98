/* SPDX-License-Identifier: MIT */
#include "core/policy.h"

#include <stdlib.h>

#include "tap.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B(s) "policy: b.conf:" s

static struct policy p;
static struct err e;

static int parse(const char *text, size_t n)
{
	char *copy = malloc(n + 1); /* so that ASan sees a read over */
	int r;

	memcpy(copy, text, n);
	copy[n] = '\0';
	memset(&p, 0xff, sizeof(p));
	memset(&e, 0, sizeof(e));
	r = policy_parse(&p, "b.conf", copy, n, &e);
	free(copy);
	return r;
}

static void check_defaults(void)
{
	policy_defaults(&p);
	ok(!p.present && p.trust == TRUST_UNSET && !p.store[0] &&
			!p.store_noreplay && !p.image.size &&
			!p.allow_unverified,
		"what is not set");
	is_str(p.store_fstype, "ext4", "store_fstype");
	is_str(p.store_path, "/composefs", "store_path");
	is_str(p.init, "/sbin/init", "init");
	is_int(p.timeout, 30, "timeout");
	is_int(p.on_failure, FAILURE_REBOOT, "on_failure");
	is_int(p.failure_delay, 10, "failure_delay");
	is_int(parse("", 0), 0, "an empty boot.conf parses");
	ok(p.present && p.trust == TRUST_UNSET && p.timeout == 30,
		"and leaves the defaults, but trust is still to be asked for");
}

static void check_all_keys(void)
{
	static const char text[] = "# a comment, caf\xc3\xa9\n"
				   "\n"
				   " \t \n"
				   "\ttrust=digest+signature \n"
				   "store=LABEL=my = store # 1\n"
				   "store_fstype=btrfs\n"
				   "store_path=/a/b..c/.d\n"
				   "store_noreplay=yes\n"
				   "image=" D64 D64 "\n"
				   "allow_unverified=no\n"
				   "init=/usr/lib/my init\n"
				   "timeout=3600\n"
				   "on_failure=halt\n"
				   "  # another\n"
				   "failure_delay=0";
	static const char good[] =
		"trust=signature\nstore=LABEL=my = store\n"
		"store_fstype=btrfs\nstore_path=/a/b..c/.d\n"
		"store_noreplay=yes\nimage=" D64 D64 "\nallow_unverified=no\n"
		"init=/usr/lib/my init\n\ttimeout=3600 \t\n"
		" # caf\xc3\xa9\n \t \non_failure=halt\nfailure_delay=0";

	is_int(parse(text, sizeof(text) - 1), -1,
		"a comment after a value is refused");
	is_int(parse(good, sizeof(good) - 1), 0, "every key: %s", e.text);
	is_int(p.trust, TRUST_SIGNATURE, "trust");
	is_str(p.store, "LABEL=my = store", "store");
	is_str(p.store_fstype, "btrfs", "store_fstype");
	is_str(p.store_path, "/a/b..c/.d", "store_path");
	ok(p.store_noreplay, "store_noreplay");
	ok(p.image.size && p.image.algorithm == HASH_SHA512 &&
			p.image.size == 64 && p.image.bytes[63] == 0xef,
		"image");
	ok(!p.allow_unverified, "allow_unverified");
	is_str(p.init, "/usr/lib/my init", "init");
	is_int(p.timeout, 3600, "timeout");
	is_int(p.on_failure, FAILURE_HALT, "on_failure");
	is_int(p.failure_delay, 0, "failure_delay");
}

static const struct {
	const char *line, *text;
} accepted[] = {
	{ "trust=digest", "trust digest" },
	{ "trust=digest+signature", "trust digest+signature" },
	{ "on_failure=reboot", "on_failure reboot" },
	{ "on_failure=poweroff", "on_failure poweroff" },
	{ "store_fstype=f2fs", "f2fs" },
	{ "store_path=/", "the file system's own root" },
	{ "store=/dev/disk/by-path/pci-0000:00:04.0", "a long device path" },
	{ "store=UUID=01234567-89ab-cdef-0123-456789abcdef", "a UUID" },
	{ "store=PARTUUID=01234567-89AB-CDEF-0123-456789ABCDEF",
		"a PARTUUID in upper case" },
	{ "store=PARTLABEL=a b", "a PARTLABEL" },
	{ "image_file=/image", "an image in the initramfs" },
	{ "timeout=1", "the shortest timeout" },
	{ "image=" D64, "a SHA-256 digest" },
	{ "release=demo", "a release's name" },
	{ "threshold=16", "a threshold" },
	{ "tries=0", "any number of tries" },
	{ "rollback_floor=18446744073709551615", "the highest floor" },
	{ "trust=digest\n", "a newline at the end" },
};

static const struct {
	const char *line, *text;
} refused[] = {
	{ "release=Demo",
		B("1: release: expected 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit, found 'Demo' (4 characters)") },
	{ "threshold=0",
		B("1: threshold: expected a number from 1 to 16, found '0' (1 characters)") },
	{ "threshold=17",
		B("1: threshold: expected a number from 1 to 16, found '17' (2 characters)") },
	{ "tries=100",
		B("1: tries: expected a number from 0 to 99, found '100' (3 characters)") },
	{ "rollback_floor=01",
		B("1: rollback_floor: expected a number below 2^64 without a leading zero, found '01' (2 characters)") },
	{ "version=1",
		B("1: expected a key of rootwright-boot.conf(5), found 'version'") },
	{ "nonsense", B("1: expected key=value, found 'nonsense'") },
	{ "\n# x\n nonsense\n", B("3: expected key=value, found 'nonsense'") },
	{ "tru=digest",
		B("1: expected a key of rootwright-boot.conf(5), found 'tru'") },
	{ "trustx=digest",
		B("1: expected a key of rootwright-boot.conf(5), found 'trustx'") },
	{ "Trust=digest",
		B("1: expected a key of rootwright-boot.conf(5), found 'Trust'") },
	{ "trust =digest",
		B("1: expected a key of rootwright-boot.conf(5), found 'trust '") },
	{ "=digest",
		B("1: expected a key of rootwright-boot.conf(5), found ''") },
	{ "\xef\xbb\xbftrust=digest",
		B("1: expected a key of rootwright-boot.conf(5), found '\xef\xbb\xbftrust'") },
	{ "trust=digest\ntrust=digest",
		B("2: expected trust= once, found it again: it is set in line 1") },
	{ "timeout=5\n\ntimeout=6",
		B("3: expected timeout= once, found it again: it is set in line 1") },
	{ "trust=",
		B("1: trust: expected digest, signature, digest+signature or release, found '' (0 characters)") },
	{ "trust= digest",
		B("1: trust: expected digest, signature, digest+signature or release, found ' digest' (7 characters)") },
	{ "trust=none",
		B("1: trust: expected digest, signature, digest+signature or release, found 'none' (4 characters)") },
	{ "trust=Digest",
		B("1: trust: expected digest, signature, digest+signature or release, found 'Digest' (6 characters)") },
	{ "trust=\"digest\"",
		B("1: trust: expected neither quotes nor a comment after the value, found '\"digest\"' (8 characters)") },
	{ "trust=digest # why",
		B("1: trust: expected neither quotes nor a comment after the value, found 'digest # why' (12 characters)") },
	{ "trust=digest\r\n",
		B("1: trust: expected printable ASCII characters only, found 'digest?' (7 characters)") },
	{ "store=LABEL=\xc3\xa4",
		B("1: store: expected printable ASCII characters only, found 'LABEL=\xc3\xa4' (8 characters)") },
	{ "store=LABEL=",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'LABEL=' (6 characters)") },
	{ "store=label=x",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'label=x' (7 characters)") },
	{ "store=vda1",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'vda1' (4 characters)") },
	{ "store=/dev/",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found '/dev/' (5 characters)") },
	{ "store=/dev/../x",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found '/dev/../x' (9 characters)") },
	{ "store=/mnt/x",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found '/mnt/x' (6 characters)") },
	{ "store=PARTLABEL=",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'PARTLABEL=' (10 characters)") },
	{ "store=UUID=",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'UUID=' (5 characters)") },
	{ "store=PARTUUID=1234",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'PARTUUID=1234' (13 characters)") },
	{ "store=UUID=01234567-89ab-cdef-0123-456789abcde", B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'UUID=01234567-89ab-cdef-0123-456789abcde' (40 characters)") },
	{ "store=UUID=01234567-89ab-cdef-0123-456789abcdef0",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'UUID=01234567-89ab-cdef-0123-456789abcdef0' (42 characters)") },
	{ "store=UUID=01234567_89ab_cdef_0123_456789abcdef",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'UUID=01234567_89ab_cdef_0123_456789abcdef' (41 characters)") },
	{ "store=UUID=01234567-g9ab-cdef-0123-4567g9abcdef",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'UUID=01234567-g9ab-cdef-0123-4567g9abcdef' (41 characters)") },
	{ "store=PARTUUID=01234567-01",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'PARTUUID=01234567-01' (20 characters)") },
	{ "store=uuid=01234567-89ab-cdef-0123-456789abcdef",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'uuid=01234567-89ab-cdef-0123-456789abcdef' (41 characters)") },
	{ "store=ID=01234567-89ab-cdef-0123-456789abcdef",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'ID=01234567-89ab-cdef-0123-456789abcdef' (39 characters)") },
	{ "store=LABEL",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'LABEL' (5 characters)") },
	{ "store=XLABEL=x",
		B("1: store: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'XLABEL=x' (8 characters)") },
	{ "image_max=0",
		B("1: image_max: expected a number of bytes, with K, M or G, found '0' (1 characters)") },
	{ "image_max=K",
		B("1: image_max: expected a number of bytes, with K, M or G, found 'K' (1 characters)") },
	{ "image_max=010",
		B("1: image_max: expected a number of bytes, with K, M or G, found '010' (3 characters)") },
	{ "image_max=1T",
		B("1: image_max: expected a number of bytes, with K, M or G, found '1T' (2 characters)") },
	{ "image_max=1k",
		B("1: image_max: expected a number of bytes, with K, M or G, found '1k' (2 characters)") },
	{ "image_max=1KB",
		B("1: image_max: expected a number of bytes, with K, M or G, found '1KB' (3 characters)") },
	{ "image_max=1 K",
		B("1: image_max: expected a number of bytes, with K, M or G, found '1 K' (3 characters)") },
	{ "image_max=-1",
		B("1: image_max: expected a number of bytes, with K, M or G, found '-1' (2 characters)") },
	{ "image_max=99999999999",
		B("1: image_max: expected a number of bytes, with K, M or G, found '99999999999' (11 characters)") },
	{ "image_max=18446744073709551617",
		B("1: image_max: expected a number of bytes, with K, M or G, found '18446744073709551617' (20 characters)") },
	{ "image_max=1.5G",
		B("1: image_max: expected a number of bytes, with K, M or G, found '1.5G' (4 characters)") },
	{ "image_file=image",
		B("1: image_file: expected an absolute path without . or .. or //, found 'image' (5 characters)") },
	{ "store_fstype=xfs",
		B("1: store_fstype: expected ext4, btrfs or f2fs, found 'xfs' (3 characters)") },
	{ "store_fstype=vfat",
		B("1: store_fstype: expected ext4, btrfs or f2fs, found 'vfat' (4 characters)") },
	{ "store_path=composefs",
		B("1: store_path: expected an absolute path without . or .. or //, found 'composefs' (9 characters)") },
	{ "store_path=/a/../b",
		B("1: store_path: expected an absolute path without . or .. or //, found '/a/../b' (7 characters)") },
	{ "store_path=/a/.",
		B("1: store_path: expected an absolute path without . or .. or //, found '/a/.' (4 characters)") },
	{ "store_path=//a",
		B("1: store_path: expected an absolute path without . or .. or //, found '//a' (3 characters)") },
	{ "store_path=/a/",
		B("1: store_path: expected an absolute path without . or .. or //, found '/a/' (3 characters)") },
	{ "store_noreplay=1",
		B("1: store_noreplay: expected yes or no, found '1' (1 characters)") },
	{ "allow_unverified=YES",
		B("1: allow_unverified: expected yes or no, found 'YES' (3 characters)") },
	{ "image=",
		B("1: image: expected 64 or 128 lower-case hex digits, found '' (0 characters)") },
	{ "image=0123",
		B("1: image: expected 64 or 128 lower-case hex digits, found '0123' (4 characters)") },
	{ "image=?" D64,
		B("1: image: expected 64 or 128 lower-case hex digits, found '?" D64
		  "' (65 characters)") },
	{ "init=sbin/init",
		B("1: init: expected an absolute path without . or .. or //, found 'sbin/init' (9 characters)") },
	{ "timeout=0",
		B("1: timeout: expected whole seconds from 1 to 3600, found '0' (1 characters)") },
	{ "timeout=3601",
		B("1: timeout: expected whole seconds from 1 to 3600, found '3601' (4 characters)") },
	{ "timeout=010",
		B("1: timeout: expected whole seconds from 1 to 3600, found '010' (3 characters)") },
	{ "timeout=-1",
		B("1: timeout: expected whole seconds from 1 to 3600, found '-1' (2 characters)") },
	{ "timeout=30s",
		B("1: timeout: expected whole seconds from 1 to 3600, found '30s' (3 characters)") },
	{ "timeout=4294967297",
		B("1: timeout: expected whole seconds from 1 to 3600, found '4294967297' (10 characters)") },
	{ "objects=all",
		B("1: objects: expected lazy, preflight, measure or read, found 'all' (3 characters)") },
	{ "objects_timeout=0",
		B("1: objects_timeout: expected whole seconds from 1 to 3600, found '0' (1 characters)") },
	{ "failure_delay=3601",
		B("1: failure_delay: expected whole seconds from 0 to 3600, found '3601' (4 characters)") },
	{ "failure_delay=00",
		B("1: failure_delay: expected whole seconds from 0 to 3600, found '00' (2 characters)") },
	{ "on_failure=shell",
		B("1: on_failure: expected reboot, poweroff or halt, found 'shell' (5 characters)") },
};

static void check_tables(void)
{
	size_t i;

	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		is_int(parse(accepted[i].line, strlen(accepted[i].line)), 0,
			"accepted: %s", accepted[i].text);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int got = parse(refused[i].line, strlen(refused[i].line));

		ok(got == -1 && e.reason == REASON_POLICY_INVALID,
			"refused: case %zu", i);
		is_str(e.text, refused[i].text, "its sentence");
	}
}

static void check_image_max(void)
{
	static const struct {
		const char *line;
		unsigned long long bytes;
	} sizes[] = {
		{ "image_max=1", 1 },
		{ "image_max=4095", 4095 },
		{ "image_max=64K", 64 << 10 },
		{ "image_max=20M", 20 << 20 },
		{ "image_max=4G", 4ull << 30 },
		{ "image_max=10737418239G", 10737418239ull << 30 },
	};
	size_t i;

	policy_defaults(&p);
	is_int(p.image_max, 256 << 20, "the default of image_max");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		is_int(parse(sizes[i].line, strlen(sizes[i].line)), 0, "%s",
			sizes[i].line);
		ok(p.image_max == sizes[i].bytes, "is %llu bytes",
			sizes[i].bytes);
	}
}

static void check_sizes(void)
{
	static char big[POLICY_MAX];
	char line[400];

	memset(big, '#', sizeof(big));
	is_int(parse(big, POLICY_MAX), 0, "16384 bytes");
	is_int(parse("trust=digest\nx\0y=1", 18), -1, "an embedded NUL");
	is_str(e.text, B("2: expected text, found a NUL byte"), "its sentence");
	is_int(parse("# \0", 3), -1, "a NUL in a comment");
	memset(line, 'x', sizeof(line));
	memcpy(line, "init=/", 6);
	is_int(parse(line, 5 + 255), 0, "a value of 255 characters");
	is_int(strlen(p.init), 255, "arrives whole");
	is_int(parse(line, 5 + 256), -1, "a value of 256 characters");
	ok(strstr(e.text,
		   "expected a value of 1 to 255 characters, found '/xxx") &&
			strstr(e.text, "xxx' (256 characters)"),
		"its sentence");
	is_int(parse(line, sizeof(line)), -1, "a very long value");
	ok(strlen(e.text) < 250, "is not repeated in full");
}

int main(void)
{
	check_defaults();
	check_all_keys();
	check_tables();
	check_image_max();
	check_sizes();
	is_str(trust_names[TRUST_DIGEST_AND_SIGNATURE], "digest+signature",
		"trust_names");
	is_str(failure_action_names[FAILURE_POWEROFF], "poweroff",
		"failure_action_names");
	return tap_done();
}
