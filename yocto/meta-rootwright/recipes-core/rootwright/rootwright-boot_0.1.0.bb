# SPDX-License-Identifier: MIT
SUMMARY = "Verifies the root file system in the initramfs"
DESCRIPTION = "One static program that verifies a composefs image and mounts \
it. It goes into an initramfs and not into a root file system, so it is \
deployed beside the images and not packaged."
require rootwright.inc
inherit deploy nopackages

COMPATIBLE_HOST = ".*-linux-musl.*"

EXTRA_OEMAKE += " \
    SYSROOT=${STAGING_DIR_HOST} \
    MUSL=${STAGING_LIBDIR} \
    MUSL_INC=${STAGING_INCDIR} \
"

do_compile() {
    oe_runmake out/rootwright-boot out/rootwright-launch out/rootwright-load
}

do_install[noexec] = "1"

do_deploy() {
    install -m 0755 out/rootwright-boot ${DEPLOYDIR}/rootwright-boot
    install -m 0755 out/rootwright-launch ${DEPLOYDIR}/rootwright-launch
    install -m 0755 out/rootwright-load ${DEPLOYDIR}/rootwright-load
}

addtask deploy after do_compile before do_build
