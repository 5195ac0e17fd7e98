# SPDX-License-Identifier: MIT
SUMMARY = "Tools and a library for fs-verity"
HOMEPAGE = "https://docs.kernel.org/filesystems/fsverity.html"
SECTION = "libs"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=bc974d217b525ea216a336adb73e1220"

SRC_URI = "${KERNELORG_MIRROR}/linux/kernel/people/ebiggers/fsverity-utils/v${PV}/fsverity-utils-${PV}.tar.xz"
SRC_URI[sha256sum] = "b46617dffe73c3b8a0c8e12cbdc63e4cf106529c790771ca50b27336ff88f0ec"

DEPENDS = "openssl"
inherit pkgconfig

EXTRA_OEMAKE = " \
    USE_SHARED_LIB=1 \
    'CC=${CC}' \
    PREFIX=${prefix} \
    BINDIR=${bindir} \
    INCDIR=${includedir} \
    LIBDIR=${libdir} \
    MANDIR=${mandir} \
"

do_install() {
    oe_runmake install DESTDIR=${D}
}

BBCLASSEXTEND = "native nativesdk"
