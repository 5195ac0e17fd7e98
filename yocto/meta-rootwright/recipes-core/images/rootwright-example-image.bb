# SPDX-License-Identifier: MIT
SUMMARY = "A small system whose root is verified from the first byte"
LICENSE = "MIT"

IMAGE_INSTALL = "packagegroup-core-boot rootwright"
IMAGE_LINGUAS = ""
inherit core-image rootwright-image
IMAGE_FSTYPES = "rootwright"
ROOTWRIGHT_POLICY ?= "${ROOTWRIGHT_SRC}/buildroot/board/rootwright/policy"
