# SPDX-License-Identifier: MIT
"""The table: one line (or a few) is one boot. See expect.Case for what each
part means. Words in braces: {one} {two} digests of the two releases, {half}
and {upper} of the first; {image_one} {signature_one} {init_one} {libc}
{victim} paths of files on the disk; {nowhere} a digest of nothing; {disk},
{raw_signature} and {file_...} files of the host; {uuid} {partuuid}
{partlabel} of the store; {sector_...} where things are on the disk; {noise}
and {liar} digests of two images that are not what they should be
(forge.py). versions and filesystems are the
tables of kernels.t, which has {tree} too: where the store is on the host."""
from cases import (arguments, failure, good, image, kernel, lockdown, noshell,
                   objects, policy, signature, store)

CASES = sum((table.CASES for table in (
    good, arguments, policy, image, signature, objects, store, kernel,
    failure, noshell, lockdown)), [])
