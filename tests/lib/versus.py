# SPDX-License-Identifier: MIT
"""One image, made by rootwright build and by mkcomposefs: the same bytes,
the same digest, and fsck.erofs takes it. What differs is kept under
$B/NAME/, with the label (a seed, say) in the files' names."""
import os
import shutil

import tap


class Versus:
    """The comparisons of one test."""

    def __init__(self, name):
        self.kept = os.path.join(tap.B, name)

    def keep(self, label, files, why):
        """False, said and kept."""
        os.makedirs(self.kept, exist_ok=True)
        for path in files:
            if os.path.isfile(path):
                shutil.copy(path, os.path.join(
                    self.kept, f"{label}-{os.path.basename(path)}"))
        tap.note(f"{label}: {why}; kept in {self.kept}")
        return False

    def compare(self, label, tmp, text, build, reference, fsck=True,
                more=None):
        """Arguments of both, without their outputs, which are made in tmp
        and removed when they are the same. text: a file that is kept, too.
        more: asked of our image at last; True, or what is wrong."""
        ours, theirs = os.path.join(tmp, "ours"), os.path.join(tmp, "theirs")
        code, printed, err = tap.run(tap.ROOTWRIGHT, "build", "--output",
                                     ours, *build)
        if code != 0:
            return self.keep(label, [text], f"rootwright build: {err}")
        code, digest, err = tap.oracle("mkcomposefs", "--print-digest",
                                       *reference, theirs)
        if code != 0:
            return self.keep(label, [text, ours], f"mkcomposefs: {err}")
        with open(ours, "rb") as a, open(theirs, "rb") as b:
            same = a.read() == b.read()
        if not same:
            return self.keep(label, [text, ours, theirs], "bytes differ")
        if printed != digest:
            return self.keep(label, [ours], f"digest {printed}, want {digest}")
        code, out, err = tap.oracle("fsck.erofs", ours) if fsck else (0,) * 3
        if code != 0:
            return self.keep(label, [text, ours], f"fsck.erofs: {out}{err}")
        found = more(ours) if more else True
        if found is not True:
            return self.keep(label, [text, ours], found)
        os.unlink(ours)
        os.unlink(theirs)
        return True
