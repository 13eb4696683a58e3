"""The Python API: one project folder, one short method per verb.

>>> project = Project.open("support-desk")
>>> project.run().evaluation.words  # doctest: +SKIP
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from tunewright.config.load import Loaded, load
from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.errors import ExitCode, GateFailed, UserError, did_you_mean
from tunewright.core.events import actor
from tunewright.core.gate import Override, Verdict
from tunewright.core.progress import SILENT, Progress
from tunewright.core.store import Outcome, differences
from tunewright.stages.audit.results import AuditResult
from tunewright.stages.clean.results import CleanResult
from tunewright.stages.evaluate.results import EvaluateResult
from tunewright.stages.plan.results import PlanResult
from tunewright.stages.release.results import ReleaseResult
from tunewright.stages.report.results import ReportResult
from tunewright.stages.review.results import (
    ReviewImportResult,
    ReviewNextResult,
    ReviewSampleResult,
    ReviewStatusResult,
)
from tunewright.stages.split.results import SplitResult
from tunewright.stages.train.results import (
    LaunchResult,
    RunsAskedResult,
    RunsEventsResult,
    RunsListResult,
    RunsShowResult,
    TrainResult,
)
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.stages.train.sweep.settings import with_ranks
from tunewright.workflow import summaries
from tunewright.workflow.audit_file import partial_on_interrupt, require_score, require_writable, write_outputs
from tunewright.workflow.flow import ORDER, Flow, Walk
from tunewright.workflow.results import (
    DiffResult,
    EventsResult,
    RunResult,
    StatusLine,
    StatusResult,
    UndoResult,
    VersionsResult,
    WhyResult,
)
from tunewright.workflow.steps import Steps

if TYPE_CHECKING:
    import polars as pl

    from tunewright.stages.report.material import ReportMaterial

DIFF_LIMIT = 200


class Project:
    """A folder with a ``tunewright.yaml``, opened.

    Args:
        folder: the project folder.
        loaded: its configuration, with origins.
        overrides: a person's decision to pass a gate, by gate.
        progress: where long work reports.
        step_seen: told of each step's outcome as it happens.
    """

    def __init__(
        self,
        folder: Path,
        loaded: Loaded,
        *,
        overrides: Mapping[str, Override] | None = None,
        progress: Progress = SILENT,
        step_seen: Callable[[Outcome[Any]], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self.loaded = loaded
        self.config = loaded.config
        self.progress = progress
        self._overrides = _known_gates(overrides or {}, loaded)
        origins = {".".join(path): where for path, where in loaded.origins.items()}
        self._steps = Steps(folder, loaded.config, progress=progress, step_seen=step_seen, origins=origins)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        sets: Sequence[str] = (),
        overrides: Mapping[str, Override] | None = None,
        progress: Progress = SILENT,
        step_seen: Callable[[Outcome[Any]], None] = lambda _: None,
    ) -> Self:
        """The project in `folder`; `sets` are ``section.key=value`` texts over its file.

        Raises:
            UserError: E-CFG-… with every fault of the configuration at once.
        """
        path = Path(folder).resolve()
        loaded = load(path, sets=sets)
        return cls(path, loaded, overrides=overrides, progress=progress, step_seen=step_seen)

    @overload
    def run(self, *, dry_run: Literal[False] = False) -> RunResult: ...
    @overload
    def run(self, *, dry_run: Literal[True]) -> LaunchResult: ...
    def run(self, *, dry_run: bool = False) -> RunResult | LaunchResult:
        """Walk from the user's file to a release and its report, stopping at a gate that fails.

        Args:
            dry_run: walk as far as the plan, and only say what training would start.

        Raises:
            GateFailed: exit code 3; a report of how far it came is written all the same.
        """
        if dry_run:
            return self._flow().would_start()
        started = time.monotonic()
        flow = self._flow()
        try:
            walk = flow.go("release")
        except GateFailed as stopped:
            where = self._publish_report(flow.walk, stopped.what)
            raise GateFailed(
                stopped.code, stopped.what, why=stopped.why, fix=f"{stopped.fix}\n  Report: {where.path}"
            ) from None
        report = self._publish_report(walk)
        return summaries.run(walk, self._lines(walk), report, time.monotonic() - started)

    def audit(
        self,
        *,
        findings: Path | None = None,
        report: Path | None = None,
        fail_under: float | None = None,
    ) -> AuditResult:
        """Audit the user's file as it came.

        Args:
            findings: write every finding here, as .csv or .parquet.
            report: write a report here, as .html.
            fail_under: raise when the score's lower end is below this.

        Raises:
            GateFailed: E-GATE-001, only when `fail_under` is given.
        """
        require_writable(findings, report)
        flow = self._flow()

        def told(found: AuditReport, verdict: Verdict | None = None) -> AuditResult:
            flow.walk.raw_report = found
            result = summaries.audit(flow.walk, self._lines(flow.walk), found, verdict)
            corpus = self._steps.corpus(found.dataset)
            return write_outputs(result, found, corpus, findings, report, self._material(flow.walk))

        with partial_on_interrupt(told):
            found = flow.go("audit").raw_report
            assert found
            result = told(found, flow.gate("audit.quality_score", found.quality))
        require_score(result.quality, fail_under)
        return result

    def clean(self, *, preview: bool = False) -> CleanResult:
        """Make the safe fixes as a new version of the data; with `preview`, only say what they would be."""
        if preview:
            walk = self._flow().go("audit")
            assert walk.ingested and walk.raw_report
            frame, edits = self._steps.clean_preview(walk.ingested.dataset, walk.raw_report)
            return summaries.clean_preview(walk, frame.height, edits)
        walk = self._flow().go("audit")
        assert walk.ingested and walk.raw_report
        step = self._steps.clean_step(walk.ingested.dataset, walk.raw_report)
        if self._steps.undone(step):
            self._steps.events.append("clean.redone", "clean", key=step.key)
        return summaries.clean(self._flow().go("clean"))

    def undo(self, *, why: str) -> UndoResult:
        """Go back to the data as it came; the cleaned version stays, and `clean` makes it the one in use again."""
        if not why.strip():
            raise UserError("E-CLI-003", "An undo needs a reason.", fix='tunewright undo --why "…"')
        walk = self._flow().go("audit")
        assert walk.ingested and walk.raw_report
        step = self._steps.clean_step(walk.ingested.dataset, walk.raw_report)
        self._steps.events.append("clean.undone", "clean", key=step.key, reason=why)
        return UndoResult(step=step.key, dataset=walk.ingested.dataset, reason=why)

    def split(self) -> SplitResult:
        """Divide the cleaned data into train, validation and test."""
        walk = self._flow().go("split")
        assert walk.divided
        return SplitResult(dataset=walk.divided.dataset, division=walk.divided.division)

    def plan(self) -> PlanResult:
        """Say how the model would be trained and at what cost; nothing is spent."""
        walk = self._flow().go("plan")
        assert walk.plan
        return PlanResult(plan=walk.plan)

    @overload
    def train(self, *, dry_run: Literal[False] = False) -> TrainResult: ...
    @overload
    def train(self, *, dry_run: Literal[True]) -> LaunchResult: ...
    def train(self, *, dry_run: bool = False) -> TrainResult | LaunchResult:
        """Train the candidate that the plan describes, or find it trained.

        Args:
            dry_run: only say which processes would be started.

        Raises:
            GateFailed: the data is below the bar.
        """
        if dry_run:
            return self._flow().would_start()
        return summaries.train(self._flow().go("train"))

    def sweep(self, ranks: Sequence[int] = (), *, full: bool = False, exhaustive: bool = False) -> SweepResult:
        """Compare ranks of the plan's adapters, for at most the cost of two full runs, or find it done.

        Args:
            ranks: those to try; empty takes ``sweep.ranks``.
            full: tune every weight beside them, where it fits into memory.
            exhaustive: take every rank to the end of its run.

        Raises:
            CutShort: Ctrl-C, with what is measured; the next call goes on.
            GateFailed: the data is below the bar.
            UserError: E-SWEEP-….
        """
        from tunewright.workflow.sweeping import Asked

        settings = with_ranks(self.config.sweep, ranks)
        return self._flow().sweep(settings, Asked(full=full, exhaustive=exhaustive))

    def evaluate(self) -> EvaluateResult:
        """Measure the candidate on the test rows, beside baselines that need no tuning."""
        return summaries.evaluate(self._flow().go("evaluate"))

    def release(self) -> ReleaseResult:
        """Package the candidate with its proof.

        Raises:
            GateFailed: a gate is shut.
        """
        return summaries.release(self._flow().go("release"))

    def report(self) -> ReportResult:
        """Write a report of how far the project is, from what is there; nothing is done for it."""
        return self._publish_report(self._reached())

    def status(self) -> StatusResult:
        """Which steps are there for the present file and settings."""
        walk = self._reached()
        done = [outcome.step.name for outcome in walk.outcomes]
        lines = []
        for stop in ORDER:
            key = next((o.step.key for o in walk.outcomes if o.step.name == stop), None)
            lines.append(StatusLine(step=stop, key=key, state="done" if stop in done else "to do"))
        return StatusResult(project=self.config.name, steps=tuple(lines))

    def why(self, step: str) -> WhyResult:
        """Which input of `step` differs from the last time it was done."""
        if step not in ORDER:
            raise UserError("E-CLI-004", f"There is no step {step!r}.", fix=did_you_mean(step, ORDER))
        walk, asked = self._reached_with_missing()
        hit = next((o.step for o in walk.outcomes if o.step.name == step), None)
        if hit is not None:
            return WhyResult(step=step, hit=True, now=hit, before=hit, differences=())
        if asked is None or asked.name != step:
            missing = asked.name if asked else step
            line = f"{missing} has to be done first, so the inputs of {step} are not known yet"
            return WhyResult(step=step, hit=False, now=None, before=None, differences=(line,))
        previous = self._steps.store.previous(asked.name)
        if not previous:
            return WhyResult(step=step, hit=False, now=asked, before=None, differences=("never done before",))
        nearest = min(previous, key=lambda before: len(differences(asked, before)))
        return WhyResult(
            step=step, hit=False, now=asked, before=nearest, differences=tuple(differences(asked, nearest))
        )

    def review_sample(self, n: int = 1000, *, to: Path | None = None) -> ReviewSampleResult:
        """Draw `n` rows for people to read, each with its probability of being drawn.

        Args:
            n: rows; 500 to 1,000 decide most gates.
            to: write them here: .json for Label Studio, .csv or .xlsx.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.sample(self._steps, n, to)

    def review_import(self, files: Sequence[Path], *, reviewer: str = "") -> ReviewImportResult:
        """Take in what reviewers said; a file taken in before changes nothing.

        Args:
            files: Label Studio exports, CSV or XLSX.
            reviewer: who filled in rows that name nobody; empty is the file's name.

        Raises:
            UserError: E-REVIEW-…, with every faulty row, and nothing is imported.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.import_files(self._steps, files, reviewer)

    def review_next(self, lines: Iterable[str], say: Callable[[str], None], *, reviewer: str = "") -> ReviewNextResult:
        """Ask about the rows of the newest sample, one at a time; each answer is kept before the next is asked.

        Args:
            lines: what the reviewer types.
            say: shows the reviewer something.
            reviewer: who it is; empty is the person running this process.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.ask_next(self._steps, lines, say, reviewer)

    def review_status(self) -> ReviewStatusResult:
        """How far the review is, the corrected score, and how many more rows would decide the gate."""
        from tunewright.workflow import review as reviewing

        return reviewing.status(self._steps)

    def runs_list(self) -> RunsListResult:
        """Every training run of this project, the newest first, in the form of OpenAI's fine-tuning jobs."""
        from tunewright.workflow import runs as running

        return running.listed(self._steps)

    def runs_show(self, run: str = "") -> RunsShowResult:
        """One run, by the beginning of its id; the newest without one."""
        from tunewright.workflow import runs as running

        return running.shown(self._steps, run)

    def runs_events(self, run: str = "") -> RunsEventsResult:
        """Every event of a run, in the form of OpenAI's fine-tuning events."""
        from tunewright.workflow import runs as running

        return running.told(self._steps, run)

    def runs_pause(self, run: str = "") -> RunsAskedResult:
        """Ask a run that another process trains to keep a checkpoint and end; `run` goes on from there.

        Raises:
            UserError: E-TRAIN-021 when nothing trains.
        """
        from tunewright.workflow import runs as running

        return running.asked(self._steps, run, "pause")

    def runs_stop(self, run: str = "") -> RunsAskedResult:
        """Ask a run to end with the best weights so far; one that is paused does so when it is gone on with.

        Raises:
            UserError: E-TRAIN-021 when it has succeeded already.
        """
        from tunewright.workflow import runs as running

        return running.asked(self._steps, run, "stop")

    def events(self) -> EventsResult:
        """Everything that happened here: who, when, what, and the reason where a person overrode."""
        return EventsResult(events=tuple(self._steps.events.all()))

    def versions(self) -> VersionsResult:
        """Every version of the data, with who made it and why."""
        return VersionsResult(versions=tuple(self._steps.table.history()))

    def diff(self, before: int, after: int) -> DiffResult:
        """What differs between two versions of the data, row by row."""
        from tunewright.stages.clean.diff import diff

        table = self._steps.table
        frame = diff(table.scan(before).collect(), table.scan(after).collect())
        return summaries.diff(before, after, frame, DIFF_LIMIT)

    def corpus(self, version: int) -> Corpus:
        """One version of the data, opened for reading in Python."""
        return self._steps.corpus_of(version)

    # ----------------------------------------------------------------------------------------------------------

    def _flow(self) -> Flow:
        return Flow(self._steps, self._overrides)

    def _reached(self) -> Walk:
        return self._reached_with_missing()[0]

    def _reached_with_missing(self) -> tuple[Walk, Any]:
        """How far what is there goes, and the first step that is not there."""
        flow = Flow(self._steps.only_looking(), self._overrides)
        return flow.reach()

    def _lines(self, walk: Walk) -> "pl.DataFrame":
        """`row` and the user's own `line` of the rows that the last audit was about."""
        report = walk.report or walk.raw_report
        assert report
        return self._steps.corpus(report.dataset).scan("row", "line").collect()

    def _material(self, walk: Walk, stopped: str = "") -> "ReportMaterial":
        from tunewright.workflow.report_data import material

        return material(walk, self._steps, stopped=stopped)

    def _publish_report(self, walk: Walk, stopped: str = "") -> ReportResult:
        from tunewright.core.files import publish_text
        from tunewright.stages.report.api import render

        html = render(self._material(walk, stopped))
        name = walk.release.name if walk.release else f"{self.config.name}-{walk.last_key()[:8]}"
        path = self.folder / "reports" / f"{name}.html"
        publish_text(path, html)
        return ReportResult(path=str(path), bytes=len(html.encode()))


def _known_gates(overrides: Mapping[str, Override], loaded: Loaded) -> dict[str, Override]:
    gates = list(loaded.config.gates)
    for gate in overrides:
        if gate not in gates:
            raise UserError("E-GATE-002", f"There is no gate {gate!r}.", fix=did_you_mean(gate, gates))
    return dict(overrides)


def override(why: str, *, until: str | None = None) -> Override:
    """A decision to pass a gate, by the person running this process, now.

    Raises:
        UserError: E-GATE-003 when no reason is given or the date has passed.
    """
    from datetime import UTC, date, datetime

    if not why.strip():
        raise UserError("E-GATE-003", "An override needs a reason.", fix='--override GATE --why "…"')
    if until is not None:
        try:
            ends = date.fromisoformat(until)
        except ValueError:
            raise UserError("E-GATE-003", f"{until!r} is no date.", fix="--until 2027-01-31") from None
        if ends < datetime.now(UTC).date():
            raise UserError(
                "E-GATE-003", f"The override ended on {until}.", fix="Decide again.", exit_code=ExitCode.USAGE
            )
    return Override(who=actor(), why=why, until=until, when=datetime.now(UTC).isoformat(timespec="seconds"))
