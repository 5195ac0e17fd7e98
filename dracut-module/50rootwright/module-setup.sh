#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # dracut sets them
#
# dracut module: the root of the system is the one that rootwright-boot has
# verified, or the machine does what the policy says on failure. There is no
# shell in such an initramfs. Described in rootwright-dracut(7).
#
# dracut installs modules in the order of their numbers and never replaces a
# file that is there. So what the modules before this one put in is replaced
# here, and what those after it would put in is kept out by being there.

rootwright_conf=/etc/rootwright
rootwright_lib=/usr/lib/rootwright

rootwright_fail() {
	dfatal "rootwright: $1"
	[[ $2 ]] && dfatal "rootwright: hint: $2"
	exit 1
}

# The value of a key in the policy, which rootwright-boot has accepted.
rootwright_setting() {
	local value
	value=$(sed -n "s/^[[:blank:]]*$1=\(.*[^[:blank:]]\)[[:blank:]]*\$/\1/p" \
		"$dracutsysrootdir$rootwright_conf/boot.conf" 2>/dev/null)
	echo "${value:-$2}"
}

check() {
	require_binaries rootwright-boot || return 1
	# Only where it is asked for.
	return 255
}

depends() {
	return 0
}

# Nothing of ours stands on the kernel command line of the initramfs.
cmdline() {
	return 0
}

installkernel() {
	local fstype
	fstype=$(rootwright_setting store_fstype ext4)
	# Not for this machine alone: the disk is often laid out elsewhere.
	hostonly='' instmods -c erofs overlay loop "$fstype" ||
		rootwright_fail "kernel $kernel: expected erofs, overlay, loop and $fstype, found no such module"
	hostonly='' instmods sha256-ssse3 sha256-arm64 sha2-ce crc32c_generic \
		crc32c-intel virtio_pci virtio_blk virtio_scsi nvme ahci \
		sd_mod mmc_block
}

# The policy, as the initramfs will have it, and what it says on failure.
rootwright_policy() {
	local out file role dir=$dracutsysrootdir$rootwright_conf
	[[ -d $dir ]] || rootwright_fail \
		"policy: $dir: expected a directory, found none" \
		"write boot.conf (rootwright-boot.conf(5)) and put the certificates beside it"
	out=$(rootwright-boot --check-config "$dir" 2>&1) || {
		dfatal "$out"
		rootwright_fail "policy: $dir: refused by rootwright-boot --check-config"
	}
	if [[ $out == *DEVELOPMENT* ]]; then
		[[ ${allow_development_key-} == yes ]] || rootwright_fail \
			"keys: $dir: expected no development key, found one" \
			"replace it, or say allow_development_key=yes in /etc/dracut.conf.d"
		dwarn "rootwright: this initramfs trusts a DEVELOPMENT key: never ship it"
	fi
	mkdir -p "$initdir$rootwright_conf/keys.d"
	for file in "$dir"/boot.conf "$dir"/{keys,release-keys,revoked}.d/*.{pem,der}; do
		[[ -f $file ]] || continue
		role=${file#"$dracutsysrootdir"}
		mkdir -p "$initdir${role%/*}"
		# As they are: a certificate may be a link into a package.
		command install -m 644 "$file" "$initdir$role"
	done
	echo "$(rootwright_setting on_failure reboot)" \
		"$(rootwright_setting failure_delay 10)" \
		>"$initdir$rootwright_lib/on_failure"
}

# How long the initramfs may take in all: what the policy lets rootwright-boot
# wait and read for, and what is needed around that.
rootwright_end() {
	local more=${rootwright_deadline-900}
	[[ $more =~ ^[0-9]{1,6}$ ]] || rootwright_fail \
		"rootwright_deadline: expected seconds, found '$more'"
	((10#$more == 0)) || ((more = 10#$more + \
		$(rootwright_setting timeout 30) + \
		$(rootwright_setting objects_timeout 300)))
	echo "$more" >"$initdir$rootwright_lib/deadline"
}

# guard: at a path of the initramfs, whatever is there or would come.
rootwright_guard() {
	local path
	for path; do
		mkdir -p "$initdir${path%/*}"
		rm -f "$initdir$path"
		ln -sr "$initdir$rootwright_lib/guard" "$initdir$path"
	done
}

# rootwright_needs PROGRAM: the loader without which it does not start.
rootwright_needs() {
	local loader
	loader=$(LC_ALL=C ldd "$dracutsysrootdir$1" 2>/dev/null |
		sed -n 's,^[[:blank:]]*\(/[^ ]*ld-[^ ]*\) (.*,\1,p')
	[[ $loader ]] || rootwright_fail "$1: expected a dynamic program, found no loader"
	echo "$loader"
}

# The loader without which nothing but our two static programs can start:
# rdinit=/bin/sh on the kernel command line ends in a panic. A static busybox
# would not need it; its module may come later than this one.
rootwright_loader() {
	local loader
	if dracut_module_included busybox; then
		rootwright_needs "$(find_binary busybox)" >/dev/null
	fi
	loader=$(rootwright_needs /bin/sh) || exit 1
	inst_simple "$loader"
	loader=$(realpath -m "$initdir$loader")
	[[ $loader == "$initdir"/* && -f $loader ]] || rootwright_fail \
		"${loader#"$initdir"}: expected the dynamic loader, found none"
	chmod 644 "$loader"
	ln -s "${loader#"$initdir"}" "$initdir$rootwright_lib/loader"
}

# Units of ours come before those of the same name that anybody installs.
rootwright_systemd() {
	local unit generator dir=$initdir/etc/systemd action
	action=$(rootwright_setting on_failure reboot)
	mkdir -p "$dir/system/initrd-root-fs.target.wants" \
		"$dir/system-generators"
	for unit in "$moddir"/*.service "$moddir"/*.target; do
		sed "s/@action@/$action-force/" "$unit" \
			>"$dir/system/${unit##*/}"
	done
	ln -s ../rootwright.service \
		"$dir/system/initrd-root-fs.target.wants/rootwright.service"
	# What would open a shell, ask a person or mount another root.
	for unit in emergency rescue debug-shell dracut-emergency \
		breakpoint-pre-udev breakpoint-pre-basic \
		breakpoint-pre-mount breakpoint-pre-switch-root; do
		ln -sf rootwright-failure.service "$dir/system/$unit.service"
	done
	for unit in emergency rescue; do
		ln -sf rootwright-failure.target "$dir/system/$unit.target"
	done
	for unit in sysroot.mount sysroot-usr.mount sysusr-usr.mount \
		systemd-volatile-root.service \
		systemd-fsck-root.service systemd-hibernate-resume.service \
		systemd-bsod.service; do
		ln -sf /dev/null "$dir/system/$unit"
	done
	for generator in "$initdir$systemdutildir"/system-generators/* \
		systemd-{fstab,gpt-auto,debug,run,ssh,hibernate-resume,getty,import,factory-reset,system-update,sysv,rc-local,tpm2,bless-boot}-generator \
		dracut-rootfs-generator; do
		ln -sf /dev/null "$dir/system-generators/${generator##*/}"
	done
	ln -s "$systemdutildir/systemd" "$initdir$rootwright_lib/init"
}

rootwright_hooks() {
	local init
	inst_hook cmdline 99 "$moddir/rootwright-cmdline.sh"
	inst_hook mount 50 "$moddir/rootwright-mount.sh"
	for init in "$dracutbasedir"/modules.d/[0-9][0-9]base/init.sh; do
		[[ -f $init ]] || rootwright_fail "dracut: expected base/init.sh, found none"
	done
	inst_script "$init" "$rootwright_lib/init"
	inst_multiple switch_root
	mv "$initdir$(find_binary switch_root)" \
		"$initdir$rootwright_lib/switch_root"
	rootwright_guard "$(find_binary switch_root)"
}

install() {
	local guard
	guard=$dracutsysrootdir$rootwright_lib/initrd/rootwright-guard
	[[ -f $guard ]] || rootwright_fail "$guard: expected a program, found none"
	mkdir -p "$initdir$rootwright_lib" "$initdir/sysroot"
	command install -m 755 "$guard" "$initdir$rootwright_lib/guard"
	rootwright_policy
	rootwright_end
	mkdir -p "$initdir/usr/bin"
	command install -m 755 "$(find_binary rootwright-boot)" \
		"$initdir/usr/bin/rootwright-boot"
	# What of the kernel command line the initramfs may see.
	# shellcheck disable=SC2086 # a list
	printf '%s\n' quiet splash console loglevel net.ifnames \
		systemd.show_status systemd.log_level systemd.log_target \
		udev.log_level rd.udev.log_level ${rootwright_arguments-} \
		>"$initdir$rootwright_lib/arguments"
	inst_multiple -o modprobe
	rootwright_loader
	rootwright_guard /init
	rootwright_guard /usr/sbin/sulogin /usr/bin/dracut-emergency \
		/usr/lib/systemd/systemd-sulogin-shell
	# Reads words from the console; dracut wants it to be there.
	printf '#!/bin/sh\n' >"$initdir/usr/bin/dracut-cmdline-ask"
	chmod 755 "$initdir/usr/bin/dracut-cmdline-ask"
	# No way back into the initramfs when the system goes down.
	rm -f "$initdir/shutdown"
	: >"$initdir/shutdown"
	if dracut_module_included systemd; then
		rootwright_systemd
	else
		rootwright_hooks
	fi
}
