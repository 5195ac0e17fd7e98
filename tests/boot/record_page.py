# SPDX-License-Identifier: MIT
"""What rootwright-boot(8) says about boot.json, beside a record: every key of
the one has to be in the other."""
import re

PAGE = "src/boot/rootwright-boot.8"


def documented():
    """{key of the record: keys below it}, as the list in the page has them."""
    keys, inside, top = {}, False, ()
    with open(PAGE, encoding="utf-8") as page:
        for line in page:
            if line.startswith("boot.json is one object"):
                inside = True
            elif inside and line.startswith(".El"):
                break
            # "Ns" joins key and value of boot.conf.
            elif inside and line.startswith(".") and " Ns " not in line:
                words = [w for part in re.findall(
                    r"\bCm ((?:[a-z_]+(?: , )?)+)", line)
                         for w in re.findall("[a-z_]+", part)]
                if line.startswith(".It"):
                    top = words
                    keys.update((w, set()) for w in words)
                else:
                    for w in top:
                        keys[w].update(words)
    return keys


def below(value):
    """All keys in a value, with those of keys (signed_by) as they are."""
    if isinstance(value, list):
        return set().union(*map(below, value))
    if isinstance(value, dict):
        return set(value).union(*map(below, value.values()))
    return set()


def problems(record, complete=None):
    """Sentences. complete: keys that may be missing; None: all of them may."""
    page, said = documented(), []
    key = page["image"] & {"file", "subject", "id", "development"}
    for name, value in record.items():
        if name not in page:
            said.append(f"boot.json: {name}: it is not in {PAGE}")
            continue
        for word in sorted(below(value) - page[name] - key):
            said.append(f"boot.json: {name}.{word}: it is not in {PAGE}")
    if complete is None:
        return said
    for name, words in page.items():
        if name not in record:
            if name not in complete:
                said.append(f"{PAGE}: {name}: it is not in boot.json")
            continue
        for word in sorted(words - below(record[name]) - key):
            if f"{name}.{word}" not in complete:
                said.append(f"{PAGE}: {name}.{word}: it is not in boot.json")
    return said
