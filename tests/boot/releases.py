# SPDX-License-Identifier: MIT
"""What the boots of releases start from."""
import hashlib
import os
import shutil

import base
import tap


def state(**fields):
    """The state file: one record that is valid."""
    text = "format=rootwright-state-1\n" + "".join(
        f"{key}={value}\n" for key, value in fields.items())
    text = text.ljust(4096 - 72, "\n").encode()
    return (f"sha256={hashlib.sha256(text).hexdigest()}\n".encode() + text
            + bytes(4096))


class Releases(base.Base):
    """The artefacts, with releases in the store."""

    def __init__(self):
        super().__init__()
        self.store, one, two = (f"{base.DIR}/store", self.words["one"],
                                self.words["two"])
        self._twin()
        self._make("demo", 1, one)
        self._make("demo", 2, two, "--preflight", "/data/victim")
        self._make("demo", 2, two, version="2b", store="other")
        self._make("locked", 1, one, *(
            word for argument in ("console", "quiet", "panic=-1",
                                  "no_timer_check", "systemd.unit=a.target")
            for word in ("--kernel-argument", argument)))
        self._make("stack", 1, one, "--image", two)
        self._make("modules", 1, self._modules())
        self._many()
        for n in "1", "2":
            self.words["r" + n] = f"/composefs/releases/demo/{n}"
        other = f"{base.DIR}/other/releases/demo/2b"
        self.words["manifest_2b"] = f"{other}/manifest"
        self.words["sig_2b"] = f"{other}/{self.words['trusted_id']}.p7s"
        self._states()
        os.unlink(self.disk)
        base.run(tap.ROOTWRIGHT, "disk", "--store", self.store, "--output",
                 self.disk, "--label", "rootwright", "--size", "64M")
        self._places()
        self.words["image_two"] = base.object_path(two)

    def _many(self):
        """What a table may have more, before the disk is made."""

    def _twin(self):
        """The key trusted under another certificate."""
        base.run("openssl", "req", "-x509", "-new", "-key",
                 f"{base.DIR}/trusted.key", "-days", "3650", "-subj",
                 "/CN=test key twin", "-out", f"{base.DIR}/twin.pem")
        with open(f"{base.DIR}/twin.pem", "rb") as f:
            self.certificates["twin"] = f.read()

    def _modules(self):
        """A tree with modules for a kernel that is not there."""
        tree = f"{base.DIR}/tree-one"
        os.makedirs(f"{tree}/usr/lib/modules/1.2.3")
        digest = base.run(tap.ROOTWRIGHT, "build", "--store", self.store,
                          "--for-boot", tree).strip()
        shutil.rmtree(f"{tree}/usr/lib/modules")
        return digest

    def _make(self, name, sequence, image, *more, version=None, store=None,
              keys=("trusted", "other")):
        version = version or str(sequence)
        if store:
            shutil.copytree(self.store, f"{base.DIR}/{store}", symlinks=True)
            shutil.rmtree(f"{base.DIR}/{store}/releases")
        store = f"{base.DIR}/{store or 'store'}"
        base.run(tap.ROOTWRIGHT, "release", "create", "--store", store,
                 "--name", name, "--version", version, "--sequence",
                 str(sequence), "--image", image, "--rollback-index",
                 str(sequence) if name == "demo" else "0", *more)
        where = f"{store}/releases/{name}/{version}"
        for key in keys:
            before = set(os.listdir(where))
            base.run(tap.ROOTWRIGHT, "release", "sign", "--key",
                     f"{base.DIR}/{key}.key", "--cert",
                     f"{base.DIR}/{key}.pem", "--store", store, name, version)
            made, = set(os.listdir(where)) - before
            self.words[key + "_id"] = made.removesuffix(".p7s")

    def _states(self):
        self.words["state"] = "/composefs/state"
        for name, fields in {
                "": {"blessed": 1, "floor": 1},
                "_2_blessed": {"blessed": 2, "floor": 2},
                "_floor": {"blessed": 1, "floor": 3},
                "_used_up": {"blessed": 1, "floor": 1, "trying": 2,
                             "tries_left": 0},
                "_unblessed": {"floor": 0, "trying": 2, "tries_left": 0},
                "_used_up_floor": {"floor": 2, "trying": 2,
                                   "tries_left": 0}}.items():
            path = f"{base.DIR}/state{name}"
            with open(path, "wb") as f:
                f.write(state(generation=7, name="demo", **fields))
            if name:
                self.words["state" + name] = path
        shutil.copy(f"{base.DIR}/state", f"{self.store}/state")


class Many(Releases):
    """And two more of one name than are looked at."""

    def _many(self):
        for n in range(1, 19):
            self._make("many", n, self.words["one"], keys=("trusted",))
