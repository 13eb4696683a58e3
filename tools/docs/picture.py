"""The picture of the layers: a box for each package, an arrow for each import that no other path stands for."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from tools.docs.source import LATE, count_files, docstring, layers, needed_arrows, sentence

WIDTH, LEFT, RIGHT, TOP = 980, 60, 520, 24
HEIGHT, GAP, HALF = 44, 30, 95
NOTE, LINE, LETTERS = 560, 15, 68
WIDE = ("stages", "core")
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; fill: #1f2328 }
  .name { font-weight: 600 } .small { font-size: 12px; fill: #59636e }
  .page { fill: #ffffff } .box { fill: #eef4fb; stroke: #4b77a8 } .stage { fill: #ffffff; stroke: #8fa9c4 }
  .arrow { fill: none; stroke: #4b77a8; stroke-width: 1.4 } .late { stroke-dasharray: 4 3 } .head { fill: #4b77a8 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9aa7b4 } .page { fill: #0d1117 } .box { fill: #182636; stroke: #6d9fd6 }
    .stage { fill: #0d1117; stroke: #4d6b8c } .arrow { stroke: #6d9fd6 } .head { fill: #6d9fd6 }
  }
""".strip("\n")


@dataclass(frozen=True)
class Box:
    """Where a package stands: its row, its middle, and its edges in pixels."""

    row: int
    x: float
    top: float
    half: float
    height: float

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    def nearest(self, x: float) -> float:
        """The place on its edges that is nearest to `x`, not too near a corner."""
        return min(max(x, self.x - self.half + 18), self.x + self.half - 18)

    def covers(self, x: float) -> bool:
        """Whether a line down at `x` would go through it."""
        return abs(x - self.x) < self.half + 6


def picture(stages: Sequence[str]) -> str:
    """The SVG; `stages` are written into the box of the stages, in this order."""
    boxes, height = _placed(len(stages))
    parts = [*_arrows(boxes), *(line for name, box in boxes.items() for line in _box(name, box, stages))]
    notes = [line for row, layer in enumerate(layers()) for line in _notes(layer, _row(boxes, row))]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img">',
            "<title>The layers of Tunewright and what imports what</title>",
            f"<style>\n{STYLE}\n</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
            f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="8"/>',
            *parts,
            *notes,
            "</svg>",
            "",
        ]
    )


def _placed(stages: int) -> tuple[dict[str, Box], float]:
    """Every box by its name, and the height of the picture."""
    boxes, top = {}, float(TOP)
    for row, layer in enumerate(layers()):
        height = HEIGHT + 4 + 38 * -(-stages // 5) if "stages" in layer else HEIGHT
        room = (RIGHT - LEFT) / len(layer)
        for index, name in enumerate(layer):
            half = (RIGHT - LEFT) / 2 if name in WIDE else HALF
            boxes[name] = Box(row, LEFT + room * (index + 0.5), top, half, height)
        top += height + GAP
    return boxes, top - GAP + TOP


def _row(boxes: dict[str, Box], row: int) -> Box:
    return next(box for box in boxes.values() if box.row == row)


def _box(name: str, box: Box, stages: Sequence[str]) -> Iterator[str]:
    """The box of a package with its name and number of files; that of the stages has theirs within."""
    left = box.x - box.half
    yield f'<rect class="box" x="{left:g}" y="{box.top:g}" width="{2 * box.half:g}" height="{box.height:g}" rx="6"/>'
    count = count_files(name)
    yield _text(box.x, box.top + 19, name, "name", "middle")
    yield _text(box.x, box.top + 35, f"{count} files" if count > 1 else "1 file", "small", "middle")
    if name != "stages":
        return
    room = 2 * box.half / 5
    for index, stage in enumerate(stages):
        x, y = left + room * (index % 5) + 6, box.top + HEIGHT + 6 + 38 * (index // 5)
        yield f'<rect class="stage" x="{x:g}" y="{y:g}" width="{room - 12:g}" height="30" rx="4"/>'
        yield _text(x + room / 2 - 6, y + 19, stage, "", "middle")


def _notes(layer: Sequence[str], box: Box) -> Iterator[str]:
    """What the packages of a layer say of themselves, beside it."""
    lines = [line for name in layer for line in textwrap.wrap(_note(name, alone=len(layer) == 1), LETTERS)]
    first = box.top + box.height / 2 - LINE * (len(lines) - 1) / 2 + 4
    for index, line in enumerate(lines):
        yield _text(NOTE, first + LINE * index, line, "small", "start")


def _note(name: str, *, alone: bool) -> str:
    words = sentence(docstring(name)).split(". ")[0].rstrip(".").replace("`", "")
    return words if alone else f"{name}: {words[:1].lower()}{words[1:]}"


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _arrows(boxes: dict[str, Box]) -> Iterator[str]:
    for above, below in needed_arrows():
        yield _arrow(boxes, above, below, "arrow")
    for above, below in LATE.items():
        yield _arrow(boxes, above, below, "arrow late")


def _arrow(boxes: dict[str, Box], above: str, below: str, kind: str) -> str:
    """A line from the one box to the other; around what stands between them, through the nearest free lane."""
    source, target = boxes[above], boxes[below]
    start = source.x if target.half > source.half else source.nearest(target.x)
    between = [box for box in boxes.values() if source.row < box.row < target.row]
    line = f"M{start:g} {source.bottom:g}"
    if any(box.covers(start) or box.covers(target.nearest(start)) for box in between):
        lanes = (290.0, LEFT - 26.0, RIGHT + 26.0)
        lane = min((x for x in lanes if not any(box.covers(x) for box in between)), key=lambda x: abs(x - start))
        start, end = source.nearest(lane), target.nearest(lane)
        first, last = min(box.top for box in between), max(box.bottom for box in between)
        line = (
            f"M{start:g} {source.bottom:g} C{start:g} {first:g} {lane:g} {source.bottom:g} {lane:g} {first:g} "
            f"L{lane:g} {last:g} C{lane:g} {target.top:g} {end:g} {last:g} {end:g} {target.top - 2:g}"
        )
    else:
        end = target.nearest(start)
        line += f" L{end:g} {target.top - 2:g}"
    return f'<path class="{kind}" d="{line}" marker-end="url(#head)"/>'
