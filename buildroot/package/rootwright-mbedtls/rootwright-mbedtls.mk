# SPDX-License-Identifier: MIT
################################################################################
#
# rootwright-mbedtls
#
################################################################################

# Only unpacked; rootwright.mk names the directory. A package of its own, since
# Buildroot downloads nothing for one whose source is a local directory.
ROOTWRIGHT_MBEDTLS_VERSION = 3.6.6
ROOTWRIGHT_MBEDTLS_SOURCE = mbedtls-$(ROOTWRIGHT_MBEDTLS_VERSION).tar.bz2
ROOTWRIGHT_MBEDTLS_SITE = https://github.com/Mbed-TLS/mbedtls/releases/download/mbedtls-$(ROOTWRIGHT_MBEDTLS_VERSION)
ROOTWRIGHT_MBEDTLS_LICENSE = Apache-2.0 or GPL-2.0+
ROOTWRIGHT_MBEDTLS_LICENSE_FILES = LICENSE
ROOTWRIGHT_MBEDTLS_CPE_ID_VENDOR = arm
ROOTWRIGHT_MBEDTLS_CPE_ID_PRODUCT = mbed_tls
ROOTWRIGHT_MBEDTLS_INSTALL_TARGET = NO

$(eval $(generic-package))
$(eval $(host-generic-package))
