"""What a run was begun with: nothing goes on from a checkpoint unless all of it is the same.

It is written beside the checkpoints and into each, so that a refusal names what differs, even in a folder that was
moved or filled by hand. Versions of packages are kept too; another one is told and not refused, since an update of the
machine must not lose a run, but the bits may then differ from a run in one go.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Plan
from tunewright.core.digest import digest
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.version import __version__
from tunewright.models.files import ModelFiles

FILE = "begun.json"
PACKAGES = ("torch", "transformers", "peft")
SHOWN = 60


class RunFingerprint(Frozen):
    """What decides the weights of a run.

    Attributes:
        facts: settings by the key under which the user gives them, and digests by what they are of.
        versions: of what computes it.
    """

    facts: Mapping[str, Any]
    versions: Mapping[str, str]

    def save(self, folder: Path) -> None:
        """Write it into a work folder."""
        publish_text(folder / FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "RunFingerprint | None":
        """The one in a work folder, if there is one."""
        path = folder / FILE
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None

    def differences(self, before: "RunFingerprint") -> tuple[str, ...]:
        """In what this differs from what was there `before`, such as ``seed was 0, is 1``."""
        return _changes(before.facts, self.facts)

    def updates(self, before: "RunFingerprint") -> tuple[str, ...]:
        """Which packages are of another version than `before`."""
        return _changes(before.versions, self.versions)


def fingerprint(plan: Plan, dataset: str, base: ModelFiles, validate_every: float) -> RunFingerprint:
    """What a run of `plan` on the rows with the digest `dataset` begins with."""
    facts = {
        "data": dataset,
        "labels": list(plan.labels),
        "seed": plan.seed,
        "train.method": plan.method,
        **{f"train.method.{plan.method}.{name}": value for name, value in plan.options.items()},
        "train.validate_every": validate_every,
        "base": plan.base,
        "base weights": base.digest_of_weights,
        "base config": base.digest_of_config,
        "tokenizer": base.digest_of_tokenizer,
        "chat template": base.digest_of_template,
    }
    return RunFingerprint(
        facts=facts, versions={"tunewright": __version__, **{name: _version(name) for name in PACKAGES}}
    )


def fingerprint_mismatch(what: str, differing: tuple[str, ...]) -> UserError:
    """The error that `what`, such as a checkpoint, belongs to another run."""
    named = "; ".join(differing) or "it does not say what it was begun with"
    return UserError(
        "E-TRAIN-010",
        f"{what} is of another plan: {named}.",
        why="Going on from it would mix two runs, and no figure could say which one it is of.",
        fix="Train in an empty work folder, or put back what was changed.",
    )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Each key whose value is another one now, in words; keys of either count."""
    keys = [*now, *(key for key in before if key not in now)]
    return tuple(
        f"{key} was {_short(before.get(key))}, is {_short(now.get(key))}"
        for key in keys
        if digest(before.get(key)) != digest(now.get(key))
    )


def _short(value: Any) -> str:
    """A value for a sentence: digests and long texts cut short."""
    text = "not set" if value is None else str(value)
    text = text[:19] if text.startswith("sha256:") else text
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _version(package: str) -> str:
    """The installed version of `package`, or that there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
