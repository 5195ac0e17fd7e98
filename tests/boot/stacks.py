# SPDX-License-Identifier: MIT
"""What the boots of stacked images start from: images that lie over the
release one, or that one may not lie over; and a disk with a second store."""
import os

import base
import tap
from ocilayout import d, layer, tar

HELLO = b"hello\n" * 1000


class Stacks(base.Base):
    """The artefacts, with images for each case in the store."""

    def __init__(self):
        super().__init__()
        self.store = f"{base.DIR}/store"
        self._factory()
        root = d(".")
        opt = (d("opt"), d("opt/app"), tar("opt/app/hello", HELLO))
        usr = (d("usr"), d("usr/local"), tar("usr/local/hello", HELLO))
        self._sign("app", self._build(root, *opt), "other")
        self._build_as("local", root, *usr)
        self._lower("captures", os.mkdir)
        self._lower("hidden", lambda path: open(path, "wb").close())
        os.unlink(self.disk)
        base.run(tap.ROOTWRIGHT, "disk", "--store", self.store, "--output",
                 self.disk, "--label", "rootwright", "--size", "64M")
        self._places()
        for name in ("app", "one"):
            self.words["image_" + name] = base.object_path(self.words[name])

    def _factory(self):
        """The release one in a store of its own."""
        store, one = f"{base.DIR}/factory", self.words["one"]
        base.run(tap.ROOTWRIGHT, "build", "--for-boot", "--store", store,
                 f"{base.DIR}/tree-one")
        key = ("--key", f"{base.DIR}/trusted.key", "--cert",
               f"{base.DIR}/trusted.pem", "--store", store)
        base.run(tap.ROOTWRIGHT, "sign", *key, one)
        base.run(tap.ROOTWRIGHT, "release", "create", "--store", store,
                 "--name", "demo", "--version", "1", "--sequence", "1",
                 "--image", one)
        base.run(tap.ROOTWRIGHT, "release", "sign", *key, "demo", "1")
        self.words["factory"] = f"{base.DIR}/factory.img"
        base.run(tap.ROOTWRIGHT, "disk", "--store", store, "--output",
                 self.words["factory"], "--label", "factory")

    def _build(self, *members):
        return tap.run(tap.ROOTWRIGHT, "build", "--store", self.store, "-",
                       text=False, input=layer(*members))[1].decode().strip()

    def _build_as(self, name, *members):
        self.words[name] = self._build(*members)

    def _sign(self, name, digest, key):
        self.words[name] = digest
        base.run(tap.ROOTWRIGHT, "sign", "--key", f"{base.DIR}/{key}.key",
                 "--cert", f"{base.DIR}/{key}.pem", "--store", self.store,
                 digest)

    def _lower(self, name, make):
        """The release one with something in its root that is called 5e."""
        path = f"{base.DIR}/tree-one/5e"
        make(path)
        self.words[name] = base.run(
            tap.ROOTWRIGHT, "build", "--store", self.store, "--for-boot",
            f"{base.DIR}/tree-one").strip()
        (os.rmdir if os.path.isdir(path) else os.unlink)(path)
