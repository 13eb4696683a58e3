"""Every page, and writing those that differ from what is there."""

import re
from collections.abc import Mapping
from pathlib import Path

from tools.docs import api, architecture, plugins, stages
from tools.docs.source import ROOT

DOCS = ROOT / "docs"
CODE_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def pages() -> Mapping[str, str]:
    """Every page by its path below ``docs``; the same code gives the same text."""
    every = {**architecture.pages(), **stages.pages(), **plugins.pages(), **api.pages()}
    return {name: tidy(text) for name, text in every.items()}


def tidy(text: str) -> str:
    """`text` with at most one empty line between its parts; what stands in a code block stays as it is."""
    pieces = CODE_BLOCK.split(text)
    pieces[::2] = [re.sub(r"\n{3,}", "\n\n", piece) for piece in pieces[::2]]
    return "".join(pieces).rstrip("\n") + "\n"


def left_over(current: Mapping[str, str]) -> list[Path]:
    """Pages of stages that there are no longer."""
    return [path for path in sorted((DOCS / "stages").glob("*.md")) if f"stages/{path.name}" not in current]


def write() -> list[Path]:
    """Write what differs, remove what no longer belongs, and return the paths of both."""
    current, changed = pages(), []
    for name, text in current.items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in left_over(current):
        path.unlink()
        changed.append(path)
    return changed
