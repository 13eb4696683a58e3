"""Human review of a project's rows: what the verbs ``review …`` do, in the order in which one does it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.digest import digest, file_digest
from tunewright.core.edit import Cleaned
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.events import actor
from tunewright.core.files import require_absent
from tunewright.core.outlook import Outlook
from tunewright.core.outputs import Outputs
from tunewright.stages.review import label_studio, spreadsheet, terminal
from tunewright.stages.review.corrected_score import METHOD
from tunewright.stages.review.decisions import agreement, decisions
from tunewright.stages.review.reconcile import answer, reconcile
from tunewright.stages.review.results import (
    FindingReviewed,
    ReviewedFile,
    ReviewImportResult,
    ReviewNextResult,
    ReviewSampleResult,
    ReviewSetLine,
    ReviewStatusResult,
)
from tunewright.stages.review.returned_row import ReturnedRow
from tunewright.stages.review.sample import draw
from tunewright.stages.review.store import ImportedFile, Sample
from tunewright.workflow.flow import Flow
from tunewright.workflow.reviewed_quality import GATE
from tunewright.workflow.workspace import Workspace

WRITERS = {".json": label_studio.write, ".csv": spreadsheet.write_csv, ".xlsx": spreadsheet.write_xlsx}
READERS = {".json": label_studio.read, ".csv": spreadsheet.read, ".xlsx": spreadsheet.read}


def sample(workspace: Workspace, n: int, to: Path | None) -> ReviewSampleResult:
    """Draw `n` of the rows that would be trained on and were not reviewed, and write them to `to`."""
    if to is not None:
        _require_known(to)
        require_absent(to)
    outputs = Flow(workspace).run_until("clean")
    reviews = workspace.reviews
    known = reviews.answers()["example_id"].unique()
    corpus = workspace.corpus(outputs[Cleaned].after)
    new = draw(corpus, outputs[AuditReport], n=n, seed=workspace.config.seed, known=known, who=actor(), when=_now())
    drawn = reviews.add(new)
    files = WRITERS[to.suffix.lower()](to, drawn) if to is not None else ()
    digests = {"dataset": drawn.header.dataset.digest, "set": drawn.header.digest}
    workspace.events.append(
        "review.sampled", "review", key=drawn.header.id, digests=digests, detail={"rows": drawn.header.rows}
    )
    stratified = drawn.rows.filter(pl.col("part") == "stratified").height
    return ReviewSampleResult(
        set=drawn.header.id,
        rows=drawn.header.rows,
        population=drawn.header.population,
        strata=len(drawn.header.strata),
        stratified=stratified,
        random=drawn.header.rows - stratified,
        files=tuple(map(str, files)),
    )


def import_files(workspace: Workspace, files: Sequence[Path], reviewer: str) -> ReviewImportResult:
    """Take in what reviewers said, all of it or, where a file has a fault, nothing."""
    samples = _samples(workspace)
    before = Flow(workspace).run_until("clean")
    read = {path: _read(path) for path in dict.fromkeys(files)}
    lines, new = [], []
    present = _present(before, samples, workspace)
    ids = {path: {row.example_id for row in rows} for path, rows in read.items()}
    for path, rows in read.items():
        others = set().union(*(held for other, held in ids.items() if other != path))
        who, at = reviewer or path.stem, _now()
        answers, account = reconcile(rows, samples, present, reviewer=who, elsewhere=others, at=at)
        name = file_digest(path)
        known = workspace.reviews.imported(name)
        lines.append(ReviewedFile(file=path.name, file_digest=name, already=known is not None, account=account))
        if known is None and account.answers:
            imported = ImportedFile(file=path.name, file_digest=name, who=actor(), when=at, answers=account.answers)
            new.append((imported, answers))
    for imported, answers in new:
        workspace.reviews.import_answers(imported, answers)
    _record(workspace, [line for line in lines if line.account.answers])
    after = Flow(workspace).run_until("clean")
    every_answer = workspace.reviews.answers()
    decided = decisions(every_answer)
    return ReviewImportResult(
        files=tuple(lines),
        reviewed=decided.height,
        defective=decided.filter(pl.col("verdict") == "defective").height,
        corrected=decided.filter(pl.any_horizontal(pl.col("new_label", "new_answer").is_not_null())).height,
        agreement=agreement(every_answer),
        before=before.verdicts[GATE].measured,
        verdict=after.verdicts[GATE],
        outlook=after.get(Outlook),
    )


def ask_next(workspace: Workspace, lines: Iterable[str], say: Callable[[str], None], reviewer: str) -> ReviewNextResult:
    """Ask about the rows of the newest sample that `reviewer` has not judged; each answer is kept before the next."""
    newest, who = _samples(workspace)[-1], reviewer or actor()
    reviews = workspace.reviews
    judged = reviews.answers().filter(pl.col("reviewer") == who)
    open_ = newest.rows.join(judged, on=["example_id", "content_digest"], how="anti", maintain_order="left")

    def save(card: Mapping[str, Any], verdict: str, label: str, text: str, note: str) -> None:
        answered = answer(card, reviewer=who, verdict=verdict, label=label, text=text, note=note, at=_now())
        reviews.append(answered)

    try:
        session = terminal.review(open_, newest.header, iter(lines), say, save)
    finally:  # Ctrl-C too: what was answered stays answered, and is recorded
        mine = reviews.answers().filter(pl.col("reviewer") == who)
        if mine.height > judged.height:
            count = mine.height - judged.height
            workspace.events.append(
                "review.answered", "review", key=newest.header.id,
                digests={"answers": digest(mine.rows())}, detail={"reviewer": who, "answers": count},
            )  # fmt: skip
    return ReviewNextResult(reviewer=who, answered=session.answered, skipped=session.skipped, left=session.left)


def status(workspace: Workspace) -> ReviewStatusResult:
    """How far the review is, and what it says about all rows."""
    outputs = Flow(workspace).run_until("clean")
    samples, every_answer = workspace.reviews.samples(), workspace.reviews.answers()
    decided = decisions(every_answer)
    reviewers = every_answer.group_by("reviewer").agg(rows=pl.len()).sort("reviewer")
    verdict = outputs.verdicts[GATE]
    return ReviewStatusResult(
        sets=tuple(
            ReviewSetLine(
                set=drawn.header.id,
                when=drawn.header.when,
                rows=drawn.header.rows,
                reviewed=drawn.rows.join(decided, on=["example_id", "content_digest"], how="semi").height,
            )
            for drawn in samples
        ),
        reviewed=decided.height,
        reviewers=dict(zip(reviewers["reviewer"].to_list(), reviewers["rows"].to_list(), strict=True)),
        agreement=agreement(every_answer),
        findings=_by_finding(samples, decided),
        automatic=outputs[AuditReport].quality,
        corrected=verdict.measured if verdict.measured.method == METHOD else None,
        verdict=verdict,
        outlook=outputs.get(Outlook),
    )


def _by_finding(samples: Sequence[Sample], decided: pl.DataFrame) -> tuple[FindingReviewed, ...]:
    """How many of the reviewed rows with each finding, and with none, people called defective."""
    if not samples:
        return ()
    keys = ["example_id", "content_digest"]
    every = pl.concat([drawn.rows.select(*keys, "found") for drawn in samples]).unique(
        keys, keep="last", maintain_order=True
    )
    read = every.join(decided, on=keys)
    named = (
        read.explode("found", empty_as_null=True)
        .with_columns(name=pl.col("found").str.extract(r"^([^:]+):").fill_null("nothing found"))
        .unique([*keys, "name"])
        .group_by("name")
        .agg(reviewed=pl.len(), defective=(pl.col("verdict") == "defective").sum())
        .sort("name")
    )
    return tuple(
        FindingReviewed(name=name, reviewed=reviewed, defective=defective) for name, reviewed, defective in named.rows()
    )


def _samples(workspace: Workspace) -> list[Sample]:
    samples = workspace.reviews.samples()
    if not samples:
        raise UserError(
            "E-REVIEW-003",
            "No sample was drawn yet.",
            why="Only rows drawn with known chances say something about the others.",
            fix="tunewright review sample --n 1000 --to review.xlsx",
            exit_code=ExitCode.NOT_FOUND,
        )
    return samples


def _present(outputs: Outputs, samples: Sequence[Sample], workspace: Workspace) -> dict[str, str]:
    """The digest that each sampled row has now, empty where it is gone; rows that reviews changed are left out."""
    sampled = pl.concat([drawn.rows.select("example_id") for drawn in samples]).unique()
    now = workspace.corpus(outputs[Cleaned].after).scan("example_id", "content_digest").collect()
    present = sampled.filter(~pl.col("example_id").is_in(reviewed_away(outputs[Cleaned]).implode())).join(
        now, on="example_id", how="left"
    )
    return dict(zip(present["example_id"].to_list(), present["content_digest"].fill_null("").to_list(), strict=True))


def reviewed_away(cleaned: Cleaned) -> pl.Series:
    """Example ids of the rows that cleaning changed or dropped because of a review."""
    frames = [e.frame.select("example_id") for e in cleaned.edits if e.finding.startswith("reviewed.")]
    return pl.concat([pl.DataFrame(schema={"example_id": pl.String}), *frames]).to_series().unique()


def _record(workspace: Workspace, lines: Sequence[ReviewedFile]) -> None:
    """An event for each file that has none yet: what a kill kept from being recorded, the next import makes good."""
    done = {event.digests.get("file") for event in workspace.events.all() if event.kind == "review.imported"}
    for line in lines:
        if line.file_digest not in done:
            detail = {"file": line.file, "answers": line.account.answers}
            workspace.events.append("review.imported", "review", digests={"file": line.file_digest}, detail=detail)


def _read(path: Path) -> list[ReturnedRow]:
    _require_known(path)
    if not path.is_file():
        raise UserError("E-DATA-001", f"There is no file {path}.", fix="Check the path.", exit_code=ExitCode.NOT_FOUND)
    return READERS[path.suffix.lower()](path)


def _require_known(path: Path) -> None:
    if path.suffix.lower() not in WRITERS:
        raise UserError(
            "E-REVIEW-009",
            f"{path.name}: reviews are written and read as .json (Label Studio), .csv or .xlsx.",
            fix="--to tasks.json, --to review.csv or --to review.xlsx",
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
