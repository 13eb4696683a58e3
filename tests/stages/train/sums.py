"""A project of sums for a tiny random Llama, and the program called on it."""

import csv
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import jsonschema
import yaml
from tests.stages.train.tiny import write_llama

from tunewright.cli.main import call
from tunewright.cli.schemas import schemas


def write_project(folder: Path, *, epochs: int = 1, **train: object) -> Path:
    """A project folder whose audit takes no time."""
    folder.mkdir(parents=True)
    with (folder / "sums.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["message", "answer"])
        table.writerows((f"{a} and {b} make?", str(a + b)) for a in range(3, 9) for b in range(11, 17))
    settings = {
        "name": "sums",
        "data": {"file": "sums.csv", "task": "reply", "columns": {"prompt": "message", "answer": "answer"}},
        "split": {"validation": 0.2, "test": 0.1},
        "audit": {"checks": {"exact_duplicates": {}, "missing": {}}},
        "train": {
            "base": str(write_llama(folder / "llama")),
            "method": {"lora": {"epochs": epochs, "batch": 8, "learning_rate": 1e-2, "patience": 0}},
            **train,
        },
    }
    (folder / "tunewright.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def said(folder: Path, *words: str) -> tuple[int, dict]:
    """Exit code of `tunewright WORDS --json` on a project, and what it printed, as the verb's schema says."""
    with redirect_stdout(StringIO()) as printed:
        code = call([*words, "-C", str(folder), "--json", "--quiet"])
    document = json.loads(printed.getvalue())
    jsonschema.validate(document, schemas()[f"{words[0]}@1.json"])
    return code, document


def events_of(folder: Path) -> list[dict]:
    """The events of a project's only run, done or not."""
    (path,) = [*folder.glob(".tunewright/*/*/events.jsonl"), *folder.glob(".tunewright/steps/train/*/events.jsonl")]
    return [json.loads(line) for line in path.read_text().splitlines()]
