"""The page on the architecture: its prose is written by hand in ``architecture.md`` beside this file."""

from collections.abc import Mapping
from pathlib import Path

from tools.docs.markdown import NOTE, code, table
from tools.docs.picture import picture
from tools.docs.source import count_files, docstring, imports, layers, sentence
from tools.docs.stages import NAMES
from tunewright import order


def pages() -> Mapping[str, str]:
    """The page and its picture by their paths below ``docs``."""
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    facts = {
        "table": packages(),
        "steps": " → ".join(code(name) for name in order.STEPS),
        "gates": ", ".join(f"`{gate.name}` after `{_judged_after(gate.name)}`" for gate in order.gates()),
        "behind": ", ".join(code(step.name) for step in order.steps() if step.behind_gates),
    }
    for name, words in facts.items():
        template = template.replace("{" + name + "}", words)
    return {"architecture.md": NOTE + template, "architecture.svg": picture(NAMES)}


def _judged_after(gate: str) -> str:
    return order.JUDGED_AFTER.get(gate, gate.partition(".")[0])


def packages() -> str:
    """A row for each package: what it is, and every other one that it imports."""
    names = [name for layer in layers() for name in layer]
    rows = [
        (
            code(name),
            sentence(docstring(name)),
            str(count_files(name)),
            ", ".join(sorted(imports()[name], key=names.index)),
        )
        for name in names
    ]
    return table(("package", "what it is", "files", "imports"), rows)
