"""A new project: the guess about a file, shown before it is written down."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.config.load import FILE
from tunewright.config.model import BARS
from tunewright.config.schema import schema
from tunewright.config.write import commented_yaml
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text, require_absent
from tunewright.stages.intake.detect import SURE, detect, require_sure
from tunewright.stages.intake.detection import Detection
from tunewright.stages.intake.settings import DataSettings
from tunewright.workflow.results import InitResult

IGNORED = ".tunewright/\nreports/\nreleases/\n"


@dataclass(frozen=True)
class Proposal:
    """A project that could be written: where, from what, and the guess."""

    folder: Path
    data: Path
    settings: DataSettings
    detection: Detection
    told: bool

    def again(self, *, task: str, mapping: Sequence[str]) -> "Proposal":
        """The proposal with what a person said."""
        return propose(self.folder, self.data, task=task, mapping=mapping)


def propose(folder: Path, data: Path, *, task: str, mapping: Sequence[str]) -> Proposal:
    """The guess about `data`, for a project in `folder`; what was said wins over what is guessed."""
    columns = parse_mapping(mapping)
    # The raw value lets the settings' own validation speak about a task it does not know.
    settings = DataSettings.model_validate({"file": str(data), "task": task, "columns": columns})
    return Proposal(folder, data, settings, detect(data, settings), told=bool(columns) or task != "auto")


def parse_mapping(mapping: Sequence[str]) -> dict[str, str]:
    """``{"prompt": "Message"}`` of ``["prompt=Message"]``.

    Raises:
        UserError: E-CFG-007 for a text without an equals sign.
    """
    columns = {}
    for text in mapping:
        role, equals, column = text.partition("=")
        if not equals:
            raise UserError("E-CFG-007", f"--map {text!r} is not ROLE=COLUMN.", fix="--map prompt=Message")
        columns[role.strip()] = column.strip()
    return columns


def write(proposal: Proposal, *, accept: bool) -> InitResult:
    """Write the project.

    Raises:
        UserError: E-CLI-005 when the folder is a project already, E-CLI-006 when the guess is not sure enough
            and nobody accepted it, E-DATA-020 when a column that the task needs is missing.
    """
    target = proposal.folder / FILE
    if proposal.folder.exists() and not proposal.folder.is_dir():
        raise UserError("E-CLI-005", f"{proposal.folder} is a file.", fix="Name a folder that is not there yet.")
    require_absent(target, other="folder")
    detection = proposal.detection
    confirmed = accept or proposal.told
    require_sure(detection, proposal.data.name, confirmed=confirmed)
    proposal.folder.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(proposal.data.resolve(), proposal.folder.resolve())
    publish_text(target, commented_yaml(_settings(proposal, relative)))
    # The first line of tunewright.yaml points editors at this schema.
    publish_text(proposal.folder / ".tunewright" / "schema.json", json.dumps(schema(), indent=1) + "\n")
    ignore = proposal.folder / ".gitignore"
    if not ignore.exists():
        publish_text(ignore, IGNORED)
    return InitResult(
        folder=str(proposal.folder),
        config=str(target),
        file=relative,
        format=detection.format,
        task=detection.task,
        confidence=detection.confidence,
        mapping=dict(detection.columns),
        reasons=tuple(detection.reasons),
        preview=tuple(detection.preview),
    )


def _settings(proposal: Proposal, relative: str) -> Mapping[str, Any]:
    """The settings worth writing down: what was guessed, and what people change first."""
    detection = proposal.detection
    return {
        "version": 1,
        "name": proposal.folder.resolve().name,
        "seed": 0,
        "data": {
            "file": relative,
            "format": detection.format,
            "task": detection.task,
            "columns": dict(detection.columns),
            # Only where the guess was unsure: a sure one is checked again on every run.
            **({"confirmed": True} if detection.confidence < SURE else {}),
        },
        "split": {"validation": 0.1, "test": 0.1},
        "train": {"method": "auto"},
        "gates": dict(BARS),
    }
