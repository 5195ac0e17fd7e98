# SPDX-License-Identifier: MIT
"""OCI image layouts for tests: layers out of tar members, manifests, an index.

    oci = Layout(f"{T}/oci")
    oci.index(oci.image(layer(d("."), tar("f", b"1")), layer(tar(".wh.f"))))
"""
import gzip
import hashlib
import io
import json
import os
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF = "org.opencontainers.image.ref.name"


def tar(name, content=b"", **kwargs):
    """A member: a file, or with content None a directory."""
    m = tarfile.TarInfo(name)
    m.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    m.mode = 0o755 if content is None else 0o644
    m.size = len(content or b"")
    m.mtime = 1
    for key, value in kwargs.items():
        setattr(m, key, value)
    return m, content


def d(name, **kwargs):
    return tar(name, None, **kwargs)


def link(name, target):
    return tar(name, type=tarfile.LNKTYPE, linkname=target)


def layer(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for m, content in members:
            t.addfile(m, io.BytesIO(content) if content else None)
    return out.getvalue()


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Layout:
    def __init__(self, path):
        self.path = path

    def blob(self, data, media):
        """Writes it; returns its descriptor."""
        digest = sha256(data)
        os.makedirs(f"{self.path}/blobs/sha256", exist_ok=True)
        with open(f"{self.path}/blobs/sha256/{digest[7:]}", "wb") as f:
            f.write(data)
        return {"mediaType": media, "digest": digest, "size": len(data)}

    def image(self, *layers, tag="one", media=LAYER, ids=None,
              config_media=CONFIG, settings=None, **more):
        """Writes the blobs; returns the entry for the index."""
        if ids is None:
            ids = [sha256(gzip.decompress(data) if data[:2] == b"\x1f\x8b"
                          else data) for data in layers]
        text = json.dumps({**(settings or {}), "rootfs": {"type": "layers",
                                                        "diff_ids": ids}})
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.blob(text.encode(), config_media),
                    "layers": [self.blob(data, media) for data in layers],
                    **more}
        entry = self.blob(json.dumps(manifest).encode(), MANIFEST)
        entry["annotations"] = {REF: tag}
        return entry

    def nest(self, *entries, **more):
        """An index in a blob; returns the entry for the index it is in."""
        return self.blob(json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                                     "manifests": entries, **more}).encode(),
                         INDEX)

    def index(self, *entries):
        with open(f"{self.path}/oci-layout", "w") as f:
            f.write('{"imageLayoutVersion":"1.0.0"}')
        with open(f"{self.path}/index.json", "w") as f:
            json.dump({"schemaVersion": 2, "manifests": list(entries)}, f)
