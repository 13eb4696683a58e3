"""What the playbook says in figures, to be shown beside what was measured."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tunewright.core.frozen import Frozen


class Claim(Frozen):
    """Figures of the playbook.

    Attributes:
        subject: what its sentence is about.
        by_rank: a figure for each rank that it names.
    """

    subject: str
    by_rank: Mapping[int, float]


@cache
def claims() -> Mapping[str, Claim]:
    """Every claim, by name."""
    import yaml

    text = files("tunewright.core").joinpath("playbook.yaml").read_text(encoding="utf-8")
    return {name: Claim.model_validate(claim) for name, claim in yaml.safe_load(text).items()}
