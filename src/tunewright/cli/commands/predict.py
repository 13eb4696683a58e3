"""``tunewright predict``: a release at work on the rows of a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.options import EngineName
from tunewright.cli.shell import Shell
from tunewright.cli.tables import SHOWN, cell, clip, escape, new_console, new_table

if TYPE_CHECKING:
    from tunewright.workflow.results import PredictResult


def predict_table(value: "PredictResult") -> None:
    """The first answers, or the file that they are in."""
    console = new_console()
    if value.output:
        line = f"{value.rows:,} rows, answered by {escape(value.release)}: {escape(value.output)}"
        console.print(line, soft_wrap=True)
        return
    if value.predictions:
        table = new_table(*value.predictions[0])
        for row in value.predictions[:SHOWN]:
            table.add_row(*(escape(clip(cell(answer), 60)) for answer in row.values()))
        console.print(table)
    if value.rows > SHOWN:
        console.print(f"{value.rows - SHOWN:,} more rows; --output FILE writes them all.")


@command("predict", panel="Use", table=predict_table)
def predict(
    shell: Shell,
    release: Annotated[Path, typer.Argument(help="A release folder.")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSONL, JSON, Parquet or TXT.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of printing; never overwritten.")
    ] = None,
    column: Annotated[str, typer.Option(help="The column to read, when the guess is wrong.")] = "",
    engine: EngineName = "",
) -> "PredictResult":
    """Label or answer the rows of a file with a release."""
    from tunewright.workflow.predict import predict_file

    result = predict_file(release, file, output=output, column=column or None, engine=engine, progress=shell.progress())
    if engine:
        shell.warn(f"The engine {engine} answered, not the model of {result.release}.")
    return result


COMMANDS = (predict,)
