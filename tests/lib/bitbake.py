# SPDX-License-Identifier: MIT
"""As much of BitBake's language as our layer uses, strictly: a line that is
none of these forms is an error. And its image step, run by a shell as a task
would run it."""
import os
import re

from tap import run

LAYER = "yocto/meta-rootwright"
FORMS = (
    ("set", r'([A-Za-z_][\w:${}.-]*)(?:\[([\w.]+)\])?\s*'
            r'(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*"(.*)"$'),
    ("inherit", r"inherit ([\w -]+)$"),
    ("require", r"require ([\w.-]+)$"),
    ("addtask", r"addtask (\w+) after (\w+) before (\w+)$"),
)


class Recipe:
    """variables: {name or name[flag]: value}, with += and the like joined.
    functions: {name: body}."""

    def __init__(self, path):
        self.path, self.variables, self.functions = path, {}, {}
        self.inherits, self.tasks = [], []
        self._read(path)

    def _read(self, path):
        with open(path, encoding="ascii") as f:
            text = f.read().replace("\\\n", " ")
        text = re.sub(r"^([\w:-]+) ?\(\) \{\n(.*?)^\}\n", self._function,
                      text, flags=re.M | re.S)
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                self._line(line, os.path.dirname(path))

    def _function(self, match):
        self.functions[match[1]] = match[2]
        return ""

    def _line(self, line, where):
        form, found = next(((name, m) for name, pattern in FORMS
                            if (m := re.match(pattern, line))),
                           (None, None))
        if form == "set":
            name = found[1] + (f"[{found[2]}]" if found[2] else "")
            old = self.variables.get(name, "")
            self.variables[name] = {
                "+=": f"{old} {found[4]}", ".=": old + found[4]}.get(
                    found[3], found[4])
        elif form == "inherit":
            self.inherits += found[1].split()
        elif form == "require":
            self._read(f"{where}/{found[1]}")
        elif form == "addtask":
            self.tasks.append(found[1])
        else:
            raise ValueError(f"{self.path}: not understood: {line}")

    def names(self):
        """Every ${VARIABLE} that is used."""
        return set(re.findall(r"\$\{([A-Za-z_]\w*)\}", " ".join(
            [*self.variables.values(), *self.functions.values()])))


class Data:
    """d, for what stands in ${@...}."""

    def __init__(self, variables):
        self.getVar = variables.get


def expand(value, variables):
    """A value with its ${@...} evaluated."""
    return re.sub(r"\$\{@(.*?)\}", lambda m: eval(  # our own layer's
        m[1], {"d": Data(variables)}), value)


def image_step(place, tar, chosen):
    """IMAGE_CMD:rootwright of the class on the tree that is in a tar, with
    place/host in PATH and place/deploy to deploy to. Returns (code, words)."""
    image = Recipe(f"{LAYER}/classes/rootwright-image.bbclass")
    variables = {name: "" if "$" in value else value
                 for name, value in image.variables.items()
                 if re.fullmatch("ROOTWRIGHT_[A-Z_]+", name)}
    variables.update(chosen, WORKDIR=place, IMAGE_NAME="image",
                     IMGDEPLOYDIR=f"{place}/deploy",
                     IMAGE_ROOTFS=f"{place}/rootfs")
    os.makedirs(f"{place}/rootfs", exist_ok=True)
    script = "bbfatal() { echo \"$*\" >&2; exit 1; }\n"
    for name, body in image.functions.items():
        name = name.replace("IMAGE_CMD:rootwright", "image_cmd_rootwright")
        script += f"{name}() {{\n{body}}}\n"
    script += f"tar -C {place}/rootfs -xpf {tar}\nimage_cmd_rootwright\n"
    code, _, err = run("sh", "-eu", "-c", script, env=dict(
        os.environ, PATH=f"{os.path.abspath(place)}/host/bin:"
        f"{os.path.abspath(place)}/host/sbin:{os.environ['PATH']}",
        **variables))
    return code, err
