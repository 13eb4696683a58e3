"""What the user gives beside the rows: documents of the domain, and questions that must stay unseen."""

from pathlib import Path

import polars as pl

from tunewright.core.context import Context
from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.intake.api import read, read_table
from tunewright.stages.intake.container import open_content
from tunewright.stages.intake.encoding import to_text
from tunewright.stages.intake.settings import DataSettings

TEXTS = {".txt", ".md"}
TABLES = {".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".parquet"}


def read_beside(settings: DataSettings, folder: Path) -> Context:
    """The references and the evaluation file that `settings` name, relative to `folder`.

    Raises:
        UserError: E-DATA-… when one cannot be read.
    """
    references = read_references(folder / settings.references) if settings.references else ()
    if not settings.evaluation:
        return Context(references)
    evaluation_settings = DataSettings(task=settings.task, columns=settings.columns)
    return Context(references, read(folder / settings.evaluation, evaluation_settings).frame)


def read_references(path: Path) -> tuple[str, ...]:
    """Every document below `path`: a text file is one document, a row of a table is one.

    Of a table the column with the longest texts is read.

    Raises:
        UserError: E-DATA-017 when there is none; E-DATA-… for a file that cannot be read.
    """
    files = sorted(file for file in path.rglob("*") if file.suffix in TEXTS | TABLES) if path.is_dir() else [path]
    documents = [text for file in files if file.is_file() for text in _documents(file)]
    if not documents:
        raise UserError(
            "E-DATA-017", f"There are no documents in {path}.", fix="Put .txt, .md or table files there.",
            exit_code=ExitCode.NOT_FOUND,
        )  # fmt: skip
    return tuple(documents)


def _documents(file: Path) -> list[str]:
    """The texts of one file: the whole of a text file, the longest column of a table.

    Raises:
        UserError: E-DATA-… when it cannot be read.
    """
    if file.suffix in TEXTS:
        if not file.stat().st_size:
            return []
        settings = DataSettings()
        text = to_text(open_content(file, settings).data(), settings, file.name)
        return [text.data.decode("utf-8", "replace").strip()]
    table = read_table(file)
    table = table.select(name for name, kind in table.schema.items() if not kind.is_nested()).cast(pl.String)
    column = max(table.columns, key=lambda name: table[name].str.len_chars().mean() or 0)
    return [text for text in table[column].drop_nulls().str.strip_chars().to_list() if text]
