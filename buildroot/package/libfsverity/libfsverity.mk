# SPDX-License-Identifier: MIT
################################################################################
#
# libfsverity
#
################################################################################

LIBFSVERITY_VERSION = 1.6
LIBFSVERITY_SOURCE = fsverity-utils-$(LIBFSVERITY_VERSION).tar.xz
LIBFSVERITY_SITE = $(BR2_KERNEL_MIRROR)/linux/kernel/people/ebiggers/fsverity-utils/v$(LIBFSVERITY_VERSION)
LIBFSVERITY_LICENSE = MIT
LIBFSVERITY_LICENSE_FILES = LICENSE
LIBFSVERITY_INSTALL_STAGING = YES
LIBFSVERITY_DEPENDENCIES = host-pkgconf openssl
HOST_LIBFSVERITY_DEPENDENCIES = host-pkgconf host-openssl

LIBFSVERITY_MAKE_OPTS = USE_SHARED_LIB=1 PREFIX=/usr

define LIBFSVERITY_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) -C $(@D) \
		$(LIBFSVERITY_MAKE_OPTS) all
endef

define LIBFSVERITY_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) -C $(@D) \
		$(LIBFSVERITY_MAKE_OPTS) DESTDIR=$(STAGING_DIR) install
endef

define LIBFSVERITY_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/libfsverity.so.0 \
		$(TARGET_DIR)/usr/lib/libfsverity.so.0
endef

define HOST_LIBFSVERITY_BUILD_CMDS
	$(HOST_MAKE_ENV) $(MAKE) $(HOST_CONFIGURE_OPTS) -C $(@D) \
		USE_SHARED_LIB=1 PREFIX=$(HOST_DIR) all
endef

define HOST_LIBFSVERITY_INSTALL_CMDS
	$(HOST_MAKE_ENV) $(MAKE) $(HOST_CONFIGURE_OPTS) -C $(@D) \
		USE_SHARED_LIB=1 PREFIX=$(HOST_DIR) install
endef

$(eval $(generic-package))
$(eval $(host-generic-package))
