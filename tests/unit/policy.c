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
			!p.store_noreplay && !p.images.n && !p.allow_unverified,
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
	ok(p.images.n == 1 && p.images.list[0].algorithm == HASH_SHA512 &&
			p.images.list[0].size == 64 &&
			p.images.list[0].bytes[63] == 0xef,
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
		B("1: expected 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit, found 'release=Demo'") },
	{ "threshold=0",
		B("1: expected a number from 1 to 16, found 'threshold=0'") },
	{ "threshold=17",
		B("1: expected a number from 1 to 16, found 'threshold=17'") },
	{ "tries=100",
		B("1: expected a number from 0 to 99, found 'tries=100'") },
	{ "rollback_floor=01",
		B("1: expected a number below 2^64 without a leading zero, found 'rollback_floor=01'") },
	{ "version=1",
		B("1: expected key=value with a key of this format, found 'version=1'") },
	{ "nonsense",
		B("1: expected key=value with a key of this format, found 'nonsense'") },
	{ "\n# x\n nonsense\n",
		B("3: expected key=value with a key of this format, found ' nonsense'") },
	{ "tru=digest",
		B("1: expected key=value with a key of this format, found 'tru=digest'") },
	{ "trustx=digest",
		B("1: expected key=value with a key of this format, found 'trustx=digest'") },
	{ "Trust=digest",
		B("1: expected key=value with a key of this format, found 'Trust=digest'") },
	{ "trust =digest",
		B("1: expected key=value with a key of this format, found 'trust =digest'") },
	{ "=digest",
		B("1: expected key=value with a key of this format, found '=digest'") },
	{ "\xef\xbb\xbftrust=digest",
		B("1: expected key=value with a key of this format, found '\xef\xbb\xbftrust=digest'") },
	{ "trust=digest\ntrust=digest",
		B("2: expected each key once, found 'trust=digest'") },
	{ "timeout=5\n\ntimeout=6",
		B("3: expected each key once, found 'timeout=6'") },
	{ "trust=",
		B("1: expected digest, signature, digest+signature or release, found 'trust='") },
	{ "trust= digest",
		B("1: expected digest, signature, digest+signature or release, found 'trust= digest'") },
	{ "trust=none",
		B("1: expected digest, signature, digest+signature or release, found 'trust=none'") },
	{ "trust=Digest",
		B("1: expected digest, signature, digest+signature or release, found 'trust=Digest'") },
	{ "trust=\"digest\"",
		B("1: expected neither quotes nor a comment after the value, found 'trust=\"digest\"'") },
	{ "trust=digest # why",
		B("1: expected neither quotes nor a comment after the value, found 'trust=digest # why'") },
	{ "trust=digest\r\n",
		B("1: expected printable ASCII characters only, found 'trust=digest?'") },
	{ "store=LABEL=\xc3\xa4",
		B("1: expected printable ASCII characters only, found 'store=LABEL=\xc3\xa4'") },
	{ "store=LABEL=",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=LABEL='") },
	{ "store=label=x",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=label=x'") },
	{ "store=vda1",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=vda1'") },
	{ "store=/dev/",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=/dev/'") },
	{ "store=/dev/../x",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=/dev/../x'") },
	{ "store=/mnt/x",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=/mnt/x'") },
	{ "store=PARTLABEL=",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=PARTLABEL='") },
	{ "store=UUID=",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=UUID='") },
	{ "store=PARTUUID=1234",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=PARTUUID=1234'") },
	{ "store=UUID=01234567-89ab-cdef-0123-456789abcde",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=UUID=01234567-89ab-cdef-0123-456789abcde'") },
	{ "store=UUID=01234567-89ab-cdef-0123-456789abcdef0",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=UUID=01234567-89ab-cdef-0123-456789abcdef0'") },
	{ "store=UUID=01234567_89ab_cdef_0123_456789abcdef",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=UUID=01234567_89ab_cdef_0123_456789abcdef'") },
	{ "store=UUID=01234567-g9ab-cdef-0123-4567g9abcdef",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=UUID=01234567-g9ab-cdef-0123-4567g9abcdef'") },
	{ "store=PARTUUID=01234567-01",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=PARTUUID=01234567-01'") },
	{ "store=uuid=01234567-89ab-cdef-0123-456789abcdef", B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=uuid=01234567-89ab-cdef-0123-456789abcdef'") },
	{ "store=ID=01234567-89ab-cdef-0123-456789abcdef",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=ID=01234567-89ab-cdef-0123-456789abcdef'") },
	{ "store=LABEL",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=LABEL'") },
	{ "store=XLABEL=x",
		B("1: expected a device path below /dev, LABEL=, UUID=, PARTLABEL= or PARTUUID=, found 'store=XLABEL=x'") },
	{ "image_max=0",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=0'") },
	{ "image_max=K",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=K'") },
	{ "image_max=010",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=010'") },
	{ "image_max=1T",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=1T'") },
	{ "image_max=1k",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=1k'") },
	{ "image_max=1KB",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=1KB'") },
	{ "image_max=1 K",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=1 K'") },
	{ "image_max=-1",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=-1'") },
	{ "image_max=99999999999",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=99999999999'") },
	{ "image_max=18446744073709551617",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=18446744073709551617'") },
	{ "image_max=1.5G",
		B("1: expected a number of bytes, with K, M or G, found 'image_max=1.5G'") },
	{ "image_file=image",
		B("1: expected an absolute path without . or .. or //, found 'image_file=image'") },
	{ "store_fstype=xfs",
		B("1: expected ext4, btrfs or f2fs, found 'store_fstype=xfs'") },
	{ "store_fstype=vfat",
		B("1: expected ext4, btrfs or f2fs, found 'store_fstype=vfat'") },
	{ "store_path=composefs",
		B("1: expected an absolute path without . or .. or //, found 'store_path=composefs'") },
	{ "store_path=/a/../b",
		B("1: expected an absolute path without . or .. or //, found 'store_path=/a/../b'") },
	{ "store_path=/a/.",
		B("1: expected an absolute path without . or .. or //, found 'store_path=/a/.'") },
	{ "store_path=//a",
		B("1: expected an absolute path without . or .. or //, found 'store_path=//a'") },
	{ "store_path=/a/",
		B("1: expected an absolute path without . or .. or //, found 'store_path=/a/'") },
	{ "store_noreplay=1",
		B("1: expected yes or no, found 'store_noreplay=1'") },
	{ "allow_unverified=YES",
		B("1: expected yes or no, found 'allow_unverified=YES'") },
	{ "image=",
		B("1: expected 64 or 128 lower-case hex digits, found 'image='") },
	{ "image=0123",
		B("1: expected 64 or 128 lower-case hex digits, found 'image=0123'") },
	{ "image=?" D64,
		B("1: expected 64 or 128 lower-case hex digits, found 'image=?" D64
		  "'") },
	{ "init=sbin/init",
		B("1: expected an absolute path without . or .. or //, found 'init=sbin/init'") },
	{ "timeout=0",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=0'") },
	{ "timeout=3601",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=3601'") },
	{ "timeout=010",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=010'") },
	{ "timeout=-1",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=-1'") },
	{ "timeout=30s",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=30s'") },
	{ "timeout=4294967297",
		B("1: expected whole seconds from 1 to 3600, found 'timeout=4294967297'") },
	{ "objects=all",
		B("1: expected lazy, preflight, measure or read, found 'objects=all'") },
	{ "objects_timeout=0",
		B("1: expected whole seconds from 1 to 3600, found 'objects_timeout=0'") },
	{ "failure_delay=3601",
		B("1: expected whole seconds from 0 to 3600, found 'failure_delay=3601'") },
	{ "failure_delay=00",
		B("1: expected whole seconds from 0 to 3600, found 'failure_delay=00'") },
	{ "on_failure=shell",
		B("1: expected reboot, poweroff or halt, found 'on_failure=shell'") },
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
	is_str(e.text,
		B("2: expected key=value with a key of this format, found 'x'"),
		"its sentence");
	is_int(parse("# \0", 3), 0, "a NUL in a comment");
	memset(line, 'x', sizeof(line));
	memcpy(line, "init=/", 6);
	is_int(parse(line, 5 + 255), 0, "a value of 255 characters");
	is_int(strlen(p.init), 255, "arrives whole");
	is_int(parse(line, 5 + 256), -1, "a value of 256 characters");
	ok(strstr(e.text,
		   "expected a value of 1 to 255 characters, found 'init=/xxx"),
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
