#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The br2-external tree, without Buildroot: its Config.in as kconfiglib reads
it, with the symbols of Buildroot's that it uses declared here; the commands of
its packages under a stand-in for Buildroot's infrastructure; and the
post-image script on a real root file system."""
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
import embedded
from tap import *

# python3-kconfiglib, also for a python3 that is not Debian's.
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import kconfiglib
except ImportError:
    skip_all("no kconfiglib: make deps installs python3-kconfiglib")

TOP = os.path.abspath("buildroot")
# Buildroot's own, of 2025.02.
BOOL = """aarch64 arm RISCV_64 x86_64 cortex_a53 STATIC_LIBS
TOOLCHAIN_BUILDROOT_MUSL TOOLCHAIN_USES_MUSL TOOLCHAIN_HEADERS_AT_LEAST_6_12
LINUX_KERNEL LINUX_KERNEL_LATEST_VERSION LINUX_KERNEL_USE_ARCH_DEFAULT_CONFIG
LINUX_KERNEL_NEEDS_HOST_OPENSSL TARGET_ROOTFS_TAR PACKAGE_E2FSPROGS
PACKAGE_JANSSON PACKAGE_LIBARCHIVE PACKAGE_OPENSSL PACKAGE_UTIL_LINUX
PACKAGE_UTIL_LINUX_LIBFDISK PACKAGE_UTIL_LINUX_LIBUUID
PACKAGE_HOST_UTIL_LINUX PACKAGE_HOST_UBOOT_TOOLS
PACKAGE_HOST_UBOOT_TOOLS_FIT_SUPPORT
PACKAGE_HOST_UBOOT_TOOLS_FIT_SIGNATURE_SUPPORT""".split()
STRING = ("LINUX_KERNEL_CONFIG_FRAGMENT_FILES", "ROOTFS_POST_IMAGE_SCRIPT")
# What choosing these means in Buildroot.
MEANS = {"TOOLCHAIN_USES_MUSL": "TOOLCHAIN_BUILDROOT_MUSL",
         "TOOLCHAIN_HEADERS_AT_LEAST_6_12": "LINUX_KERNEL_LATEST_VERSION"}
PROGRAMS = ("rootwright", "rootwright-boot", "rootwright-launch",
            "rootwright-load")


def kconfig(place):
    """The tree as menuconfig would read it."""
    with open(f"{place}/Config.in", "w", encoding="ascii") as f:
        f.write("mainmenu \"stand-in\"\n")
        for name in BOOL:
            f.write(f"config BR2_{name}\n\tbool \"{name}\"\n")
            if name in MEANS:
                f.write(f"\tdefault y if BR2_{MEANS[name]}\n")
        for name in STRING:
            f.write(f"config BR2_{name}\n\tstring \"{name}\"\n")
        f.write("source \"$BR2_EXTERNAL_ROOTWRIGHT_PATH/Config.in\"\n")
    os.environ.update(BR2_EXTERNAL_ROOTWRIGHT_PATH=TOP, CONFIG_="")
    config = kconfiglib.Kconfig(f"{place}/Config.in", warn_to_stderr=False)
    equal(config.warnings, [], "Config.in: nothing to warn of")
    equal([s.name for s in config.syms.values()
           if not s.nodes and s.name.startswith("BR2_")], [],
          "Config.in: each symbol is declared, here or by Buildroot")
    return config


def defconfig(config):
    for path in glob.glob(f"{TOP}/configs/*_defconfig"):
        name = os.path.basename(path)
        config.load_config(path)
        equal(config.warnings, [], f"{name}: all of its symbols are there")
        with open(path, encoding="ascii") as f:
            asked = dict(re.findall(r'^(BR2_\w+)="?(.*?)"?$', f.read(), re.M))
        ok(len(asked) > 10, f"{name}: asks for something")
        equal({k: config.syms[k].str_value for k in asked}, asked,
              f"{name}: gets what it asks for")
        for wanted in ("LIBFSVERITY", "ROOTWRIGHT_MBEDTLS", "OPENSSL",
                       "UTIL_LINUX_LIBFDISK"):
            equal(config.syms[f"BR2_PACKAGE_{wanted}"].str_value, "y",
                  f"{name}: comes with {wanted}")
        for file in re.findall(r"\$\(BR2_EXTERNAL_ROOTWRIGHT_PATH\)(/\S+)",
                               " ".join(asked.values())):
            ok(os.path.exists(TOP + file), f"{name}: {file} is there")


def without_musl(config):
    config.load_config(f"{TOP}/configs/rootwright_qemu_aarch64_defconfig")
    config.syms["BR2_TOOLCHAIN_USES_MUSL"].set_value("n")
    equal(config.syms["BR2_PACKAGE_ROOTWRIGHT"].str_value, "n",
          "without musl there is no boot program")
    equal(config.syms["BR2_PACKAGE_HOST_ROOTWRIGHT"].str_value, "y",
          "but the host's program is there")


# For $(eval $(generic-package)) and the like: a target that shows or runs the
# commands of one step.
INFRA = """
pkgname = $(lastword $(subst /, ,$(dir $(lastword $(MAKEFILE_LIST)))))
UPPER = $(shell echo $(pkgname) | tr a-z- A-Z_)
define package
PACKAGES_ALL += $(1)$(pkgname)
$(2)$(UPPER)_DIR = $(BUILD_DIR)/$(1)$(pkgname)
$(1)$(pkgname)-%: @D = $(BUILD_DIR)/$(1)$(pkgname)
$(1)$(pkgname)-build: ; $$($(2)$(UPPER)_BUILD_CMDS)
$(1)$(pkgname)-images: ; $$($(2)$(UPPER)_INSTALL_IMAGES_CMDS)
$(1)$(pkgname)-target: ; $$($(2)$(UPPER)_INSTALL_TARGET_CMDS)
$(1)$(pkgname)-install: ; $$($(2)$(UPPER)_INSTALL_CMDS)
$(1)$(pkgname)-depends: ; @echo $$($(2)$(UPPER)_DEPENDENCIES)
endef
generic-package = $(call package,,)
host-generic-package = $(call package,host-,HOST_)
host-autotools-package = $(call package,host-,HOST_)
qstrip = $(strip $(subst ",,$(1)))
INSTALL = install
include $(BR2_EXTERNAL_ROOTWRIGHT_PATH)/external.mk
"""


def packages(place):
    """Each command, with Buildroot's variables; what the package of the
    program builds is asked of our makefile by make -n."""
    with open(f"{place}/Makefile", "w", encoding="ascii") as f:
        f.write(INFRA)
    build = f"{place}/build"
    mbedtls, = glob.glob(f"{CACHE}/mbedtls-3.6.*")
    for name in ("rootwright", "host-rootwright"):
        os.makedirs(f"{build}/{name}/out")
        for file in ("Makefile", "src", "initrd", "keys"):
            os.symlink(os.path.abspath(file), f"{build}/{name}/{file}")
        for file in PROGRAMS:
            shutil.copy(f"{B}/{file}", f"{build}/{name}/out")
        os.symlink(mbedtls, f"{build}/{name}-mbedtls")
    env = {k: v for k, v in os.environ.items()
           if k not in ("B", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VERSION",
                        "MBEDTLS_SRC")}

    def make(goal, *settings):
        return run("make", "-C", place, goal, f"BUILD_DIR={build}",
                   f"BR2_EXTERNAL_ROOTWRIGHT_PATH={TOP}",
                   "BR2_PACKAGE_ROOTWRIGHT_TOOL=y", f"HOST_DIR={place}/host",
                   f"TARGET_DIR={place}/target", "HOSTCC=gcc",
                   f"BINARIES_DIR={place}/images", *settings, env=env)

    for goal, made in (
            ("rootwright-images", "images/rootwright/rootwright-boot"),
            ("rootwright-target", "target/usr/bin/rootwright"),
            ("host-rootwright-install", "host/sbin/rootwright-initrd")):
        code, _, err = make(goal)
        ok(code == 0 and os.access(f"{place}/{made}", os.X_OK),
           f"{goal}: {made}", err)
    for goal, program in (("rootwright-build", "rootwright-boot"),
                          ("host-rootwright-build", "rootwright")):
        code, said, err = make(
            goal, "MAKE=make -n V=1", f"TARGET_CROSS={CROSS}",
            f"TARGET_CC={CROSS}gcc", "STAGING_DIR=/staging",
            f"GNU_TARGET_NAME={CROSS.rstrip('-')}")
        ok(code == 0 and re.search(rf"-o out/{program}\b", said),
           f"{goal}: our makefile takes it", said[-1500:] + err)
    has(make("host-rootwright-depends")[1], "host-rootwright-mbedtls",
        "the source of mbedtls comes first")
    code, said, err = make("libfsverity-build", "MAKE=echo")
    has(said, "USE_SHARED_LIB=1 PREFIX=/usr all", "libfsverity is built")
    equal([line for line in open(f"{TOP}/package/rootwright/rootwright.mk",
                                 encoding="ascii")
           if re.match(" +\\S", line)], [], "rootwright.mk: tabs")


# The compiler of this machine, by its long name: what a cross compiler is.
CROSS = run("gcc", "-dumpmachine")[1].strip() + "-"


def hashes():
    """What can be compared without a network: the licences."""
    with open(f"{TOP}/package/rootwright/rootwright.hash",
              encoding="ascii") as f:
        has(f.read(), run("sha256sum", "LICENSE")[1].split()[0],
            "rootwright.hash: our licence")
    mbedtls, = glob.glob(f"{CACHE}/mbedtls-3.6.*/LICENSE")
    with open(f"{TOP}/package/rootwright-mbedtls/rootwright-mbedtls.hash",
              encoding="ascii") as f:
        has(f.read(), run("sha256sum", mbedtls)[1].split()[0],
            "rootwright-mbedtls.hash: its licence")


def post_image(place, config):
    """The step itself, twice: the defaults, and all that can be chosen."""
    images, host = f"{place}/images", f"{place}/host"
    shutil.rmtree(images)
    os.makedirs(f"{images}/rootwright")
    for program in PROGRAMS[1:]:
        shutil.copy(f"{B}/{program}", f"{images}/rootwright")
    embedded.root_tar(f"{images}/rootfs.tar")
    embedded.keys(place)
    for name in "Image", "some-board.dtb":
        with open(f"{images}/{name}", "wb") as f:
            f.write(name.encode() * 1000)
    config.load_config(f"{TOP}/configs/rootwright_qemu_aarch64_defconfig")

    def script():
        config.write_config(f"{place}/.config")
        return run(f"{TOP}/board/rootwright/post-image.sh", images, env=dict(
            os.environ, HOST_DIR=host, BUILD_DIR=f"{place}/build",
            BR2_CONFIG=f"{place}/.config"))

    code, _, err = script()
    ok(code == 0, "post-image.sh: the defaults", err)
    with open(f"{images}/rootwright.digest", encoding="ascii") as f:
        digest = f.read().strip()
    embedded.whole("post-image.sh", f"{images}/disk.img", digest)
    found = embedded.entries("post-image.sh", f"{images}/initrd.img")
    embedded.pinned("post-image.sh", found, digest)
    ok("bin/busybox" not in found, "post-image.sh: no busybox")
    ok(not os.path.exists(f"{images}/rootwright.fit"),
       "post-image.sh: no FIT image without a key")

    embedded.policy(f"{place}/policy", "trust=signature\n"
                    "store=LABEL=rootwright\n")
    shutil.copy(f"{place}/images.pem", f"{place}/policy/keys.d")
    for name, value in (("POLICY", f"{place}/policy"), ("PIN", "n"),
                        ("KEY", f"{place}/images.key"),
                        ("CERT", f"{place}/images.pem"),
                        ("DISK_SIZE", "32M"), ("FIT_KEYS", place),
                        ("FIT_DTB", "some-board.dtb"),
                        ("FIT_ITS", "$(BR2_EXTERNAL_ROOTWRIGHT_PATH)/board/"
                         "rootwright/fit.its")):
        config.syms[f"BR2_ROOTWRIGHT_{name}"].set_value(value)
    code, _, err = script()
    ok(code == 0, "post-image.sh: all that can be chosen", err)
    equal(os.path.getsize(f"{images}/disk.img"), 32 << 20,
          "post-image.sh: the size of the disk")
    found = embedded.entries("post-image.sh: signed", f"{images}/initrd.img")
    ok("etc/rootwright/keys.d/images.pem" in found,
       "post-image.sh: the certificate is in the initramfs")
    ok(b"image=" not in found["etc/rootwright/boot.conf"].data,
       "post-image.sh: BR2_ROOTWRIGHT_PIN=n")
    has(run("dumpimage", "-l", f"{images}/rootwright.fit")[1],
        "Sign algo:    sha256,rsa3072:fit", "post-image.sh: a signed FIT")
    os.unlink(f"{images}/rootfs.tar")
    code, _, err = script()
    equal((code, os.path.exists(f"{images}/rootwright.fit")), (1, True),
          "post-image.sh: no tar: refused before anything is removed")
    has(err, "rootfs.tar: expected the root file system, found none: set "
        "BR2_TARGET_ROOTFS_TAR=y", "post-image.sh: with a sentence")


with tempfile.TemporaryDirectory(prefix="rw-br2-") as T:
    CONFIG = kconfig(T)
    defconfig(CONFIG)
    without_musl(CONFIG)
    packages(T)
    hashes()
    post_image(T, CONFIG)
done()
