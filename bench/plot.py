# SPDX-License-Identifier: MIT
"""The plot of bench/stacks, as SVG: for each kernel a row of small bar charts,
one for each operation, with the ratio to one of the ways. Cold and warm differ
by lightness, place and legend; each bar has its number."""
from xml.sax.saxutils import escape

LABELS, WIDTH, BARS, GAP = 190, 132, 92, 12     # pixels, across
BAR, WAY, HEAD, TOP = 9, 27, 46, 56             # and down
HOW = ("cold", "warm")

# A background of its own: what shows the file may be light or dark.
STYLE = """<style>
text { font: 12px sans-serif; fill: #1b1f23; }
.number { font-size: 9px; }
.title { font-size: 15px; font-weight: bold; }
.page { fill: #ffffff; }
.cold { fill: #1f5f99; }
.warm { fill: #8fbfe6; }
.line { stroke: #1b1f23; stroke-width: 1; stroke-dasharray: 3 2; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f3f6; }
.page { fill: #0d1117; }
.cold { fill: #3d86c6; }
.warm { fill: #c3def5; }
.line { stroke: #f0f3f6; }
}
</style>"""


def _text(x, y, words, extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}"{extra}>{escape(words)}</text>'


def _legend(first):
    out = [_text(10, 24, "How long it takes to look at a whole root, as a "
                 f"ratio to {first} (less is faster)", ' class="title"')]
    for i, (how, words) in enumerate(
            zip(HOW, ("cold: caches dropped", "warm: the same again"))):
        x = LABELS + i * 160
        out += [f'<rect class="{how}" x="{x}" y="35" width="18" '
                f'height="{BAR}"/>', _text(x + 24, 44, words)]
    return out


def _cell(x, y, values, ways, first, op, most):
    """The bars of one operation. values: {way: {"<op> <how>": time}}."""
    out = [_text(x, y - 6, {"ls": "ls -lR"}.get(op, op))]
    for i, way in enumerate(ways):
        for j, how in enumerate(HOW):
            ratio = values[way][f"{op} {how}"] / values[first][f"{op} {how}"]
            top, long = y + i * WAY + j * (BAR + 1), ratio / most * BARS
            out += [f'<rect class="{how}" x="{x}" y="{top}" '
                    f'width="{long:.1f}" height="{BAR}"/>',
                    _text(x + long + 3, top + BAR - 1, f"{ratio:.2f}",
                          ' class="number"')]
    at = x + BARS / most
    out.append(f'<line class="line" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 3}" '
               f'y2="{y + len(ways) * WAY - 5}"/>')
    return out


def draw(path, panels, ways, ops, first):
    """panels: [(title, clock, values)]."""
    width = LABELS + len(ops) * (WIDTH + GAP)
    height = TOP + len(panels) * (HEAD + len(ways) * WAY + 12)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{height}" viewBox="0 0 {width} {height}">',
           "<!-- SPDX-License-Identifier: MIT; drawn by bench/stacks -->",
           STYLE, '<rect class="page" width="100%" height="100%"/>']
    out += _legend(first)
    most = {op: max(v[w][f"{op} {h}"] / v[first][f"{op} {h}"]
                    for _, _, v in panels for w in ways for h in HOW)
            for op in ops}
    for n, (title, clock, values) in enumerate(panels):
        y = TOP + n * (HEAD + len(ways) * WAY + 12) + HEAD
        out.append(_text(10, y - 24, f"{title} ({clock})",
                         ' class="title"'))
        out += [_text(10, y + i * WAY + 14, way)
                for i, way in enumerate(ways)]
        for i, op in enumerate(ops):
            out += _cell(LABELS + i * (WIDTH + GAP), y, values, ways, first,
                         op, most[op])
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")
