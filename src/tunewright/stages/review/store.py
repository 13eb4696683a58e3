"""What is kept of reviews: the samples that were drawn, the files that came back, the answers given at a terminal.

Below ``.tunewright/review``: ``sets/<id>/`` is one sample, ``imports/<digest>.json`` one file that came back, under the
digest of its bytes, so that nothing is imported twice, and ``answers/<reviewer>.jsonl`` what was typed, a line each.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from tunewright.core.dataset import Dataset
from tunewright.core.files import publish_text, sync, sync_tree
from tunewright.core.frozen import Frozen

#: What one person said of one row. `right_label` and `right_answer` are there only where they differ from the row's.
ANSWER_COLUMNS = dict.fromkeys(
    ("example_id", "content_digest", "reviewer", "verdict", "right_label", "right_answer", "note", "at"), pl.String
)
SPANS = pl.List(pl.Struct({"column": pl.String, "start": pl.Int64, "end": pl.Int64, "type": pl.String}))
#: A sampled row as a reviewer sees it, in the order in which it is to be read.
REVIEW_ROW_COLUMNS: dict[str, Any] = {
    "example_id": pl.String,
    "content_digest": pl.String,
    "line": pl.Int64,
    "before": pl.String,
    "text": pl.String,
    "answer": pl.String,
    "label": pl.String,
    "found": pl.List(pl.String),
    "spans": SPANS,
    "score": pl.Float64,
    "flagged": pl.Boolean,
    "stratum": pl.Int64,
    "part": pl.String,
    "inclusion": pl.Float64,
}


class ReviewSet(Frozen):
    """The header of one sample.

    Attributes:
        id: twelve hex digits of the digest of all that decides the sample.
        dataset: the data it was drawn from.
        report: digest of the audit whose findings made the strata.
        rows: rows in the sample.
        population: rows it was drawn from.
        strata: rows of each stratum in the population, by its name.
        labels: the labels that a row may have, sorted.
        seed: random seed.
        who: who drew it.
        when: when, UTC.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"who", "when"})

    id: str
    dataset: Dataset
    report: str
    rows: int
    population: int
    strata: Mapping[str, int]
    labels: tuple[str, ...]
    seed: int
    who: str = ""
    when: str = ""


@dataclass(frozen=True)
class Sample:
    """A sample: its header, the rows, and the stratum of each row it was drawn from (`example_id`, `stratum`)."""

    header: ReviewSet
    rows: pl.DataFrame
    population: pl.DataFrame


class ImportedFile(Frozen):
    """The account of one file that came back."""

    file: str
    file_digest: str
    who: str
    when: str
    answers: int


class ReviewStore:
    """What one project keeps of reviews.

    Args:
        folder: ``.tunewright/review``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, sample: Sample) -> Sample:
        """Keep `sample` whole or not at all; one that is there already stays as it is."""
        target = self.folder / "sets" / sample.header.id
        if target.exists():
            return self.sample(sample.header.id)
        aside = self.folder / "sets" / f".{sample.header.id}.{os.getpid()}.part"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        sample.header.write(aside)
        sample.rows.write_parquet(aside / "cards.parquet")
        sample.population.write_parquet(aside / "population.parquet")
        sync_tree(aside)
        try:
            aside.replace(target)
        except OSError:  # another process drew the same sample a moment ago
            shutil.rmtree(aside)
        return self.sample(sample.header.id)

    def sample(self, name: str) -> Sample:
        """The sample called `name`."""
        folder = self.folder / "sets" / name
        return Sample(
            ReviewSet.read(folder),
            pl.read_parquet(folder / "cards.parquet"),
            pl.read_parquet(folder / "population.parquet"),
        )

    def samples(self) -> list[Sample]:
        """Every sample, oldest first."""
        names = [path.name for path in (self.folder / "sets").glob("*") if not path.name.startswith(".")]
        every = [self.sample(name) for name in sorted(names)]
        return sorted(every, key=lambda sample: (sample.header.when, sample.header.id))

    def imported(self, digest: str) -> ImportedFile | None:
        """The account of the file with this digest, when it was imported before."""
        path = self._import_path(digest)
        return ImportedFile.model_validate(_read(path)["account"]) if path.exists() else None

    def import_answers(self, account: ImportedFile, answers: pl.DataFrame) -> None:
        """Keep the answers of one file under its digest."""
        document = {
            "account": account.model_dump(mode="json"),
            "answers": answers.select(*ANSWER_COLUMNS).to_dict(as_series=False),
        }
        publish_text(self._import_path(account.file_digest), json.dumps(document, ensure_ascii=False) + "\n")

    def append(self, answer: Mapping[str, str | None]) -> None:
        """Keep one typed answer; it is on the disk when this returns."""
        path = self._typed_path(str(answer["reviewer"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = _whole_lines(path)
        with path.open("r+b" if path.exists() else "wb") as stream:
            stream.truncate(len(whole))  # half a line is what a kill left of an answer never confirmed
            stream.seek(len(whole))
            line = json.dumps({name: answer.get(name) for name in ANSWER_COLUMNS}, ensure_ascii=False)
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync(path.parent)

    def answers(self) -> pl.DataFrame:
        """What everybody said, in ``ANSWER_COLUMNS``; of what one person said of one row, the last."""
        imports = [pl.DataFrame(_read(path)["answers"], schema=ANSWER_COLUMNS) for path in self._imports()]
        typed = [json.loads(line) for path in self._typed() for line in _whole_lines(path).splitlines()]
        every = pl.concat([pl.DataFrame(schema=ANSWER_COLUMNS), *imports, _frame(typed)])
        who = ["example_id", "content_digest", "reviewer"]
        return every.sort("at", *who, "verdict", maintain_order=True).unique(who, keep="last").sort(who)

    def _imports(self) -> Sequence[Path]:
        """The files of imported answers, sorted."""
        return sorted((self.folder / "imports").glob("*.json"))

    def _typed(self) -> Sequence[Path]:
        """The files of typed answers, sorted."""
        return sorted((self.folder / "answers").glob("*.jsonl"))

    def _import_path(self, digest: str) -> Path:
        """Where the answers of the file with this digest are stored."""
        return self.folder / "imports" / f"{digest.removeprefix('sha256:')[:32]}.json"

    def _typed_path(self, reviewer: str) -> Path:
        """Where the typed answers of one reviewer are stored."""
        return self.folder / "answers" / f"{sha256(reviewer.encode()).hexdigest()[:16]}.jsonl"


def _frame(answers: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
    """`answers` in ``ANSWER_COLUMNS``; KeyError for one that lacks a column."""
    return pl.DataFrame({name: [answer[name] for answer in answers] for name in ANSWER_COLUMNS}, schema=ANSWER_COLUMNS)


def _read(path: Path) -> Any:
    """The JSON in the file at `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def _whole_lines(path: Path) -> bytes:
    """The bytes of the lines that end; none where there is no file. A last line without an end is left out."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]
