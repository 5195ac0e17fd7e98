# SPDX-License-Identifier: MIT
include $(sort $(wildcard $(BR2_EXTERNAL_ROOTWRIGHT_PATH)/package/*/*.mk))
