"""The training section tells what became of every row."""

from dataclasses import replace

from tests.stages.report import materials

from tunewright.core.candidate import DataReport
from tunewright.stages.report.sections.training import section


def rows_of(material) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in section(material).tables[0].rows}


def test_the_receipt_is_in_the_table() -> None:
    full = materials.full()
    receipt = DataReport(
        rows=1200,
        kept=1180,
        dropped={"are longer than 1024 tokens": 19, "have no answer to train on": 1},
        unrequested_drops=20,
        cut=3,
        masked=1,
        read_tokens=90_000,
        trained_tokens=30_000,
        stops=1177,
        batching="packed",
        batching_why="packed logits equal single ones to 2e-07 of their scale (1e-04 is allowed)",
        utilization=0.974,
    )
    shown = rows_of(replace(full, run=full.run.model_copy(update={"receipt": receipt})))
    assert shown["Rows left out"] == "19 are longer than 1024 tokens; 1 have no answer to train on"
    assert shown["Rows cut at the end"] == "3"
    assert "1,177 of 1,180" in shown["Rows that end in a trained stop token"]
    assert shown["Batches"].startswith("packed, 97")
    assert "packed logits equal single ones" in shown["Batches"]


def test_a_run_without_a_receipt_is_still_told() -> None:
    assert "Rows left out" not in rows_of(materials.full())
