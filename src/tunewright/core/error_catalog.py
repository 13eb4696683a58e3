"""The long text behind each error code, one YAML file an area in ``codes/``."""

from functools import cache
from importlib.resources import files
from typing import Any

from tunewright.core.errors import ExitCode, UserError, did_you_mean
from tunewright.core.frozen import Frozen


class ExplainResult(Frozen):
    """What a code means and how to mend it."""

    code: str
    title: str
    what: str
    why: str
    fix: str


@cache
def catalog() -> dict[str, dict[str, Any]]:
    """Every code and its text."""
    import yaml

    codes: dict[str, dict[str, Any]] = {}
    for entry in sorted(files("tunewright").joinpath("codes").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            codes.update(yaml.safe_load(entry.read_text(encoding="utf-8")) or {})
    return codes


def explain(code: str) -> ExplainResult:
    """The text behind `code`.

    Raises:
        UserError: E-CLI-002 for an unknown code.
    """
    entry = catalog().get(code.upper())
    if entry is None:
        raise UserError(
            "E-CLI-002",
            f"There is no code {code!r}.",
            fix=did_you_mean(code.upper(), list(catalog())),
            exit_code=ExitCode.NOT_FOUND,
        )
    return ExplainResult(code=code.upper(), **entry)
