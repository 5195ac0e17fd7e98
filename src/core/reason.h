/* SPDX-License-Identifier: MIT */
/*
 * Every way in which rootwright refuses, with a code that stays the same
 * from release to release. The name is what logs, boot.json and tests see;
 * the hint is printed after the sentence unless the place that failed knows
 * a better one. rootwright-boot(8) documents each in the same order.
 */
#pragma once

#define REASONS(X) \
	X(FAILED, "failed", "") \
	X(POLICY_INVALID, "policy-invalid", \
		"correct boot.conf, build the initramfs again; rootwright-boot --check-config finds this beforehand") \
	X(KEYS_INVALID, "keys-invalid", \
		"replace or remove the certificate in keys.d and build the initramfs again") \
	X(KEYS_EMPTY, "keys-empty", \
		"put a certificate into the directory, or set trust=digest") \
	X(CMDLINE_INVALID, "cmdline-invalid", \
		"correct the kernel command line in the boot loader") \
	X(LOCKDOWN, "lockdown", \
		"remove the argument from the kernel command line, or allow it in the release's kernel_arguments=") \
	X(DIGEST_MISSING, "digest-missing", \
		"add composefs=<digest> to the kernel command line, with the digest that rootwright build printed") \
	X(DIGEST_INVALID, "digest-invalid", \
		"give composefs= the 64 or 128 hex digits that rootwright build printed") \
	X(DIGEST_UNVERIFIED, "digest-unverified", \
		"remove the ?, or set allow_unverified=yes in the policy of a development initramfs") \
	X(STORE_UNNAMED, "store-unnamed", \
		"set store= in boot.conf, or rootwright.store= on the kernel command line") \
	X(STORE_CONFLICT, "store-conflict", \
		"remove rootwright.store= from the kernel command line") \
	X(STORE_NOT_FOUND, "store-not-found", \
		"check that the disk is attached, that its driver is loaded, and what store= names") \
	X(STORE_AMBIGUOUS, "store-ambiguous", \
		"detach one of the devices, or name the store by device path") \
	X(STORE_MOUNT, "store-mount", \
		"check the file system with fsck, and store_fstype=") \
	X(STORE_LAYOUT, "store-layout", \
		"check store_path=, or lay the disk out again with rootwright disk") \
	X(IMAGE_MISSING, "image-missing", \
		"install the image into the store, or boot the digest that is there") \
	X(IMAGE_INVALID, "image-invalid", \
		"lay the disk out again from a good store") \
	X(IMAGE_UNSEALED, "image-unsealed", \
		"enable fs-verity on the image: rootwright disk does it") \
	X(IMAGE_MISMATCH, "image-mismatch", \
		"the image was changed or damaged: install it again") \
	X(IMAGE_MOUNT, "image-mount", \
		"the image was changed or damaged, or the kernel has no EROFS: see the kernel's own line above") \
	X(STACK_CAPTURE, "stack-capture", \
		"rename the entry, or make one image of all with rootwright merge") \
	X(SIGNATURE_MISSING, "signature-missing", \
		"sign the image with rootwright sign, and install the signature into the store") \
	X(SIGNATURE_INVALID, "signature-invalid", \
		"sign the image again with rootwright sign") \
	X(SIGNATURE_UNTRUSTED, "signature-untrusted", \
		"sign the image with a key whose certificate is in keys.d of the initramfs") \
	X(SIGNATURE_REVOKED, "signature-revoked", \
		"sign with a key whose certificate is not in revoked.d of the initramfs") \
	X(SIGNATURE_THRESHOLD, "signature-threshold", \
		"have more keys sign the release, with rootwright release sign") \
	X(RELEASE_INVALID, "release-invalid", \
		"install the release again from a good source") \
	X(RELEASE_NONE, "release-none", \
		"install a release that may boot; see the lines above") \
	X(RELEASE_UNASKED, "release-unasked", \
		"remove composefs= or rootwright.release= from the kernel command line, or install that release") \
	X(ROLLBACK, "rollback", \
		"install a release that is not older, or lower rollback_floor= in boot.conf") \
	X(TRIES_USED, "tries-used", \
		"find out why it was never blessed, or install another release") \
	X(MODULES_MISSING, "modules-missing", \
		"boot the kernel that the release was made for") \
	X(KERNEL_TOO_OLD, "kernel-too-old", "boot a kernel of 6.12 or newer") \
	X(KERNEL_FEATURE, "kernel-feature", \
		"put the module into the initramfs, or build it into the kernel") \
	X(ROOT_MOUNT, "root-mount", "see the kernel's own line above") \
	X(STATE_UNVERIFIED, "state-unverified", \
		"keep nothing of /etc and /var, or set state_trusted=yes where dm-crypt or dm-integrity has opened the device before") \
	X(STATE_DEVICE, "state-device", \
		"check that the disk is attached, that its driver is loaded, and what state= names") \
	X(STATE_MOUNT, "state-mount", \
		"check the file system with fsck, and state_fstype=; see the kernel's own line above") \
	X(STATE_LAYOUT, "state-layout", \
		"remove what is there instead, or boot once with rootwright.factory_reset where the policy allows it") \
	X(STATE_FULL, "state-full", "make room on the state's file system") \
	X(PREFLIGHT_MISSING, "preflight-missing", \
		"install the missing object, or correct the tree and build the image again") \
	X(PREFLIGHT_DAMAGED, "preflight-damaged", \
		"the object was changed or damaged: install it again") \
	X(OBJECTS_UNCHECKED, "objects-unchecked", \
		"set a longer objects_timeout= in boot.conf, or check less with objects=") \
	X(SYSROOT, "sysroot", \
		"create the directory in the initramfs, and let nothing else be mounted there") \
	X(HANDOFF, "handoff", "see the kernel's own line above") \
	X(NOT_INITRAMFS, "not-initramfs", \
		"rootwright-boot runs inside an initramfs; see rootwright-boot(8)")

enum reason {
#define X(code, name, hint) REASON_##code,
	REASONS(X)
#undef X
	REASON_COUNT
};

/* The stable name of a reason ("image-mismatch"). */
const char *reason_name(enum reason r);
