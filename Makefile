# SPDX-License-Identifier: MIT
#
# One makefile. Flavours of the same source, each with its own objects:
#   host  glibc, linked into build/rootwright
#   boot  musl, static PIE, linked into build/rootwright-boot
#   test  host with ASan and UBSan, linked into the unit tests
#   fuzz  clang with libFuzzer, linked into the fuzz targets
# Everything that is made goes under $(B).

VERSION := 0.1.0
CLANG := clang
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/rootwright
MBEDTLS_SRC ?= $(firstword $(wildcard $(CACHE)/mbedtls-3.6.*))
FUZZ_SECONDS ?= 3

# CROSS=aarch64-linux-gnu- builds for another machine, below build/ in a
# directory of its own. Its libraries and headers are those that make
# deps-cross has put into the cache, else Debian's multiarch packages.
CROSS ?=
CC := $(CROSS)gcc
TRIPLET := $(or $(CROSS:%-=%),$(shell $(CC) -print-multiarch 2>/dev/null))
B ?= build$(CROSS:%-=/%)
SYSROOT ?= $(if $(CROSS),$(wildcard $(CACHE)/cross/$(TRIPLET)))
MUSL_NAME := $(subst gnu,musl,$(TRIPLET))
MUSL ?= $(SYSROOT)/usr/lib/$(MUSL_NAME)
MUSL_INC ?= $(SYSROOT)/usr/include/$(MUSL_NAME)

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/lib/rootwright
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/vendor-completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
TOOLSDIR ?= $(PREFIX)/share/initramfs-tools
DRACUTDIR ?= $(PREFIX)/lib/dracut/modules.d
KERNELDIR ?= $(PREFIX)/lib/kernel/install.d

.PHONY: all help deps deps-cross small-kernels check check-unit check-integration check-boot \
	check-distro fuzz \
	clang lint format size demo bench dev-key install clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

# V=1 shows the commands.
V ?= 0
ifeq ($(V),0)
Q := @
say = @echo '$(1) $@'
endif

ifneq ($(filter deps deps-cross small-kernels,$(MAKECMDGOALS)),)
# What deps fetches is looked for when a makefile is read. So the goals that
# are given together with deps are made afterwards, by a make of their own.
.NOTPARALLEL:
deps:
	$(Q)scripts/deps $(if $(filter check check-integration check-boot,$(MAKECMDGOALS)),cross) \
		$(if $(filter check-distro bench,$(MAKECMDGOALS)),systems)
deps-cross:
	$(Q)scripts/deps cross
small-kernels:
	$(Q)scripts/deps small
$(filter-out deps deps-cross small-kernels,$(MAKECMDGOALS)): \
		$(filter deps deps-cross small-kernels,$(MAKECMDGOALS))
	+$(MAKE) $@
else

CORE := $(sort $(wildcard src/core/*.c))
BOOT := $(sort $(wildcard src/boot/*.c))
TOOL := $(sort $(wildcard src/tool/*.c))
# What the boot program decides, verifies and mounts with, rootwright install and
# mount do too.
SHARED := $(addprefix src/boot/,config.c fs.c image.c layers.c memory.c root.c \
	watchdog.c)
UNIT := $(sort $(wildcard tests/unit/*.c))
FUZZ := $(sort $(wildcard tests/fuzz/*.c))
UNITS_SYSTEMD := $(sort $(wildcard systemd/*.service))
MAN := $(sort $(wildcard $(addsuffix /*.[1-8],src/* initrd dracut-module \
	initramfs-tools kernel-install)))
MBED := $(patsubst $(MBEDTLS_SRC)/library/%,%, \
	$(sort $(wildcard $(MBEDTLS_SRC)/library/*.c)))

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef -Wno-gnu-variable-sized-type-not-at-end
# What each machine has of its own: control-flow protection, SHA-2 instructions
# for mbedtls, and files of any size and date where a long has 32 bits.
MACHINE := $(firstword $(subst -, ,$(TRIPLET)))
MACHINE_x86_64 := -fcf-protection=full
MACHINE_aarch64 := -mbranch-protection=standard -mno-outline-atomics \
	-DMBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT \
	-DMBEDTLS_SHA512_USE_A64_CRYPTO_IF_PRESENT
MACHINE_arm := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Wno-format-truncation
# The prefix maps keep the place of the checkout out of the programs.
BASE := -std=gnu11 $(WARN) -Isrc -MMD -MP \
	-DMBEDTLS_CONFIG_FILE='"core/mbedtls_config.h"' \
	-isystem $(MBEDTLS_SRC)/include -D_GNU_SOURCE \
	-ffile-prefix-map=$(MBEDTLS_SRC)=mbedtls \
	-ffile-prefix-map=$(CURDIR)=. $(MACHINE_$(MACHINE))
TEST_CONFIG := -Itests/lib -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_test.h"'
OURS := -DRW_VERSION='"$(VERSION)"'

# Its C library, too, and not the compiler's own, which may be older.
SYSROOT_LIB := $(SYSROOT:%=%/usr/lib/$(TRIPLET))
SYSROOT_FLAG := $(SYSROOT:%=--sysroot=%) $(SYSROOT_LIB:%=-B% -L%)
, := ,
host_CC := $(CC)
host_CFLAGS := -O2 -g -fPIE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-pthread $(SYSROOT_FLAG)
host_LIBS := -lfsverity -lcrypto -lext2fs -lcom_err -lfdisk -luuid \
	-larchive -ljansson
test_CC := $(CC)
# No sanitizers in an emulated processor: qemu-user has not the room that they
# map. The same tests run under them on the build machine. What is emulated is
# slow, and so it is optimized.
test_SANITIZE := $(if $(CROSS),,-fsanitize=address,undefined \
	-fno-omit-frame-pointer -fno-sanitize-recover=all)
# With a loader and libraries that are where they are, qemu-user needs no -L, which
# would take / itself for the libraries' directory.
unit_LIBS := $(host_LIBS) $(if $(SYSROOT), \
	-Wl$(,)--dynamic-linker=$(firstword $(wildcard $(addprefix $(SYSROOT)/lib/,ld-linux-*.so.[0-9] ld64.so.1))) \
	-Wl$(,)--disable-new-dtags$(,)-rpath$(,)$(SYSROOT)/usr/lib/$(TRIPLET))
test_CFLAGS := $(if $(CROSS),-O2,-O1) -g $(test_SANITIZE) -pthread $(SYSROOT_FLAG) $(TEST_CONFIG)
fuzz_CC := $(CLANG)
fuzz_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-omit-frame-pointer -fno-sanitize-recover=all -pthread \
	$(TEST_CONFIG)
# musl's headers, and from the machine's only the kernel's. From 1.2.5 on musl
# has struct statx; then the kernel's header of it counts as included.
boot_CC := $(CC)
boot_STATX := $(if $(shell grep -s 'struct statx {' $(MUSL_INC)/sys/stat.h), \
	-D_LINUX_STAT_H -DSTATX_ATTR_MOUNT_ROOT=0x2000)
boot_HEADERS := -nostdinc -isystem $(MUSL_INC) -isystem $(B)/boot/include \
	$(boot_STATX)
boot_CFLAGS := -Os -flto -ffunction-sections -fdata-sections -fPIE \
	$(boot_HEADERS) -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
	-fstack-protector-strong -fstack-clash-protection \
	-ftrivial-auto-var-init=zero -fno-asynchronous-unwind-tables \
	-fno-unwind-tables
# Segments begin on pages, and ARM's linker takes the largest page that there
# can be: 64 KB, of which most would be empty. 32-bit kernels have 4 KB, arm64
# kernels 4 or 16 (a kernel with 64 KB cannot run the program); as even 16 are
# much in a program of 160 KB, there code and constants share theirs.
PAGES_aarch64 := -Wl,-z,noseparate-code,-z,max-page-size=16384
PAGES_arm := -Wl,-z,max-page-size=4096
# Nothing of ours prints a number with a fraction. musl's printf could, and where a
# long double has 128 bits that means 9 KB of arithmetic, which no hardware has.
# Who does it nevertheless aborts, which is a refusal.
FRACTIONS := addtf3 subtf3 multf3 eqtf2 netf2 extenddftf2 fixtfsi fixunstfsi \
	floatsitf floatunsitf
NO_FRACTIONS := -Wl,-u,abort $(FRACTIONS:%=-Wl,--defsym,__%=abort)
LINK_aarch64 := $(NO_FRACTIONS)
LINK_riscv64 := $(NO_FRACTIONS)
# gcc's own start of a static PIE with musl's start files: musl-gcc's specs would
# link Scrt1.o and leave an INTERP header. (-static-pie is not known for ARM.)
boot_LDFLAGS := -nostdlib -static -Oz -flto=auto -Wl,--gc-sections \
	-Wl,-pie,--no-dynamic-linker,-z,text \
	-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--build-id=none \
	$(PAGES_$(MACHINE)) $(LINK_$(MACHINE))
# gcc 12 calls a function to exchange a byte there.
ATOMIC_riscv64 = $(shell $(CC) -print-file-name=libatomic.a)
boot_START := $(MUSL)/rcrt1.o $(MUSL)/crti.o \
	$(shell $(CC) -print-file-name=crtbeginS.o 2>/dev/null)
boot_END := $(MUSL)/libc.a $(ATOMIC_$(MACHINE)) \
	$(shell $(CC) -print-libgcc-file-name 2>/dev/null) \
	$(shell $(CC) -print-file-name=crtendS.o 2>/dev/null) $(MUSL)/crtn.o

INITS := $(addprefix $(B)/rootwright,-launch -load -guard)
PROGRAMS := $(B)/rootwright $(B)/rootwright-boot $(INITS)
all: $(PROGRAMS) compat ## the programs

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/make \1@\2/p' Makefile | \
		awk -F@ '{ printf "%-24s %s\n", $$1, $$2 }'
	@echo 'Settings: CROSS= B=build V=1 DESTDIR= PREFIX=/usr VERSION= CC= CACHE= MBEDTLS_SRC='

$(B)/rootwright: $(TOOL:src/%.c=$(B)/host/%.o) $(CORE:src/%.c=$(B)/host/%.o) \
		$(SHARED:src/%.c=$(B)/host/%.o) $(B)/host/libmbed.a
	$(call say,LINK)
	$(Q)$(CC) $(host_CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(host_LIBS)

$(B)/rootwright-boot: $(BOOT:src/%.c=$(B)/boot/%.o) \
		$(CORE:src/%.c=$(B)/boot/%.o) $(B)/boot/libmbed.a
	$(call say,LINK)
	$(Q)$(CC) $(boot_LDFLAGS) -o $@.debug $(boot_START) $^ $(boot_END)
	$(Q)$(CROSS)strip -o $@ $@.debug

# The names of composefs' programs, for scripts that call those.
COMPAT_NAMES := composefs-info mkcomposefs composefs-dump
COMPAT_SBIN := mount.composefs
.PHONY: compat
compat: $(addprefix $(B)/compat/,$(COMPAT_NAMES) $(COMPAT_SBIN))
$(B)/compat/%: | $(B)/rootwright
	@mkdir -p $(@D)
	@ln -sfn ../rootwright $@

# What becomes /init; they need nothing of core.
$(B)/rootwright-%: initrd/%.c $(B)/boot/include/.made $(B)/boot/flags
	$(call say,LINK)
	$(Q)$(CC) $(BASE) $(boot_CFLAGS) $(boot_LDFLAGS) -MF $(B)/boot/$*.d \
		-o $@.debug $(boot_START) $< $(boot_END)
	$(Q)$(CROSS)strip -o $@ $@.debug

# /init of an initramfs by dracut; likewise.
$(B)/rootwright-guard: dracut-module/guard.c $(B)/boot/include/.made \
		$(B)/boot/flags
	$(call say,LINK)
	$(Q)$(CC) $(BASE) $(boot_CFLAGS) $(boot_LDFLAGS) -MF $(B)/boot/guard.d \
		-o $@.debug $(boot_START) $< $(boot_END)
	$(Q)$(CROSS)strip -o $@ $@.debug

# Guests: a static program that is all of an initramfs, for one boot test.
$(B)/guest-%: tests/boot/guest-%.c $(B)/boot/include/.made $(B)/boot/flags
	$(call say,LINK)
	$(Q)$(CC) $(BASE) $(boot_CFLAGS) $(boot_LDFLAGS) -MF $@.d -o $@ \
		$(boot_START) $< $(boot_END)

# stamp TEXT: the target holds this text, and is touched only to change it.
quoted = '$(subst ','\'',$(1))'
define stamp
@mkdir -p $(@D)
@echo $(quoted) | cmp -s - $@ || echo $(quoted) >$@
endef
$(B)/version: FORCE
	$(call stamp,$(VERSION))

# The compiler's own list of headers leaves out what mbedtls' headers include.
CONFIG := src/core/mbedtls_config.h

# Debian 12's libraries for armhf have times of 32 bits in their structures, and
# their headers do not say so.
TIMED_arm := libext2fs.so libarchive.so
.PHONY: $(TIMED_arm)
$(TIMED_arm):
	@$(CROSS)nm -D "$$($(CC) $(SYSROOT_FLAG) -print-file-name=$@)" | grep -q '__time64@' || { echo '$@: expected a library with times of 64 bits (Debian 13 or newer), found none or another: run make deps-cross, or name such libraries with SYSROOT=' >&2; exit 1; }

# The rules of each flavour. flags changes when the flags do, so that all is
# made again then.
define flavour
$(B)/$(1)/%.o: src/%.c $(B)/$(1)/flags $(B)/version $(CONFIG) $(2)
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$($(1)_CC) $$(BASE) $$(OURS) $$($(1)_CFLAGS) -c -o $$@ $$<

$(B)/$(1)/mbed/%.o: $(MBEDTLS_SRC)/library/%.c $(B)/$(1)/flags $(CONFIG) $(2)
	@mkdir -p $$(@D)
	@$$($(1)_CC) $$(filter-out $$(WARN),$$(BASE)) $$($(1)_CFLAGS) -w \
		-c -o $$@ $$<

$(B)/$(1)/libmbed.a: $(MBED:%.c=$(B)/$(1)/mbed/%.o)
	@rm -f $$@
	$$(call say,AR)
	$$(Q)$(CROSS)gcc-ar rcD $$@ $$^

$(B)/$(1)/flags: FORCE | mbedtls $(if $(filter host test,$(1)),$(TIMED_$(MACHINE)))
	$$(call stamp,$$($(1)_CC) $$(BASE) $$($(1)_CFLAGS))
endef
$(eval $(call flavour,host,))
$(eval $(call flavour,test,tests/lib/mbedtls_test.h))
$(eval $(call flavour,fuzz,tests/lib/mbedtls_test.h))
$(eval $(call flavour,boot,$(B)/boot/include/.made))

.PHONY: mbedtls
mbedtls:
	@test -f '$(MBEDTLS_SRC)/include/mbedtls/pkcs7.h' || { echo 'mbedtls 3.6: no source in "$(MBEDTLS_SRC)": run make deps, or say where it is with MBEDTLS_SRC=' >&2; exit 1; }

$(B)/boot/include/.made:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(SYSROOT)/usr/include/linux $(@D)/linux
	$(Q)ln -sfn $(SYSROOT)/usr/include/asm-generic $(@D)/asm-generic
	$(Q)ln -sfn $(SYSROOT)/usr/include/$(TRIPLET)/asm $(@D)/asm
	@touch $@

# A second compiler's warnings; nothing is linked.
CLANG_OBJS := $(patsubst src/%.c,$(B)/clang/%.o,$(CORE) $(BOOT) $(TOOL))
clang: $(CLANG_OBJS)
$(B)/clang/tool/%.o: src/tool/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) $(BASE) $(OURS) -O1 -pthread -c -o $@ $<
$(B)/clang/%.o: src/%.c Makefile $(B)/boot/include/.made
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) $(BASE) $(OURS) $(boot_HEADERS) -O1 -c -o $@ \
		-isystem $(shell $(CLANG) -print-resource-dir)/include $<

# Unit tests and fuzz targets: each source is one program, linked with core
# and with the tool's objects except its main.
PARTS := $(filter-out src/tool/main.c,$(CORE) $(SHARED) $(TOOL))
UNITS := $(UNIT:tests/%.c=$(B)/%)
FUZZERS := $(FUZZ:tests/%.c=$(B)/%)

$(B)/unit/%: tests/unit/%.c $(PARTS:src/%.c=$(B)/test/%.o) $(B)/test/libmbed.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(BASE) $(OURS) $(test_CFLAGS) -Itests/unit -o $@ $< \
		$(filter %.o %.a,$^) $(unit_LIBS)

$(B)/fuzz/%: tests/fuzz/%.c $(PARTS:src/%.c=$(B)/fuzz/%.o) $(B)/fuzz/libmbed.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CLANG) $(BASE) $(fuzz_CFLAGS) -fsanitize=fuzzer -o $@ \
		$(filter-out %.h,$^) $(host_LIBS)

# The boot program under ASan and UBSan, for what ends before a mount.
$(B)/rootwright-boot-sanitized: $(BOOT:src/%.c=$(B)/test/%.o) \
		$(CORE:src/%.c=$(B)/test/%.o) $(B)/test/libmbed.a
	$(call say,LINK)
	$(Q)$(CC) $(test_CFLAGS) -o $@ $^

# The same for other machines, those whose libraries make deps-cross has fetched:
# build/TRIPLET has what build has.
CROSSES := $(notdir $(wildcard $(CACHE)/cross/*-linux-*))
.PHONY: cross units $(CROSSES:%=cross-%)
cross: $(CROSSES:%=cross-%) ## programs for other machines that are tested
$(CROSSES:%=cross-%): cross-%:
	$(Q)$(MAKE) CROSS=$*- B=$(B)/$* all units
units: $(UNITS)

# What the tests need besides themselves.
GUESTS := $(patsubst tests/boot/guest-%.c,$(B)/guest-%, \
	$(sort $(wildcard tests/boot/guest-*.c)))
SANITIZED := $(B)/rootwright-boot-sanitized
TESTED := all $(UNITS) $(GUESTS) $(SANITIZED) cross
INTEGRATION := $(sort $(wildcard tests/integration/*.t))
BOOTS := $(sort $(wildcard tests/boot/*.t))
DISTRO := $(sort $(wildcard tests/distro/*.t tests/uki/*.t))
export B CACHE MBEDTLS_SRC VERSION

check: lint clang fuzz $(TESTED) ## every test; the last lines sum them up
	$(Q)tests/run $(UNITS) $(INTEGRATION) $(BOOTS)
check-unit: $(UNITS) ## the unit tests, under ASan and UBSan
	$(Q)tests/run $(UNITS)
check-integration: all $(SANITIZED) ## the tests of the programs
	$(Q)tests/run $(INTEGRATION)
check-boot: all $(GUESTS) cross ## the boots in QEMU
	$(Q)tests/run $(BOOTS)
check-distro: all ## whole systems, booted in QEMU
	$(Q)tests/run $(DISTRO)
fuzz: $(FUZZERS) ## each fuzz target for FUZZ_SECONDS= (3)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FUZZERS)

demo: all dev-key ## a whole verified boot, and two refused (DEMO=shell)
	$(Q)scripts/demo

HASHING := $(filter src/tool/hash% src/tool/compute% src/tool/threads.c \
	src/tool/progress.c \
	src/core/digest.c src/core/err.c src/core/text.c,$(TOOL) $(CORE))
$(B)/bench-hash: bench/hash.c $(HASHING:src/%.c=$(B)/host/%.o)
	$(call say,LINK)
	$(Q)$(CC) $(BASE) $(host_CFLAGS) -pie -o $@ $(filter-out %.h,$^) \
		-lfsverity -lcrypto

# Never part of check. ROUNDS=5
ROUNDS ?= 5
bench: all $(B)/bench-hash ## building and booting beside other ways (docs/bench-*.md)
	$(Q)$(B)/bench-hash
	$(Q)bench/build --rounds $(ROUNDS)
	$(Q)bench/peers || echo 'bench: ostree and QEMU of sid are left out' >&2
	$(Q)bench/boot --rounds $(ROUNDS)
	$(Q)bench/initramfs --rounds $(ROUNDS)
	$(Q)bench/distro --rounds $(ROUNDS)
	$(Q)bench/objects --rounds $(ROUNDS)
	$(Q)bench/stacks --rounds $(ROUNDS)

# A plain private key: for demonstrations and tests only (keys/README.md).
dev-key: $(B)/keys/development.pem ## a development key, if there is none
$(B)/keys/development.pem:
	$(Q)keys/make-key --development $(@:.pem=)

lint: ## format, shell scripts, man pages, sizes, licences
	$(Q)scripts/lint
format: ## clang-format all C files
	clang-format -i $(wildcard src/*/*.[ch] tests/*/*.[ch] initrd/*.[ch] dracut-module/*.[ch])
size: all ## lines of the trusted path (README's table too), bytes of its program
	@scripts/trusted --write
	@scripts/count $(sort $(wildcard src/core/*.[ch] src/boot/*.[ch]))
	@size $(B)/rootwright-boot
	@stat -c '%n: %s bytes' $(B)/rootwright-boot

install: all ## DESTDIR=, PREFIX=, COMPAT=1: composefs' names too
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) \
		$(DESTDIR)$(LIBEXECDIR)/initrd $(DESTDIR)$(LIBEXECDIR)/keys
	install -m 755 $(B)/rootwright $(DESTDIR)$(BINDIR)
	install -m 755 $(B)/rootwright-boot $(DESTDIR)$(SBINDIR)
	[ '$(COMPAT)' != 1 ] || for name in $(COMPAT_NAMES); do \
		ln -sfn rootwright $(DESTDIR)$(BINDIR)/$$name || exit 1; \
	done
	[ '$(COMPAT)' != 1 ] || for name in $(COMPAT_SBIN); do \
		ln -sfnr $(DESTDIR)$(BINDIR)/rootwright \
			$(DESTDIR)$(SBINDIR)/$$name || exit 1; \
	done
	install -m 755 initrd/mkinitrd $(DESTDIR)$(SBINDIR)/rootwright-initrd
	install -m 755 $(INITS) $(DESTDIR)$(LIBEXECDIR)/initrd
	install -d $(DESTDIR)$(DRACUTDIR)/50rootwright
	install -m 644 dracut-module/50rootwright/* \
		$(DESTDIR)$(DRACUTDIR)/50rootwright
	chmod 755 $(DESTDIR)$(DRACUTDIR)/50rootwright/*.sh
	install -D -m 755 initramfs-tools/hook \
		$(DESTDIR)$(TOOLSDIR)/hooks/rootwright
	install -D -m 644 initramfs-tools/conf-hook \
		$(DESTDIR)$(TOOLSDIR)/conf-hooks.d/rootwright
	install -D -m 644 -t $(DESTDIR)$(LIBEXECDIR)/initramfs-tools \
		$(addprefix initramfs-tools/,init functions mountroot switch_root)
	install -m 644 initrd/init $(DESTDIR)$(LIBEXECDIR)/initrd
	install -m 755 keys/make-key $(DESTDIR)$(LIBEXECDIR)/keys
	install -m 644 keys/openssl.cnf $(DESTDIR)$(LIBEXECDIR)/keys
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(UNITS_SYSTEMD); do \
		sed 's|/usr/bin/|$(BINDIR)/|' $$unit | install -m 644 \
			/dev/stdin $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	install -D -m 644 systemd/systemd-journal-flush.service.d/10-rootwright.conf \
		$(DESTDIR)$(UNITDIR)/systemd-journal-flush.service.d/10-rootwright.conf
	for page in $(MAN); do \
		install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} $$page \
			|| exit 1; \
	done
	install -D -m 755 kernel-install/rootwright.install \
		$(DESTDIR)$(KERNELDIR)/59-rootwright.install
	ln -sfn 59-rootwright.install \
		$(DESTDIR)$(KERNELDIR)/91-rootwright.install
	install -D -m 644 completions/rootwright.bash \
		$(DESTDIR)$(BASHDIR)/rootwright
	ln -sfn rootwright $(DESTDIR)$(BASHDIR)/rootwright-initrd
	ln -sfn rootwright $(DESTDIR)$(BASHDIR)/rootwright-boot
	install -D -m 644 completions/_rootwright $(DESTDIR)$(ZSHDIR)/_rootwright

clean: ## removes what was made
	rm -rf $(B)

deps: ## installs and fetches what the goals named after it need
deps-cross: ## also what CROSS=aarch64-linux-gnu- needs
small-kernels: ## builds kernels without modules, for the boots of small devices

# The trees of the demo and the benchmark have files of that name, too.
-include $(shell find $(B) \( -path $(B)/demo -o -path $(B)/bench -o -path $(B)/distro \) -prune -o -type f -name '*.d' -print \
	2>/dev/null)
endif
