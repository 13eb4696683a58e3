"""The model card beside each starter's weights: its license, whom to name, what it was made of and what it is for.

`base_card.md` is filled from a run's results and from `sources.toml`. The head between the two lines of dashes is read
by programs: a release that was tuned from a starter takes the license and the attribution from there.
"""

import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "base_card.md"
LICENSE_LINK = "https://creativecommons.org/licenses/by-sa/4.0/"


def sources() -> list[dict[str, str]]:
    """Every source of training text, in the order of ``sources.toml``."""
    with (HERE / "sources.toml").open("rb") as stream:
        return list(tomllib.load(stream)["sources"])


def attributions(name: str) -> list[str]:
    """Whom to name with the starter `name`: itself, and each source that somebody else wrote, with its license."""
    return [
        f"{name} (Tunewright), CC BY-SA 4.0, {LICENSE_LINK}",
        *(
            f"{source['title']} ({source['authors']}), {source['license']}, {source['link']}"
            for source in sources()
            if "link" in source
        ),
    ]


def sources_table() -> str:
    """The sources as a Markdown table."""
    rows = [(source["name"], source["what"], source["license"], _link(source)) for source in sources()]
    lines = [("source", "what", "license", "link"), ("---",) * 4, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _link(source: dict[str, str]) -> str:
    """`title` by `authors` with its address; empty for text of our own."""
    return f"[{source['title']}]({source['link']}), {source['authors']}" if "link" in source else ""


def base_card(size: str, results: dict[str, Any]) -> str:
    """The card of the starter of this size, from the results of the run that made its weights."""
    parts = {
        "name": f"starter-{size}",
        "parameters": f"{results['parameters']:,}",
        "tokens": f"{results['tokens'] / 1e6:,.0f}",
        "steps": f"{results['steps']:,}",
        "attribution": "\n".join(f'  - "{line}"' for line in attributions(f"starter-{size}")),
        "sources": sources_table(),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for key, part in parts.items():
        text = text.replace("{{" + key + "}}", part)
    return text
