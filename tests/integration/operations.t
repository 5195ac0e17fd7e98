#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/operations.md: its blocks, one after another, do what the page says,
and its table has every reason of a refusal and no other."""
import os
import re
import sys
import tempfile

sys.path.insert(0, "tests/lib")
from blocks import blocks  # noqa: E402
from tap import B, done, equal, has, ok, run  # noqa: E402

PAGE = "docs/operations.md"
HERE = os.getcwd()
PROGRAM = os.path.abspath(f"{B}/rootwright")
# What README.md has left: three releases in the store, the first two of them
# on the device, which has declared the second good.
BEFORE = """
cp -r {here}/keys keys
mkdir -p config/release-keys.d tree secrets
keys/make-key --name 'Example Ltd. releases' secrets/release
cp secrets/release.pem config/release-keys.d/
printf '%s\\n' trust=release release=web store=LABEL=rootwright >config/boot.conf
for n in 1 2 3; do
	echo "version $n, and more than the 64 bytes that an image would take in" >tree/version
	digest=$(rootwright build --store store tree)
	rootwright release create --store store --name web --version $n \\
		--sequence $n --image "$digest"
	rootwright release sign --key secrets/release.key \\
		--cert secrets/release.pem --store store web $n
done
rootwright export --store store --release web 1 --release web 2 before
rootwright install --store /store --release web 1 --release web 2 before
cat >boot.json <<END
{{"format":"rootwright-boot-1","trust":"release",
"release":{{"name":"web","version":"2","sequence":2,"rollback_index":0}},
"floor":{{"active":0,"baked":0,"stored":0,"source":"policy"}},
"store":{{"device":"/dev/none","fstype":"ext4","path":"/composefs"}}}}
END
rootwright bless --store /store --boot-record boot.json
"""
# What each block leaves to be seen, by its first line.
AFTER = {
    "rootwright export": ("ls device/releases/web", "1\n2\n3\n"),
    "rootwright release remove --store /store web 1": (
        "ls device/releases/web", "2\n3\n"),
    "rootwright release remove --store /store web 3": (
        "ls device/releases/web", "2\n"),
    "rootwright release create": (
        "grep rollback_index store/releases/web/4/manifest",
        "rollback_index=4\n"),
    "keys/make-key": ("ls config/release-keys.d", "release.pem\nsecond.pem\n"),
    "rootwright release sign": ("ls store/releases/web/4 | grep -c p7s",
                                "1\n"),
    "mkdir -p config/revoked.d": ("ls config/release-keys.d", "second.pem\n"),
    "rootwright check": ("ls device/releases/web", "2\n"),
}


def follow(place):
    """All blocks, in one shell; what is seen after each is on its stdout
    between lines of ====."""
    text = BEFORE.format(here=HERE)
    seen = []
    for block in blocks(PAGE):
        line = block.text.split("\n", 1)[0]
        if line == "rootwright status":  # needs a verified root
            continue
        text += block.text
        looks = [k for k in AFTER if line.startswith(k)]
        seen += looks
        for look in looks:
            text += f"echo; echo ====; {AFTER[look][0]}; echo ====\n"
    text = re.sub(r"(?<= )/store\b", "device", text).replace(
        "rootwright install", "rootwright install --config config")
    equal(seen, list(AFTER), "the page's blocks are those that are known here")
    code, out, err = run("bash", "-eu", "-c", text, cwd=place, env=dict(
        os.environ, PATH=os.pathsep.join([os.path.abspath(B),
                                          os.environ["PATH"]])))
    ok(code == 0, "the page works as pasted", out[-2000:] + err[-3000:])
    found = out.split("====\n")[1::2]
    equal(found, [AFTER[look][1] for look in seen],
          "and each block leaves what it says")
    return err


def reasons():
    with open("src/core/reason.h", encoding="ascii") as f:
        known = re.findall(r'^\tX\([A-Z_]*, "([a-z-]*)"', f.read(), re.M)
    with open(PAGE, encoding="utf-8") as f:
        table = f.read().split("## What a refusal means")[1]
    rows = [line.split("|")[1] for line in table.splitlines()
            if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall("`([a-z-]+)`", row)]
    equal(sorted(listed), sorted(set(known) - {"failed"}),
          "the table has each reason once")


def main():
    reasons()
    with tempfile.TemporaryDirectory(prefix="rw-operations-") as place:
        said = follow(place)
    has(said, "release web 2: declared good", "the device was blessed")
    done()


main()
