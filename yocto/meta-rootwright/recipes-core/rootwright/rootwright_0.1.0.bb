# SPDX-License-Identifier: MIT
SUMMARY = "Builds and updates systems that are verified from the first byte"
DESCRIPTION = "Turns a root file system into objects and a composefs image, \
signs it and lays it onto a disk; on a device it installs releases, declares \
them good, removes what nothing needs and says what was booted."
require rootwright.inc

DEPENDS = "e2fsprogs fsverity-utils jansson libarchive openssl util-linux"
# rootwright disk runs it.
RDEPENDS:${PN}:append:class-native = " e2fsprogs-native"

do_compile() {
    oe_runmake out/rootwright
}

do_install() {
    install -D -m 0755 out/rootwright ${D}${bindir}/rootwright
}

do_install:append:class-native() {
    install -D -m 0755 initrd/mkinitrd ${D}${sbindir}/rootwright-initrd
    install -D -m 0644 initrd/init \
        ${D}${prefix}/lib/rootwright/initrd/init
}

BBCLASSEXTEND = "native nativesdk"
