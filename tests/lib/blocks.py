# SPDX-License-Identifier: MIT
"""The blocks of a Markdown page: what is indented by four blanks, or stands
between fences. What the page shows has to be what a test runs."""
import re


class Block:
    """line: where it begins. info: the word behind the fence, or ""."""

    def __init__(self, heading, line, info, text):
        self.heading, self.line, self.info, self.text = \
            heading, line, info, text


def blocks(path):
    """All of them, in order."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    found, heading, n = [], "", 0
    while n < len(lines):
        start, line = n, lines[n]
        n += 1
        fence = re.match("```(.*)$", line)
        if fence:
            while lines[n] != "```":
                n += 1
            found.append(Block(heading, start + 1, fence[1],
                               "\n".join(lines[start + 1:n]) + "\n"))
            n += 1
        elif line.startswith("    ") and (not start or not lines[start - 1]):
            while n < len(lines) and re.match("    |$", lines[n]):
                n += 1
            text = "\n".join(l[4:] for l in lines[start:n]).rstrip("\n")
            found.append(Block(heading, start + 1, "", text + "\n"))
        elif re.match("#+ ", line):
            heading = line.lstrip("# ")
    return found
