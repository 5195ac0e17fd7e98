#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Yocto layer, without BitBake, of which Debian has no package: its files
as tests/lib/bitbake.py reads them, strictly; what its recipes run, with the
variables that OE-core would give them; and the class's image step on a real
root file system."""
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, "tests/lib")
import embedded
from bitbake import LAYER, Recipe, expand, image_step
from blocks import blocks
from tap import *

# What BitBake and OE-core define.
THEIRS = set("""LAYERDIR TOPDIR BP PV PN S D WORKDIR CC CPPFLAGS LDFLAGS
HOST_PREFIX HOST_SYS STAGING_DIR_HOST STAGING_LIBDIR STAGING_INCDIR bindir
sbindir libdir includedir mandir prefix DEPLOYDIR DEPLOY_DIR_IMAGE
KERNEL_IMAGETYPE KERNELORG_MIRROR IMAGE_ROOTFS IMGDEPLOYDIR
IMAGE_NAME""".split())
MUST = {"bb": {"SUMMARY", "LICENSE"}, "bbclass": set(), "conf": set(),
        "inc": {"LICENSE", "LIC_FILES_CHKSUM", "SRC_URI"}}


def read_all():
    files = [p for kind in MUST for p in
             glob.glob(f"{LAYER}/**/*.{kind}", recursive=True)]
    ok(len(files) >= 8, "the layer's files are found", files)
    recipes = {}
    for path in files:
        try:
            recipes[os.path.basename(path)] = Recipe(path)
            ok(True, f"{path}: can be read")
        except ValueError as e:
            ok(False, f"{path}: can be read", e)
    own = {re.split(r"[:\[]", name)[0] for r in recipes.values()
           for name in r.variables}
    for name, recipe in recipes.items():
        equal(recipe.names() - own - THEIRS, set(),
              f"{name}: each variable is ours or OE-core's")
        missing = MUST[name.rsplit(".", 1)[1]] - set(recipe.variables)
        equal(missing, set(), f"{name}: says what it has to")
        for function, body in recipe.functions.items():
            code, _, err = run("sh", "-n", "-c", body)
            ok(code == 0, f"{name}: {function} is shell", err)
            ok("\t" not in body, f"{name}: {function}: blanks, as OE has it")
    return recipes


def facts(recipes):
    """What is also said elsewhere."""
    md5 = run("md5sum", "LICENSE")[1].split()[0]
    tool = recipes["rootwright_0.1.0.bb"].variables
    has(tool["LIC_FILES_CHKSUM"], f"md5={md5}", "our licence")
    with open("Makefile", encoding="ascii") as f:
        version = re.search("^VERSION := (.*)$", f.read(), re.M)[1]
    for name in "rootwright", "rootwright-boot":
        ok(f"{name}_{version}.bb" in recipes, f"{name}: our version")
    with open("buildroot/package/rootwright-mbedtls/rootwright-mbedtls.hash",
              encoding="ascii") as f:
        has(f.read(), tool["SRC_URI[mbedtls.sha256sum]"],
            "mbedtls: the hash that Buildroot's package has")
    with open("buildroot/package/libfsverity/libfsverity.hash",
              encoding="ascii") as f:
        has(f.read(), recipes["fsverity-utils_1.6.bb"].variables[
            "SRC_URI[sha256sum]"], "fsverity-utils: the same")
    for file in re.findall(r"file://([\w.]+);", tool["SRC_URI"]):
        ok(os.path.exists(file), f"SRC_URI: {file} is in the checkout")
    for name in "rootwright_0.1.0.bb", "fsverity-utils_1.6.bb":
        equal(recipes[name].variables["BBCLASSEXTEND"], "native nativesdk",
              f"{name}: for the build machine and the SDK, too")
    layer = recipes["layer.conf"].variables
    equal(layer["ROOTWRIGHT_SRC"], "${LAYERDIR}/../..", "the checkout")
    ok(os.path.exists(f"{LAYER}/../../Makefile"), "is where it should be")
    equal(sorted(glob.glob(f"{LAYER}/recipes-*/*/*.bb")), sorted(
        glob.glob(f"{LAYER}/**/*.bb", recursive=True)),
        "BBFILES finds each recipe")


def dependencies(recipes):
    """${@...} of the class, in each configuration."""
    image = recipes["rootwright-image.bbclass"].variables
    base = {"DEPLOY_DIR_IMAGE": "/d", "TOPDIR": "/t", "MACHINE": "m"}
    for chosen, where, words, multi in (
            ({}, "/d", "rootwright-boot:do_deploy", ""),
            ({"ROOTWRIGHT_FIT_KEYS": "/k"}, "/d", "virtual/kernel:do_deploy "
             "u-boot-tools-native:do_populate_sysroot", ""),
            ({"ROOTWRIGHT_BOOT_CONFIG": "rootwright-musl"},
             "/t/tmp-rootwright-musl/deploy/images/m",
             "rootwright-native:do_populate_sysroot",
             "mc::rootwright-musl:rootwright-boot:do_deploy")):
        variables = {**base, **chosen}
        name = " ".join(chosen) or "by default"
        equal(expand(image["ROOTWRIGHT_BOOT_DIR"], variables), where,
              f"the boot program's place: {name}")
        depends = expand(image["do_image_rootwright[depends]"], variables)
        has(" ".join(depends.split()), words, f"depends: {name}")
        equal("rootwright-boot:do_deploy" in depends, not multi,
              f"depends on this configuration's boot program: {name}")
        equal(expand(image["do_image_rootwright[mcdepends]"],
                     variables).strip(),
              multi, f"mcdepends: {name}")
    conf = recipes["rootwright-musl.conf"].variables
    equal((conf["TCLIBC"], conf["TMPDIR"]),
          ("musl", "${TOPDIR}/tmp-rootwright-musl"), "the second one")


def readme(place):
    """What README.md says to write into a recipe or a configuration is
    understood, and the class or the layer knows it."""
    known = Recipe(f"{LAYER}/classes/rootwright-image.bbclass").variables
    found = blocks(f"{LAYER}/README.md")
    equal(len(found), 2, "README.md: two blocks")
    for n, block in enumerate(found):
        path = f"{place}/block{n}.bb"
        with open(path, "w", encoding="ascii") as f:
            f.write(block.text)
        recipe = Recipe(path)
        equal([v for v in recipe.variables
               if v.startswith("ROOTWRIGHT_") and v not in known], [],
              f"README.md: block {n}: its variables are the class's")
        for name in (*recipe.inherits, recipe.variables.get("BBMULTICONFIG")):
            ok(not name or glob.glob(f"{LAYER}/**/{name}.*", recursive=True),
               f"README.md: block {n}: {name} is there")


def tasks(recipes, place):
    """do_compile by make -n, do_install and do_deploy for real."""
    mbedtls, = glob.glob(f"{CACHE}/mbedtls-3.6.*")
    source = f"{place}/rootwright-0.1.0"
    os.makedirs(f"{source}/out")
    for file in ("Makefile", "src", "initrd", "keys"):
        os.symlink(os.path.abspath(file), f"{source}/{file}")
    os.symlink(mbedtls, f"{source}/mbedtls-3.6.6")
    for program in ("rootwright", "rootwright-boot", "rootwright-launch",
                    "rootwright-load"):
        shutil.copy(f"{B}/{program}", f"{source}/out")
    triplet = run("gcc", "-dumpmachine")[1].strip()
    variables = {"CC": f"{triplet}-gcc", "CPPFLAGS": "", "LDFLAGS": "",
                 "HOST_PREFIX": f"{triplet}-", "HOST_SYS": triplet,
                 "S": source, "STAGING_DIR_HOST": "/", "STAGING_LIBDIR":
                 "/usr/lib", "STAGING_INCDIR": "/usr/include",
                 "D": f"{place}/D", "DEPLOYDIR": f"{place}/deploy",
                 "bindir": "/usr/bin", "sbindir": "/usr/sbin",
                 "prefix": "/usr", "MBEDTLS": "mbedtls-3.6.6"}
    os.makedirs(f"{place}/deploy")
    env = {k: v for k, v in os.environ.items()
           if k not in ("B", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VERSION",
                        "MBEDTLS_SRC")}

    def task(name, function):
        recipe = recipes[name]
        extra = re.sub(r"\$\{(\w+)\}", lambda m: variables[m[1]],
                       recipe.variables["EXTRA_OEMAKE"])
        script = f"oe_runmake() {{ make -n V=1 {extra} \"$@\"; }}\n" + \
            recipe.functions[function]
        code, said, err = run("sh", "-eu", "-c", script, cwd=source,
                              env={**env, **variables})
        ok(code == 0, f"{name}: {function}", said[-1000:] + err[-1000:])
        return said

    for name, program in (("rootwright_0.1.0.bb", "rootwright"),
                          ("rootwright-boot_0.1.0.bb", "rootwright-boot")):
        ok(re.search(rf"-o out/{program}\b", task(name, "do_compile")),
           f"{name}: our makefile takes it")
    task("rootwright_0.1.0.bb", "do_install")
    task("rootwright_0.1.0.bb", "do_install:append:class-native")
    task("rootwright-boot_0.1.0.bb", "do_deploy")
    for file in ("D/usr/bin/rootwright", "D/usr/sbin/rootwright-initrd",
                 "D/usr/lib/rootwright/initrd/init",
                 "deploy/rootwright-boot", "deploy/rootwright-launch",
                 "deploy/rootwright-load"):
        ok(os.path.exists(f"{place}/{file}"), f"{file} is there")


def step(place):
    """The class's step with all that can be chosen, and what it refuses."""
    deploy = f"{place}/deploy"
    embedded.programs(f"{place}/host")
    embedded.root_tar(f"{place}/rootfs.tar")
    embedded.keys(place)
    embedded.policy(f"{place}/policy", "trust=digest+signature\n"
                    "store=LABEL=rootwright\n")
    shutil.copy(f"{place}/images.pem", f"{place}/policy/keys.d")
    for name in "kernel", "dtb":
        with open(f"{place}/{name}", "wb") as f:
            f.write(name.encode() * 1000)
    chosen = {"ROOTWRIGHT_POLICY": f"{place}/policy",
              "ROOTWRIGHT_BOOT_DIR": deploy,
              "ROOTWRIGHT_KEY": f"{place}/images.key",
              "ROOTWRIGHT_CERT": f"{place}/images.pem",
              "ROOTWRIGHT_DISK_SIZE": "32M", "ROOTWRIGHT_FIT_KEYS": place,
              "ROOTWRIGHT_FIT_ITS": os.path.abspath(
                  "buildroot/board/rootwright/fit.its"),
              "ROOTWRIGHT_KERNEL": f"{place}/kernel",
              "ROOTWRIGHT_FIT_DTB": f"{place}/dtb"}
    code, err = image_step(place, f"{place}/rootfs.tar", chosen)
    ok(code == 0, "the class's step", err)
    with open(f"{deploy}/image.rootwright.digest", encoding="ascii") as f:
        digest = f.read().strip()
    embedded.whole("the class", f"{deploy}/image.rootwright.img", digest)
    equal(os.path.getsize(f"{deploy}/image.rootwright.img"), 32 << 20,
          "the class: the size of the disk")
    found = embedded.entries("the class",
                             f"{deploy}/image.rootwright.initrd")
    embedded.pinned("the class", found, digest)
    ok("etc/rootwright/keys.d/images.pem" in found,
       "the class: the certificate is in the initramfs")
    has(run("dumpimage", "-l", f"{deploy}/image.rootwright.fit")[1],
        "Sign algo:    sha256,rsa3072:fit", "the class: a signed FIT")
    for name, value, words in (
            ("ROOTWRIGHT_POLICY", "/nowhere", "ROOTWRIGHT_POLICY: expected a "
             "directory with boot.conf, found '/nowhere'"),
            ("ROOTWRIGHT_DISK_SIZE", "1M", " found --size of 1048576"),
            ("ROOTWRIGHT_KEY", "/nowhere", "/nowhere")):
        for file in glob.glob(f"{deploy}/image.*"):
            os.unlink(file)
        code, err = image_step(place, f"{place}/rootfs.tar",
                               {**chosen, name: value})
        ok(code != 0 and words in err, f"{name}={value}: refused", err)
        equal(glob.glob(f"{deploy}/image.*"), [],
              f"{name}={value}: nothing is deployed")


RECIPES = read_all()
facts(RECIPES)
dependencies(RECIPES)
with tempfile.TemporaryDirectory(prefix="rw-yocto-") as T:
    readme(T)
    tasks(RECIPES, T)
    step(T)
done()
