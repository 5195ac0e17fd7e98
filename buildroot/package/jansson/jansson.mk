# SPDX-License-Identifier: MIT
################################################################################
#
# host-jansson
#
################################################################################

# Buildroot has jansson for the target. What it says of the version and the
# place holds for this one.
ifeq ($(filter host-jansson,$(PACKAGES_ALL)),)
$(eval $(host-autotools-package))
endif
