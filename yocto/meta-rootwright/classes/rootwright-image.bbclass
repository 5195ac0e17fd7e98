# SPDX-License-Identifier: MIT
#
# Makes a sealed disk of an image recipe's root file system, and the initramfs
# that boots nothing else. In the image recipe, or for all in local.conf:
#
#	inherit rootwright-image
#	IMAGE_FSTYPES = "rootwright"
#
# It deploys NAME.rootwright.img (the disk), NAME.rootwright.initrd,
# NAME.rootwright.digest and, with ROOTWRIGHT_FIT_KEYS, NAME.rootwright.fit.

# The policy: boot.conf and the directories of certificates.
ROOTWRIGHT_POLICY ?= ""
# yes: the policy of the initramfs names this image, and it boots no other.
ROOTWRIGHT_PIN ?= "yes"
# The key that signs the image, a file or a pkcs11: address; and its certificate.
ROOTWRIGHT_KEY ?= ""
ROOTWRIGHT_CERT ?= ""
# As --size of rootwright-disk(1).
ROOTWRIGHT_DISK_SIZE ?= ""
# The default is for a kernel with everything built in.
ROOTWRIGHT_INITRD_OPTIONS ?= "--pid1 --no-modules"
# fit.key and fit.crt; the board's device tree; and the source of the FIT image,
# in which that is called board.dtb, the kernel Image and the initramfs
# initrd.img.
ROOTWRIGHT_FIT_KEYS ?= ""
ROOTWRIGHT_FIT_DTB ?= ""
ROOTWRIGHT_FIT_ITS ?= "${ROOTWRIGHT_SRC}/buildroot/board/rootwright/fit.its"
ROOTWRIGHT_KERNEL ?= "${DEPLOY_DIR_IMAGE}/${KERNEL_IMAGETYPE}"

# Where the boot program comes from: this configuration, or one with musl.
ROOTWRIGHT_BOOT_CONFIG ?= ""
ROOTWRIGHT_BOOT_DIR ?= "${@d.getVar('DEPLOY_DIR_IMAGE') if not d.getVar('ROOTWRIGHT_BOOT_CONFIG') else d.getVar('TOPDIR') + '/tmp-' + d.getVar('ROOTWRIGHT_BOOT_CONFIG') + '/deploy/images/' + d.getVar('MACHINE')}"

IMAGE_TYPES += "rootwright"
do_image_rootwright[depends] += " \
    rootwright-native:do_populate_sysroot \
    e2fsprogs-native:do_populate_sysroot \
    ${@'' if d.getVar('ROOTWRIGHT_BOOT_CONFIG') else 'rootwright-boot:do_deploy'} \
    ${@'virtual/kernel:do_deploy u-boot-tools-native:do_populate_sysroot' if d.getVar('ROOTWRIGHT_FIT_KEYS') else ''} \
"
do_image_rootwright[mcdepends] += "${@'mc::' + d.getVar('ROOTWRIGHT_BOOT_CONFIG') + ':rootwright-boot:do_deploy' if d.getVar('ROOTWRIGHT_BOOT_CONFIG') else ''}"

# Owners, modes and device nodes are those that pseudo shows to tar. The
# program is not asked to look at the directory itself: pseudo does not see
# each way in which it reads.
rootwright_make_disk() {
    work=${WORKDIR}/rootwright-image
    rm -rf $work
    mkdir -p $work
    tar --format=posix --xattrs --xattrs-include='*' --numeric-owner \
        --sort=name -C ${IMAGE_ROOTFS} -cf $work/rootfs.tar .
    rootwright build --for-boot --store $work/store tar:$work/rootfs.tar \
        >$work/digest
    if [ -n "${ROOTWRIGHT_KEY}" ]; then
        rootwright sign --key "${ROOTWRIGHT_KEY}" \
            --cert "${ROOTWRIGHT_CERT}" --store $work/store \
            $(cat $work/digest)
    fi
    if [ -n "${ROOTWRIGHT_DISK_SIZE}" ]; then
        rootwright disk --store $work/store \
            --size "${ROOTWRIGHT_DISK_SIZE}" --output $work/disk.img
    else
        rootwright disk --store $work/store --output $work/disk.img
    fi
    rootwright check $work/disk.img
}

rootwright_make_initrd() {
    work=${WORKDIR}/rootwright-image
    if [ ! -f "${ROOTWRIGHT_POLICY}/boot.conf" ]; then
        bbfatal "ROOTWRIGHT_POLICY: expected a directory with boot.conf, found '${ROOTWRIGHT_POLICY}'"
    fi
    cp -R "${ROOTWRIGHT_POLICY}" $work/policy
    if [ "${ROOTWRIGHT_PIN}" = yes ]; then
        printf 'image=%s\n' $(cat $work/digest) >>$work/policy/boot.conf
    fi
    case " ${ROOTWRIGHT_INITRD_OPTIONS} " in
    *' --pid1 '*) launcher=load ;;
    *) launcher=launch ;;
    esac
    rootwright-initrd ${ROOTWRIGHT_INITRD_OPTIONS} --config $work/policy \
        --boot ${ROOTWRIGHT_BOOT_DIR}/rootwright-boot \
        --launcher ${ROOTWRIGHT_BOOT_DIR}/rootwright-$launcher \
        --output $work/initrd.img
}

rootwright_make_fit() {
    work=${WORKDIR}/rootwright-image
    if [ -n "${ROOTWRIGHT_FIT_KEYS}" ]; then
        cp "${ROOTWRIGHT_FIT_ITS}" $work/rootwright.its
        cp "${ROOTWRIGHT_KERNEL}" $work/Image
        cp "${ROOTWRIGHT_FIT_DTB}" $work/board.dtb
        (cd $work && mkimage -q -f rootwright.its \
            -k "${ROOTWRIGHT_FIT_KEYS}" -r rootwright.fit)
        install -m 0644 $work/rootwright.fit \
            ${IMGDEPLOYDIR}/${IMAGE_NAME}.rootwright.fit
    fi
}

IMAGE_CMD:rootwright () {
    rootwright_make_disk
    rootwright_make_initrd
    rootwright_make_fit
    install -m 0644 $work/disk.img ${IMGDEPLOYDIR}/${IMAGE_NAME}.rootwright.img
    install -m 0644 $work/initrd.img \
        ${IMGDEPLOYDIR}/${IMAGE_NAME}.rootwright.initrd
    install -m 0644 $work/digest \
        ${IMGDEPLOYDIR}/${IMAGE_NAME}.rootwright.digest
}
