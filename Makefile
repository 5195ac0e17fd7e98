# SPDX-License-Identifier: MIT
#
# One makefile. Three flavours of the same core are compiled from src/core:
#   host  glibc, linked into build/rootwright
#   boot  musl, static PIE, linked into build/rootwright-boot
#   test  host with ASan and UBSan, linked into the unit tests
# Everything that is made goes under $(B).

B ?= build
VERSION := 0.1.0
CC := gcc
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/rootwright
MBEDTLS_SRC ?= $(firstword $(wildcard $(CACHE)/mbedtls-3.6.*))
MUSL ?= /usr/lib/x86_64-linux-musl
MUSL_INC ?= /usr/include/x86_64-linux-musl

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/lib/rootwright
MANDIR ?= $(PREFIX)/share/man

CORE := $(sort $(wildcard src/core/*.c))
BOOT := $(sort $(wildcard src/boot/*.c))
TOOL := $(sort $(wildcard src/tool/*.c))
UNIT := $(sort $(wildcard tests/unit/*.c))
MBED := $(patsubst $(MBEDTLS_SRC)/library/%,%, \
	$(sort $(wildcard $(MBEDTLS_SRC)/library/*.c)))

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef
BASE := -std=gnu11 $(WARN) -Isrc -DRW_VERSION='"$(VERSION)"' -MMD -MP \
	-DMBEDTLS_CONFIG_FILE='"core/mbedtls_config.h"' \
	-isystem $(MBEDTLS_SRC)/include -D_GNU_SOURCE \
	-ffile-prefix-map=$(MBEDTLS_SRC)=mbedtls

host_CFLAGS := -O2 -g -fPIE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-pthread
host_LIBS := -lfsverity -lcrypto -lext2fs -lcom_err -lfdisk -luuid
test_CFLAGS := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=all -pthread -DRW_TEST
# musl's headers, and from the host's only the kernel's.
boot_CFLAGS := -Os -flto -ffunction-sections -fdata-sections -fPIE \
	-nostdinc -isystem $(MUSL_INC) -isystem $(B)/boot/include \
	-isystem $(shell $(CC) -print-file-name=include) \
	-fstack-protector-strong -fstack-clash-protection \
	-ftrivial-auto-var-init=zero -fcf-protection=full \
	-fno-asynchronous-unwind-tables
# gcc's own -static-pie with musl's start files: musl-gcc's specs would link
# Scrt1.o and leave an INTERP header.
boot_LDFLAGS := -nostdlib -static-pie -Os -flto -Wl,--gc-sections \
	-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--build-id=none
boot_START := $(MUSL)/rcrt1.o $(MUSL)/crti.o \
	$(shell $(CC) -print-file-name=crtbeginS.o)
boot_END := $(MUSL)/libc.a $(shell $(CC) -print-libgcc-file-name) \
	$(shell $(CC) -print-file-name=crtendS.o) $(MUSL)/crtn.o

.PHONY: all help deps check demo bench install clean lint format
all: $(B)/rootwright $(B)/rootwright-boot $(B)/rootwright-launch

$(B)/rootwright: $(TOOL:src/%.c=$(B)/host/%.o) $(CORE:src/%.c=$(B)/host/%.o) \
		$(B)/host/libmbed.a
	$(CC) $(host_CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(host_LIBS)

$(B)/rootwright-boot: $(BOOT:src/%.c=$(B)/boot/%.o) \
		$(CORE:src/%.c=$(B)/boot/%.o) $(B)/boot/libmbed.a
	$(CC) $(boot_LDFLAGS) -o $@.debug $(boot_START) $^ $(boot_END)
	strip -o $@ $@.debug

# /init of the busybox initramfs; it needs nothing of core.
$(B)/rootwright-launch: initrd/launch.c $(B)/boot/include/.made Makefile
	$(CC) $(BASE) $(boot_CFLAGS) $(boot_LDFLAGS) -MF $(B)/boot/launch.d \
		-o $@.debug $(boot_START) $< $(boot_END)
	strip -o $@ $@.debug

# The rules of each flavour.
define flavour
$(B)/$(1)/%.o: src/%.c $(2) Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(BASE) $$($(1)_CFLAGS) -c -o $$@ $$<

$(B)/$(1)/mbed/%.o: $(MBEDTLS_SRC)/library/%.c src/core/mbedtls_config.h $(2)
	@mkdir -p $$(@D)
	@$$(CC) $$(filter-out $$(WARN),$$(BASE)) $$($(1)_CFLAGS) -w \
		-c -o $$@ $$<

$(B)/$(1)/libmbed.a: $(MBED:%.c=$(B)/$(1)/mbed/%.o)
	@rm -f $$@
	gcc-ar rcD $$@ $$^
endef
$(eval $(call flavour,host,))
$(eval $(call flavour,test,))
$(eval $(call flavour,boot,$(B)/boot/include/.made))

$(B)/boot/include/.made:
	@mkdir -p $(@D)
	ln -sfn /usr/include/linux $(@D)/linux
	ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	ln -sfn /usr/include/$(shell $(CC) -print-multiarch)/asm $(@D)/asm
	@touch $@

# Unit tests: each tests/unit/x.c is one program, linked with core and with
# the tool's objects except its main.
UNIT_OBJS := $(CORE:src/%.c=$(B)/test/%.o) \
	$(patsubst src/%.c,$(B)/test/%.o,$(filter-out src/tool/main.c,$(TOOL)))
$(B)/unit/%: tests/unit/%.c $(UNIT_OBJS) $(B)/test/libmbed.a Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(test_CFLAGS) -Itests/unit -o $@ $< $(UNIT_OBJS) \
		$(B)/test/libmbed.a $(host_LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(B)
