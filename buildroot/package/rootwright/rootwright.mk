# SPDX-License-Identifier: MIT
################################################################################
#
# rootwright
#
################################################################################

# The checkout that this file is in.
ROOTWRIGHT_VERSION = local
ROOTWRIGHT_SITE = $(BR2_EXTERNAL_ROOTWRIGHT_PATH)/..
ROOTWRIGHT_SITE_METHOD = local
ROOTWRIGHT_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude build
ROOTWRIGHT_LICENSE = MIT
ROOTWRIGHT_LICENSE_FILES = LICENSE
# The boot program goes into the initramfs, which is made after the target.
ROOTWRIGHT_INSTALL_IMAGES = YES

ROOTWRIGHT_DEPENDENCIES = rootwright-mbedtls

# Its makefile has flags of its own, on which the size of the boot program
# depends; it is told where the compiler and its libraries are, and not to stop
# at what a newer compiler warns of.
ROOTWRIGHT_MAKE_OPTS = \
	B=out \
	WARN=-Wall \
	CROSS=$(TARGET_CROSS) \
	TRIPLET=$(GNU_TARGET_NAME) \
	CC=$(TARGET_CC) \
	SYSROOT=$(STAGING_DIR) \
	MUSL=$(STAGING_DIR)/usr/lib \
	MUSL_INC=$(STAGING_DIR)/usr/include \
	MBEDTLS_SRC=$(ROOTWRIGHT_MBEDTLS_DIR)

ROOTWRIGHT_TARGETS = out/rootwright-boot out/rootwright-launch \
	out/rootwright-load

ifeq ($(BR2_PACKAGE_ROOTWRIGHT_TOOL),y)
ROOTWRIGHT_DEPENDENCIES += e2fsprogs jansson libarchive libfsverity openssl \
	util-linux
ROOTWRIGHT_TARGETS += out/rootwright
define ROOTWRIGHT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/out/rootwright $(TARGET_DIR)/usr/bin/rootwright
endef
endif

define ROOTWRIGHT_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(ROOTWRIGHT_MAKE_OPTS) \
		$(ROOTWRIGHT_TARGETS)
endef

define ROOTWRIGHT_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0755 $(@D)/out/rootwright-boot \
		$(BINARIES_DIR)/rootwright/rootwright-boot
	$(INSTALL) -D -m 0755 $(@D)/out/rootwright-launch \
		$(BINARIES_DIR)/rootwright/rootwright-launch
	$(INSTALL) -D -m 0755 $(@D)/out/rootwright-load \
		$(BINARIES_DIR)/rootwright/rootwright-load
endef

HOST_ROOTWRIGHT_DEPENDENCIES = host-e2fsprogs host-jansson host-libarchive \
	host-libfsverity host-openssl host-rootwright-mbedtls host-util-linux

# The compiler finds what the other host packages have installed by the flags
# that Buildroot gives it.
HOST_ROOTWRIGHT_MAKE_OPTS = \
	B=out \
	WARN=-Wall \
	CC="$(HOSTCC) $(HOST_CPPFLAGS) $(HOST_LDFLAGS)" \
	MBEDTLS_SRC=$(HOST_ROOTWRIGHT_MBEDTLS_DIR)

define HOST_ROOTWRIGHT_BUILD_CMDS
	$(HOST_MAKE_ENV) $(MAKE) -C $(@D) $(HOST_ROOTWRIGHT_MAKE_OPTS) \
		out/rootwright
endef

define HOST_ROOTWRIGHT_INSTALL_CMDS
	$(INSTALL) -D -m 0755 $(@D)/out/rootwright $(HOST_DIR)/bin/rootwright
	$(INSTALL) -D -m 0755 $(@D)/initrd/mkinitrd \
		$(HOST_DIR)/sbin/rootwright-initrd
	$(INSTALL) -D -m 0644 $(@D)/initrd/init \
		$(HOST_DIR)/lib/rootwright/initrd/init
	$(INSTALL) -D -m 0755 $(@D)/keys/make-key \
		$(HOST_DIR)/lib/rootwright/keys/make-key
	$(INSTALL) -D -m 0644 $(@D)/keys/openssl.cnf \
		$(HOST_DIR)/lib/rootwright/keys/openssl.cnf
endef

$(eval $(generic-package))
$(eval $(host-generic-package))
