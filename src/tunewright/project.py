"""The Python API: one project folder, one short method per verb.

>>> project = Project.open("support-desk")
>>> project.run().evaluation.words  # doctest: +SKIP
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from tunewright.config.load import Loaded, load
from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.errors import ExitCode, GateFailed, UserError, did_you_mean
from tunewright.core.events import actor
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Override, Verdict
from tunewright.core.ingested import Ingested
from tunewright.core.outputs import Outputs
from tunewright.core.progress import SILENT, Progress
from tunewright.core.release import Release
from tunewright.core.store import Outcome, Step, differences
from tunewright.order import STEPS, gates, steps
from tunewright.stages.audit.gates import QUALITY
from tunewright.stages.audit.results import AuditResult, audit_result
from tunewright.stages.clean.results import CleanResult, clean_result, preview_result
from tunewright.stages.clean.settings import CleanSettings
from tunewright.stages.evaluate.results import EvaluateResult, evaluate_result
from tunewright.stages.plan.results import PlanResult, plan_result
from tunewright.stages.release.results import ReleaseResult, release_result
from tunewright.stages.report.results import ReportResult
from tunewright.stages.review.results import (
    ReviewImportResult,
    ReviewNextResult,
    ReviewSampleResult,
    ReviewStatusResult,
)
from tunewright.stages.split.results import SplitResult, split_result
from tunewright.stages.train.results import (
    LaunchResult,
    RunsAskedResult,
    RunsEventsResult,
    RunsListResult,
    RunsShowResult,
    TrainResult,
    train_result,
)
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.stages.train.sweep.settings import SweepSettings, with_ranks
from tunewright.workflow.audit_file import partial_on_interrupt, require_score, require_writable, write_outputs
from tunewright.workflow.cleaning import clean_step, is_undone
from tunewright.workflow.dry_run import dry_run as launch_dry_run
from tunewright.workflow.engine_in_place import evaluate_in_place
from tunewright.workflow.flow import Flow
from tunewright.workflow.results import (
    DiffResult,
    EventsResult,
    RunResult,
    StatusLine,
    StatusResult,
    UndoResult,
    VersionsResult,
    WhyResult,
    diff_result,
    run_result,
)
from tunewright.workflow.workspace import Workspace

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
        self._overrides = _known_gates(overrides or {})
        origins = {".".join(path): where for path, where in loaded.origins.items()}
        self._workspace = Workspace(folder, loaded.config, progress=progress, step_seen=step_seen, origins=origins)

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
        for notice in loaded.notices:
            progress.say(notice)
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
            return launch_dry_run(self._flow())
        started = time.monotonic()
        flow = self._flow()
        try:
            outputs = flow.run_until()
        except GateFailed as stopped:
            where = self._publish_report(flow.outputs, stopped.what)
            raise GateFailed(
                stopped.code, stopped.what, why=stopped.why, fix=f"{stopped.fix}\n  Report: {where.path}"
            ) from None
        report = self._publish_report(outputs)
        verdict = outputs.verdicts[QUALITY.name]
        audited = audit_result(outputs[Ingested], outputs[AuditReport], self._lines(outputs), verdict)
        return run_result(outputs, audited, report, time.monotonic() - started)

    def step(self, name: str) -> Frozen:
        """Walk as far as the step called `name`, and give back what its verb does.

        Raises:
            GateFailed: a gate on the way is shut.
            UserError: E-CLI-004 when there is no such step.
        """
        spec = next((spec for spec in steps() if spec.name == name), None)
        if spec is None:
            raise UserError("E-CLI-004", f"There is no step {name!r}.", fix=did_you_mean(name, STEPS))
        return spec.give_back(self._flow().run_until(name))

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

        def result_of(audited: AuditReport, verdict: Verdict | None = None) -> AuditResult:
            if flow.outputs.get(AuditReport) is None:  # cut short: the checks so far are shown as the audit
                flow.outputs.add(audited)
            result = audit_result(flow.outputs[Ingested], audited, self._lines(flow.outputs), verdict)
            corpus = self._workspace.corpus(audited.dataset)
            return write_outputs(result, audited, corpus, findings, report, self._material(flow.outputs))

        with partial_on_interrupt(result_of):
            audited = flow.run_until("audit")[AuditReport]
            result = result_of(audited, flow.judge(QUALITY))
        require_score(result.quality, fail_under)
        return result

    def clean(self, *, preview: bool = False) -> CleanResult:
        """Make the safe fixes as a new version of the data; with `preview`, only say what they would be."""
        outputs = self._flow().run_until("audit")
        if preview:
            report, settings = outputs[AuditReport], self.config.section(CleanSettings)
            from tunewright.stages.clean.api import clean

            frame, edits = clean(self._workspace.corpus(outputs.dataset), report, settings, who=actor())
            return preview_result(report, frame.height, edits)
        step = clean_step(self._workspace, outputs)
        if is_undone(self._workspace, step):
            self._workspace.events.append("clean.redone", "clean", key=step.key)
        return clean_result(self._flow().run_until("clean"))

    def undo(self, *, why: str) -> UndoResult:
        """Go back to the data as it came; the cleaned version stays, and `clean` makes it the one in use again."""
        if not why.strip():
            raise UserError("E-CLI-003", "An undo needs a reason.", fix='tunewright undo --why "…"')
        outputs = self._flow().run_until("audit")
        step = clean_step(self._workspace, outputs)
        self._workspace.events.append("clean.undone", "clean", key=step.key, reason=why)
        return UndoResult(step=step.key, dataset=outputs.dataset, reason=why)

    def split(self) -> SplitResult:
        """Divide the cleaned data into train, validation and test."""
        return split_result(self._flow().run_until("split"))

    def plan(self) -> PlanResult:
        """Say how the model would be trained and at what cost; nothing is spent."""
        return plan_result(self._flow().run_until("plan"))

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
            return launch_dry_run(self._flow())
        return train_result(self._flow().run_until("train"))

    def sweep(self, ranks: Sequence[int] = (), *, full: bool = False, exhaustive: bool = False) -> SweepResult:
        """Compare ranks of the plan's adapters, for at most the cost of two full runs, or find it done.

        Args:
            ranks: those to try; empty takes ``sweep.ranks``.
            full: tune every weight beside them, where it fits into memory.
            exhaustive: take every rank to the end of its run.

        Raises:
            PartialResult: Ctrl-C, with what is measured; the next call goes on.
            GateFailed: the data is below the bar.
            UserError: E-SWEEP-….
        """
        from tunewright.stages.train.sweep.judge import SweepRequest
        from tunewright.workflow.sweep import sweep_project

        settings = with_ranks(self.config.section(SweepSettings), ranks)
        return sweep_project(self._flow(), settings, SweepRequest(full=full, exhaustive=exhaustive))

    def evaluate(self, *, engine: str = "") -> EvaluateResult:
        """Measure the candidate on the test rows, beside baselines that need no tuning.

        Args:
            engine: an engine to measure in the place of a candidate, such as ``echo``; nothing is trained, and what it
                says opens no gate.
        """
        if engine:
            return evaluate_in_place(self._flow(), engine)
        return evaluate_result(self._flow().run_until("evaluate"))

    def release(self) -> ReleaseResult:
        """Package the candidate with its proof.

        Raises:
            GateFailed: a gate is shut.
        """
        return release_result(self._flow().run_until("release"))

    def report(self) -> ReportResult:
        """Write a report of how far the project is, from what is there; nothing is done for it."""
        return self._publish_report(self._cached()[0])

    def status(self) -> StatusResult:
        """Which steps are there for the present file and settings."""
        outcomes = self._cached()[0].outcomes
        keys = {outcome.step.name: outcome.step.key for outcome in reversed(outcomes)}
        lines = (StatusLine(step=name, key=keys.get(name), state="done" if name in keys else "to do") for name in STEPS)
        return StatusResult(project=self.config.name, steps=tuple(lines))

    def why(self, step: str) -> WhyResult:
        """Which input of `step` differs from the last time it was done."""
        if step not in STEPS:
            raise UserError("E-CLI-004", f"There is no step {step!r}.", fix=did_you_mean(step, STEPS))
        outputs, missing = self._cached()
        hit = next((outcome.step for outcome in outputs.outcomes if outcome.step.name == step), None)
        if hit is not None:
            return WhyResult(step=step, hit=True, now=hit, before=hit, differences=())
        if missing is None or missing.name != step:
            line = (
                f"{missing.name if missing else step} has to be done first, so the inputs of {step} are not known yet"
            )
            return WhyResult(step=step, hit=False, now=None, before=None, differences=(line,))
        previous = self._workspace.store.previous(step)
        if not previous:
            return WhyResult(step=step, hit=False, now=missing, before=None, differences=("never done before",))
        nearest = min(previous, key=lambda before: len(differences(missing, before)))
        return WhyResult(
            step=step, hit=False, now=missing, before=nearest, differences=tuple(differences(missing, nearest))
        )

    def review_sample(self, n: int = 1000, *, to: Path | None = None) -> ReviewSampleResult:
        """Draw `n` rows for people to read, each with its probability of being drawn.

        Args:
            n: rows; 500 to 1,000 decide most gates.
            to: write them here: .json for Label Studio, .csv or .xlsx.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.sample(self._workspace, n, to)

    def review_import(self, files: Sequence[Path], *, reviewer: str = "") -> ReviewImportResult:
        """Take in what reviewers said; a file taken in before changes nothing.

        Args:
            files: Label Studio exports, CSV or XLSX.
            reviewer: who filled in rows that name nobody; empty is the file's name.

        Raises:
            UserError: E-REVIEW-…, with every faulty row, and nothing is imported.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.import_files(self._workspace, files, reviewer)

    def review_next(self, lines: Iterable[str], say: Callable[[str], None], *, reviewer: str = "") -> ReviewNextResult:
        """Ask about the rows of the newest sample, one at a time; each answer is kept before the next is asked.

        Args:
            lines: what the reviewer types.
            say: shows the reviewer something.
            reviewer: who it is; empty is the person running this process.
        """
        from tunewright.workflow import review as reviewing

        return reviewing.ask_next(self._workspace, lines, say, reviewer)

    def review_status(self) -> ReviewStatusResult:
        """How far the review is, the corrected score, and how many more rows would decide the gate."""
        from tunewright.workflow import review as reviewing

        return reviewing.status(self._workspace)

    def runs_list(self) -> RunsListResult:
        """Every training run of this project, the newest first, in the form of OpenAI's fine-tuning jobs."""
        from tunewright.workflow import runs as running

        return running.list_runs(self._workspace)

    def runs_show(self, run: str = "") -> RunsShowResult:
        """One run, by the beginning of its id; the newest without one."""
        from tunewright.workflow import runs as running

        return running.show_run(self._workspace, run)

    def runs_events(self, run: str = "") -> RunsEventsResult:
        """Every event of a run, in the form of OpenAI's fine-tuning events."""
        from tunewright.workflow import runs as running

        return running.run_events(self._workspace, run)

    def runs_pause(self, run: str = "") -> RunsAskedResult:
        """Ask a run that another process trains to keep a checkpoint and end; `run` goes on from there.

        Raises:
            UserError: E-TRAIN-021 when nothing trains.
        """
        from tunewright.workflow import runs as running

        return running.ask_run(self._workspace, run, "pause")

    def runs_stop(self, run: str = "") -> RunsAskedResult:
        """Ask a run to end with the best weights so far; one that is paused does so when it is gone on with.

        Raises:
            UserError: E-TRAIN-021 when it has succeeded already.
        """
        from tunewright.workflow import runs as running

        return running.ask_run(self._workspace, run, "stop")

    def events(self) -> EventsResult:
        """Everything that happened here: who, when, what, and the reason where a person overrode."""
        return EventsResult(events=tuple(self._workspace.events.all()))

    def versions(self) -> VersionsResult:
        """Every version of the data, with who made it and why."""
        return VersionsResult(versions=tuple(self._workspace.table.history()))

    def diff(self, before: int, after: int) -> DiffResult:
        """What differs between two versions of the data, row by row."""
        from tunewright.stages.clean.diff import diff

        table = self._workspace.table
        frame = diff(table.scan(before).collect(), table.scan(after).collect())
        return diff_result(before, after, frame, DIFF_LIMIT)

    def corpus(self, version: int) -> Corpus:
        """One version of the data, opened for reading in Python."""
        return self._workspace.corpus(self._workspace.table.dataset(version))

    # ----------------------------------------------------------------------------------------------------------

    def _flow(self) -> Flow:
        return Flow(self._workspace, self._overrides)

    def _cached(self) -> tuple[Outputs, Step | None]:
        """How far what is there goes, and the first step that is not there."""
        return Flow(self._workspace.read_only(), self._overrides).cached_until()

    def _lines(self, outputs: Outputs) -> "pl.DataFrame":
        """`row` and the user's own `line` of the rows that the last audit was about."""
        return self._workspace.corpus(outputs[AuditReport].dataset).scan("row", "line").collect()

    def _material(self, outputs: Outputs, stopped: str = "") -> "ReportMaterial":
        from tunewright.workflow.report_data import material

        return material(outputs, self._workspace, stopped=stopped)

    def _publish_report(self, outputs: Outputs, stopped: str = "") -> ReportResult:
        from tunewright.core.files import publish_text
        from tunewright.stages.report.api import render

        html = render(self._material(outputs, stopped))
        release = outputs.get(Release)
        name = release.name if release else f"{self.config.name}-{outputs.last_key[:8]}"
        path = self.folder / "reports" / f"{name}.html"
        publish_text(path, html)
        return ReportResult(path=str(path), bytes=len(html.encode()))


def _known_gates(overrides: Mapping[str, Override]) -> dict[str, Override]:
    """`overrides` under the names that the gates have now.

    Raises:
        UserError: E-GATE-002 for a gate that there is not.
    """
    known = {name: each.name for each in gates() for name in (each.name, each.former) if name}
    for name in overrides:
        if name not in known:
            raise UserError("E-GATE-002", f"There is no gate {name!r}.", fix=did_you_mean(name, list(known)))
    return {known[name]: decision for name, decision in overrides.items()}


def override(why: str, *, until: str | None = None) -> Override:
    """A decision to pass a gate, by the person running this process, now.

    Raises:
        UserError: E-GATE-003 when no reason is given or the date has passed.
    """
    if not why.strip():
        raise UserError("E-GATE-003", "An override needs a reason.", fix='--override GATE --why "…"')
    if until is not None:
        try:
            date.fromisoformat(until)
        except ValueError:
            raise UserError("E-GATE-003", f"{until!r} is no date.", fix="--until 2027-01-31") from None
    decision = Override(who=actor(), why=why, until=until, when=datetime.now(UTC).isoformat(timespec="seconds"))
    if not decision.holds():
        raise UserError("E-GATE-003", f"The override ended on {until}.", fix="Decide again.", exit_code=ExitCode.USAGE)
    return decision
