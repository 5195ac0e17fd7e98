# SPDX-License-Identifier: MIT
"""Stores with releases, for the tests of what moves and removes them."""
import os

from tap import ROOTWRIGHT, run


# Some key's signature over something.
with open("tests/fuzz/corpus/signature/ec.p7s", "rb") as _file:
    SIGNATURE = _file.read()


def build(store, tree, files):
    """An image of a new tree with these files; its digest."""
    os.mkdir(tree)
    for name, content in files.items():
        with open(f"{tree}/{name}", "w", encoding="ascii") as out:
            out.write(content)
    return run(ROOTWRIGHT, "build", "--store", store, tree)[1].strip()


def manifest(name, version, sequence, *images, rollback_index=1):
    return ("format=rootwright-release-1\n"
            f"name={name}\nversion={version}\nsequence={sequence}\n"
            f"rollback_index={rollback_index}\nalgorithm=sha256\n"
            f'images="{" ".join(images)}"\n')


def release(store, name, version, sequence, *images, signature=SIGNATURE,
            **kwargs):
    """Writes a release by hand."""
    where = f"{store}/releases/{name}/{version}"
    os.makedirs(where)
    with open(f"{where}/manifest", "w", encoding="ascii") as f:
        f.write(manifest(name, version, sequence, *images, **kwargs))
    with open(f"{where}/0123456789abcdef.p7s", "wb") as f:
        f.write(signature)


def names(top):
    """Every name below a directory but directories."""
    return sorted(os.path.relpath(os.path.join(d, f), top)
                  for d, ds, fs in os.walk(top)
                  for f in fs + [x for x in ds
                                 if os.path.islink(os.path.join(d, x))])


def contents(top):
    """The same, with what is in each; links with where they lead."""
    def content(path):
        if os.path.islink(path):
            return os.readlink(path)
        with open(path, "rb") as f:
            return f.read()
    return {name: content(f"{top}/{name}") for name in names(top)}
