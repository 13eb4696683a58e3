"""What each verb gives back: the values the shell renders and ``--json`` prints."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from tunewright.core.audit_report import CheckRun
from tunewright.core.candidate import Plan
from tunewright.core.dataset import Dataset
from tunewright.core.events import Event
from tunewright.core.finding import Severity
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.score import Score
from tunewright.core.scorecard import Decision
from tunewright.core.store import Step
from tunewright.core.table import Commit
from tunewright.stages.review.reconcile import Reconciled
from tunewright.stages.review.score import Outlook
from tunewright.stages.split.api import Division
from tunewright.stages.train.runs.effective import Effective
from tunewright.stages.train.runs.job_events import JobEvent
from tunewright.stages.train.runs.jobs import Job


class FindingLine(Frozen):
    """One finding in a line: what, how many rows, the first of them by the user's own line numbers."""

    name: str
    severity: Severity
    rows: int
    lines: tuple[int, ...]
    sentence: str
    fix: str | None


class SetAside(Frozen):
    """Records that could not be used, for one reason, the first of them by the user's own line numbers."""

    reason: str
    records: int
    lines: tuple[int, ...]


class AuditResult(Frozen):
    """What `audit` says."""

    file: str
    dataset: Dataset
    records: int
    quarantined: int
    set_aside: tuple[SetAside, ...]
    quality: Score
    verdict: Verdict | None
    findings: tuple[FindingLine, ...]
    checks: tuple[CheckRun, ...]
    report: str | None = None
    findings_file: str | None = None


class EditLine(Frozen):
    """One fix in a line: what it changed, for which finding, how many rows."""

    fix: str
    finding: str
    rows: int
    drops: int
    replaces: int
    reweights: int
    example: str


class CleanResult(Frozen):
    """What `clean` did, or would do."""

    preview: bool
    before: Dataset
    after: Dataset | None
    rows_after: int
    edits: tuple[EditLine, ...]
    quality_before: Score
    quality_after: Score | None
    verdict: Verdict | None
    outlook: Outlook | None = None


class SplitResult(Frozen):
    """What `split` did."""

    dataset: Dataset
    division: Division


class PlanResult(Frozen):
    """What `plan` decided."""

    plan: Plan


class TrainResult(Frozen):
    """What `train` made."""

    candidate: str
    folder: str
    metric: str
    best_step: int
    best_value: float | None
    stopped: str
    precision: str
    seconds: float


class LaunchCommand(Frozen):
    """One command that training in several processes would start.

    Attributes:
        where: the host, in words.
        command: as a shell would be given it.
    """

    where: str
    command: str


class LaunchResult(Frozen):
    """What a dry run says that training would start.

    Attributes:
        launcher: what starts the processes; empty where training is in one.
        trained: whether the candidate is there already, so that nothing would be started.
        commands: all of them would be started at once.
    """

    launcher: str
    trained: bool
    commands: tuple[LaunchCommand, ...]


class RankLine(Frozen):
    """One rank of a sweep, or every weight tuned, as far as it was taken.

    Attributes:
        rank: its rank; None is every weight, without adapters.
        quality: log-likelihood of the validation rows' answers.
        forgetting: nats a token that its answers to the retention suite lost.
        kept: of the suite's items that the base answers right, the share that is still right.
        step: optimizer steps taken.
        share: of one full run.
        whole: whether its run is over.
        memory_gb: most memory while it trained; None where it cannot be told.
        minutes_per_1000_steps: time that 1,000 steps of it take here, validations included.
        playbook_memory_gb: what the playbook says, where it names this rank.
        playbook_minutes_per_1000_steps: the same of the time.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"memory_gb", "minutes_per_1000_steps"})

    rank: int | None
    quality: Score
    forgetting: Score
    kept: Score | None
    step: int
    share: float
    whole: bool
    memory_gb: float | None
    minutes_per_1000_steps: float
    playbook_memory_gb: float | None = None
    playbook_minutes_per_1000_steps: float | None = None


class LadderLine(Frozen):
    """One step up the ladder: where it was last tested, what it gained, and whether that was enough.

    `left` is the share of the gain that is likely to be left at the end of a run, from how it shrank so far.
    """

    low: int
    high: int
    step: int
    gain: Score
    helps: bool
    left: float


class SweepResult(Frozen):
    """What `sweep` found.

    Attributes:
        base: the model that every rank adapts.
        ranks: each rank, as far as it was taken.
        full: every weight tuned, where that was asked for and fits.
        full_missing: why it is absent although it was asked for.
        untuned: log-likelihood of the validation rows' answers before any training.
        ladder: the steps that were tested, from the start up.
        winner: the rank to train; None where there is none, or not yet.
        why: why the ladder ended there.
        cost: optimizer steps of all ranks together, in full runs.
        steps: optimizer steps of one full run.
        rows: validation rows.
        items: items of the retention suite.
        exhaustive: whether every rank had its full run.
        interrupted: whether it was ended before it was done.
        setting: the line to put under ``train:`` in tunewright.yaml.
    """

    base: str
    ranks: tuple[RankLine, ...]
    full: RankLine | None
    full_missing: str
    untuned: Score
    ladder: tuple[LadderLine, ...]
    winner: int | None
    why: str
    cost: float
    steps: int
    rows: int
    items: int
    exhaustive: bool
    interrupted: bool
    setting: str


class SystemLine(Frozen):
    """One system's figures in a line."""

    system: str
    scores: tuple[Score, ...]


class EvaluateResult(Frozen):
    """What `evaluate` found."""

    candidate: str
    scorecard: str
    rows: int
    metric: str
    systems: tuple[SystemLine, ...]
    best_baseline: str
    gain: Score
    decision: Decision
    words: str
    verdict: Verdict | None


class ReleaseResult(Frozen):
    """What `release` packaged: its name, its digest, where it lies."""

    name: str
    release: str
    folder: str
    verdicts: tuple[Verdict, ...]
    parity_rows: int


class ReportResult(Frozen):
    """Where `report` was written."""

    path: str
    bytes: int


class StepLine(Frozen):
    """One step of a walk."""

    step: str
    key: str
    hit: bool
    seconds: float
    value: str


class RunResult(Frozen):
    """What `run` did from end to end."""

    steps: tuple[StepLine, ...]
    audit: AuditResult
    evaluation: EvaluateResult
    release: ReleaseResult
    report: ReportResult
    seconds: float


class StatusLine(Frozen):
    """Whether a step's output is there for the present file, settings and inputs."""

    step: str
    key: str | None
    state: str


class StatusResult(Frozen):
    """How far the project is."""

    project: str
    steps: tuple[StatusLine, ...]


class WhyResult(Frozen):
    """Why a step would be done again, or not."""

    step: str
    hit: bool
    now: Step | None
    before: Step | None
    differences: tuple[str, ...]


class EventsResult(Frozen):
    """The project's events."""

    events: tuple[Event, ...]


class VersionsResult(Frozen):
    """Versions of the project's data."""

    versions: tuple[Commit, ...]


class DiffResult(Frozen):
    """What differs between two versions of the data."""

    before: int
    after: int
    added: int
    removed: int
    changed: int
    rows: tuple[Mapping[str, Any], ...]


class UndoResult(Frozen):
    """The cleaning that was undone."""

    step: str
    dataset: Dataset
    reason: str


class PredictResult(Frozen):
    """Predictions that were written or returned."""

    release: str
    rows: int
    output: str | None
    predictions: tuple[Mapping[str, Any], ...]


class InitResult(Frozen):
    """What `init` wrote, and the guess it made."""

    folder: str
    config: str
    file: str
    format: str
    task: str
    confidence: float
    mapping: Mapping[str, str]
    reasons: tuple[str, ...]
    preview: tuple[Mapping[str, str], ...]


class SettingLine(Frozen):
    """One setting in force."""

    key: str
    value: Any
    origin: str


class ConfigResult(Frozen):
    """Settings in force, or the schema of the file."""

    settings: tuple[SettingLine, ...] = ()
    json_schema: Mapping[str, Any] = {}
    show_origin: bool = False


class ExplainResult(Frozen):
    """What a code means and how to mend it."""

    code: str
    title: str
    what: str
    why: str
    fix: str


class RunsListResult(Frozen):
    """What `runs list` shows, as OpenAI's API lists jobs."""

    object: Literal["list"] = "list"
    data: tuple[Job, ...]
    has_more: bool = False


class RunsShowResult(Frozen):
    """What `runs show` shows: one run, its last sentences, and every setting that is in force."""

    job: Job
    settings: tuple[Effective, ...]
    messages: tuple[JobEvent, ...]


class RunsEventsResult(Frozen):
    """What `runs events` shows, as OpenAI's API lists a job's events, but the oldest first."""

    object: Literal["list"] = "list"
    data: tuple[JobEvent, ...]
    has_more: bool = False


class RunsAskedResult(Frozen):
    """What `runs pause` and `runs stop` asked, and what will come of it."""

    job: Job
    asked: str
    words: str


class ReviewSampleResult(Frozen):
    """The sample that `review sample` drew, and where it was written."""

    set: str
    rows: int
    population: int
    strata: int
    stratified: int
    random: int
    files: tuple[str, ...]


class ReviewedFile(Frozen):
    """One file that came back, and how its rows fared; `already` when it had been imported before."""

    file: str
    file_digest: str
    already: bool
    account: Reconciled


class ReviewImportResult(Frozen):
    """What `review import` took in, and what it does to the score."""

    files: tuple[ReviewedFile, ...]
    reviewed: int
    defective: int
    corrected: int
    agreement: Score | None
    before: Score
    verdict: Verdict
    outlook: Outlook | None


class ReviewNextResult(Frozen):
    """How far one sitting of `review next` came."""

    reviewer: str
    answered: int
    skipped: int
    left: int


class ReviewSetLine(Frozen):
    """One sample and how much of it was reviewed."""

    set: str
    when: str
    rows: int
    reviewed: int


class FindingReviewed(Frozen):
    """Of the reviewed rows with a finding, how many people called defective; ``nothing found``: what checks missed."""

    name: str
    reviewed: int
    defective: int


class ReviewStatusResult(Frozen):
    """How far the review is, and what it says about all rows."""

    sets: tuple[ReviewSetLine, ...]
    reviewed: int
    reviewers: Mapping[str, int]
    agreement: Score | None
    findings: tuple[FindingReviewed, ...]
    automatic: Score
    corrected: Score | None
    verdict: Verdict
    outlook: Outlook | None
