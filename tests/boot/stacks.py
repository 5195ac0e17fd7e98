# SPDX-License-Identifier: MIT
"""What the boots of stacked images start from: images that lie over the
release one, or that one may not lie over."""
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
