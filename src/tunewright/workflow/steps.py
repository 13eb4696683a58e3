"""How each room is called and its output kept; the order of the rooms is in ``flow.py``.

Each step is kept by the digest of what made it, so a second walk finds what the first one did, and a killed walk
goes on where it was.
"""

import inspect
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from tunewright.config.model import Config
from tunewright.config.plugins import METHODS
from tunewright.core.audit_report import AuditReport
from tunewright.core.candidate import Candidate, Plan
from tunewright.core.context import Context, Target
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset, Task
from tunewright.core.digest import digest, file_digest
from tunewright.core.divided import Divided
from tunewright.core.edit import Cleaned
from tunewright.core.errors import UserError
from tunewright.core.events import Events, actor
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.ingested import Ingested
from tunewright.core.progress import Progress
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard
from tunewright.core.store import Outcome, Step, Store
from tunewright.core.table import Table
from tunewright.models.files import DEFAULT_STARTER, ModelFiles, find_encoder, find_model
from tunewright.models.memory_estimate import Shape
from tunewright.stages.audit.settings import AuditSettings
from tunewright.stages.plan.api import METHOD_FOR_TASK, Facts, plan
from tunewright.stages.review.store import ReviewStore
from tunewright.stages.train.results import LaunchCommand, LaunchResult
from tunewright.stages.train.runs.resolved_settings import origin_in, require_used
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.stages.train.sweep.settings import SweepSettings
from tunewright.workflow.sweeping import Asked, Order, sweepable

Value = TypeVar("Value", bound=Frozen)


class NotKept(Exception):
    """A step whose output is not there, met on a walk that only looks."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.name)
        self.step = step


#: Raised when the same inputs would now give another output; one line of the changelog goes with each.
VERSIONS = {
    "intake": 1,
    "audit": 1,
    "clean": 1,
    "split": 1,
    "plan": 1,
    "train": 2,
    "sweep": 1,
    "evaluate": 1,
    "release": 1,
}


#: What answers a task: an encoder with a head gives labels, a decoder writes.
KIND_FOR_TASK: dict[Task, str] = {"classify": "encoder", "reply": "decoder", "extract": "decoder"}


#: Methods that train adapters of some rank beside a base that stays as it is.
ADAPTER_METHODS = frozenset({"lora", "qlora"})


def method_for(settings: TrainSettings, task: Task) -> str:
    """The training method: the one that was named, or the one that fits the task."""
    named = settings.method_name
    return METHOD_FOR_TASK[task] if named == "auto" else named


def require_fit(method: str, task: Task) -> Any:
    """The module of `method`; stop unless it makes what the task asks for.

    Raises:
        UserError: E-CFG-002 for a method that there is not, E-PLAN-002.
    """
    module: Any = inspect.getmodule(METHODS.options(method))
    if KIND_FOR_TASK[task] != module.KIND:
        raise UserError(
            "E-PLAN-002",
            f"The method {method!r} does not fit the task {task!r}.",
            why="An encoder gives labels and no text; a causal language model gives text and no labels.",
            fix=f"train.method: {METHOD_FOR_TASK[task]}, or another data.task",
        )
    return module


def target(settings: TrainSettings, task: Task) -> Target:
    """The model that rows of this task are to tune."""
    method = method_for(settings, task)
    base = settings.encoder if method == "encoder" else settings.base or DEFAULT_STARTER
    options = METHODS.options(method).model_validate(settings.method_options)
    return Target(method=method, base=base, max_tokens=options.max_tokens)


def _adapters(base: ModelFiles, options: Any) -> int | None:
    """Parameters of the adapters that `options` puts on `base`; None where its shape is not known."""
    shape = Shape.in_folder(base.folder)
    return shape.adapters(options.rank) if shape else None


class Steps:
    """The rooms of one project, each called through the step store.

    Args:
        folder: the project folder.
        config: its configuration.
        progress: where long work reports.
        step_seen: told of each step's outcome as it happens.
        looking: only look: a step that is not there raises :class:`NotKept`, and nothing is recorded.
        origins: where each setting came from, by its key; the rest are defaults.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        *,
        progress: Progress,
        step_seen: Callable[[Outcome[Any]], None] = lambda _: None,
        looking: bool = False,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.config = config
        self.state = folder / ".tunewright"
        self.progress = progress
        self.events = Events(config.state.url or f"sqlite:///{self.state / 'project.db'}")
        self.table = Table(self.state / "tables" / "data")
        self.store = Store(
            self.state, waiting=lambda step: progress.say(f"Another run is doing {step}; waiting for it.")
        )
        self._seen = step_seen
        self.looking = looking
        self._origins = origins or {}

    def only_looking(self) -> "Steps":
        """The same rooms on a walk that makes nothing and records nothing."""
        return Steps(self.folder, self.config, progress=self.progress, looking=True)

    # The rooms, in order. -------------------------------------------------------------------------------------

    def intake(self) -> Outcome[Ingested]:
        """The user's file as the first version of the data."""
        from tunewright.stages.intake.api import read
        from tunewright.stages.intake.container import require_file
        from tunewright.stages.intake.detect import require_sure

        path = self.source()
        require_file(path)
        settings = self.config.data.model_dump(mode="json", exclude={"file", "references", "evaluation"})
        step = self._step("intake", settings, {"file": file_digest(path)})

        def make(_: Path) -> Ingested:
            found = read(path, self.config.data, progress=self.progress)
            require_sure(found.detection, path.name, confirmed=self.config.data.confirmed)
            dataset = self.table.commit(
                found.frame,
                task=found.detection.task,
                who=actor(),
                why=f"read {path.name}",
                key=step.key,
            )
            return found.account(dataset, path.name, step.inputs["file"])

        return self._once(step, Ingested, make)

    def audit(self, dataset: Dataset) -> Outcome[AuditReport]:
        """What is wrong with one version of the data."""
        from tunewright.stages.audit.api import audit

        inputs = {"dataset": dataset.digest, "context": self.context(dataset.task).digest}
        settings = self._audit_settings()
        step = self._step("audit", settings.model_dump(mode="json"), inputs)
        return self._once(step, AuditReport, lambda _: audit(self.corpus(dataset), settings))

    def clean(self, dataset: Dataset, report: AuditReport) -> Outcome[Cleaned]:
        """The data with every safe fix made, each recorded as an edit."""
        step = self.clean_step(dataset, report)
        if self.undone(step):
            untouched = Cleaned(before=dataset, after=dataset, edits=())
            return Outcome(step, untouched, self.state, hit=True, seconds=0.0)

        def make(_: Path) -> Cleaned:
            frame, edits = self.clean_preview(dataset, report)
            if not edits:
                return Cleaned(before=dataset, after=dataset, edits=())
            why = ", ".join(f"{edit.fix} ({edit.rows} rows)" for edit in edits)
            after = self.table.commit(frame, task=dataset.task, who=actor(), why=f"clean: {why}", key=step.key)
            return Cleaned(before=dataset, after=after, edits=edits)

        return self._once(step, Cleaned, make)

    def split(self, dataset: Dataset) -> Outcome[Divided]:
        """The data divided into train, validation and test."""
        from tunewright.stages.split.api import split

        step = self._step("split", self.config.split.model_dump(mode="json"), {"dataset": dataset.digest})

        def make(_: Path) -> Divided:
            frame, division = split(self.corpus(dataset), self.config.split, seed=self.config.seed)
            why = "split: " + ", ".join(f"{rows} {side}" for side, rows in division.rows.items())
            after = self.table.commit(frame, task=dataset.task, who=actor(), why=why, key=step.key)
            return Divided(dataset=after, division=division)

        return self._once(step, Divided, make)

    def plan(self, dataset: Dataset) -> Outcome[Plan]:
        """How the model will be trained, and what that should cost."""
        module = require_fit(self._method(dataset), dataset.task)
        if not self.looking:
            require_used(self.config.train, module, self._method(dataset), origin_in(self._origins))
        # The method's options with their defaults: a default that a new release changes is another plan.
        settings = {
            "method": self._method(dataset),
            "chosen": self.config.train.method_name != "auto",
            "options": self._options(dataset).model_dump(mode="json"),
            "plan": self.config.plan.model_dump(mode="json"),
        }
        base = self._base(dataset)
        step = self._step("plan", settings, {"dataset": dataset.digest, "base": base.digest_of_weights})
        return self._once(step, Plan, lambda _: self._make_plan(dataset, base))

    def train(self, dataset: Dataset, plan: Plan) -> Outcome[Candidate]:
        """A candidate: the plan carried out."""
        from tunewright.stages.train.launch.training import carry_out

        step = self._train_step(dataset, plan)

        def make(work: Path) -> Candidate:
            return carry_out(
                self.corpus(dataset), plan, work, settings=self.config.train, progress=self.progress,
                home=self.state / "trackers", origins=self._origins,
            )  # fmt: skip

        return self._once(step, Candidate, make)

    def would_start(self, dataset: Dataset, plan: Plan) -> LaunchResult:
        """What training would start in several processes; nothing is."""
        from tunewright.stages.train.launch.launching import commands
        from tunewright.stages.train.launch.training import FOLDER

        step, launcher = self._train_step(dataset, plan), self.config.train.launcher
        if self.store.get(step, Candidate) is not None:
            return LaunchResult(launcher=launcher, trained=True, commands=())
        found = commands(self.config.train, self.store.work(step) / FOLDER) if launcher else ()
        told = tuple(LaunchCommand(where=one.where, command=shlex.join(one.line)) for one in found)
        return LaunchResult(launcher=launcher, trained=False, commands=told)

    def _train_step(self, dataset: Dataset, plan: Plan) -> Step:
        return self._step("train", {}, {"dataset": dataset.digest, "plan": plan.digest})

    def sweep(self, dataset: Dataset, plan: Plan, settings: SweepSettings, asked: Asked) -> Outcome[SweepResult]:
        """What each rank of the plan's adapters gives, forgets and costs."""
        order = Order(plan=sweepable(plan), settings=settings, asked=asked, train=self.config.train,
                      evaluate=self.config.evaluate, seed=self.config.seed)  # fmt: skip
        step = self._step("sweep", order.kept_by, {"dataset": dataset.digest, **order.inputs})
        return self._once(step, SweepResult, lambda work: order.sweep(self.corpus(dataset), work, self.progress))

    def evaluate(self, dataset: Dataset, candidate: Candidate) -> Outcome[Scorecard]:
        """The candidate's scorecard on the test rows, beside the baselines."""
        from tunewright.stages.evaluate.api import evaluate

        inputs = {"dataset": dataset.digest, "candidate": candidate.digest}
        step = self._step("evaluate", self.config.evaluate.model_dump(mode="json"), inputs)
        return self._once(
            step,
            Scorecard,
            lambda _: evaluate(candidate, self.corpus(dataset), self.config.evaluate, progress=self.progress),
        )

    def release(
        self,
        candidate: Candidate,
        scorecard: Scorecard,
        verdicts: tuple[Verdict, ...],
        data: Mapping[str, str],
        tested: Dataset,
    ) -> Outcome[Release]:
        """The candidate as a bundle below ``releases/``; `tested` is the dataset it was evaluated on."""
        from tunewright.stages.release.api import release

        inputs = {
            "candidate": candidate.digest,
            "scorecard": scorecard.digest,
            "verdicts": digest([verdict.content() for verdict in verdicts]),
            "data": digest(dict(data)),
        }
        settings = {"name": self.config.name, **self.config.release.model_dump(mode="json")}
        step = self._step("release", settings, inputs)
        kept = self.store.get(step, Release)
        if kept is not None and not (self.folder / "releases" / kept.value.name).exists():
            self.store.invalidate(step)
        outcome = self._once(
            step,
            Release,
            lambda _: release(
                candidate,
                scorecard,
                verdicts,
                data,
                self.corpus(tested),
                name=self.config.name,
                folder=self.folder / "releases",
                settings=self.config.release,
                progress=self.progress,
            ),
        )
        outcome.value.at(self.folder / "releases" / outcome.value.name)
        return outcome

    # What the rooms are handed. -------------------------------------------------------------------------------

    def source(self) -> Path:
        """The user's file, absolute."""
        return (self.folder / self.config.data.file).resolve()

    def corpus(self, dataset: Dataset) -> Corpus:
        """One version of the data, opened for reading."""
        assert dataset.version is not None
        return Corpus(
            dataset,
            self.table.scan(dataset.version),
            evidence=self.state / "evidence",
            context=self.context(dataset.task),
            progress=self.progress,
        )

    def corpus_of(self, version: int) -> Corpus:
        """The rows of one table version, opened for reading."""
        return self.corpus(self.table.dataset(version))

    def clean_step(self, dataset: Dataset, report: AuditReport) -> Step:
        """What decides the clean step's output."""
        from tunewright.stages.clean.fixes.surrogate import key_mark

        # Surrogates depend on the key, so another key is another cleaning; the mark gives nothing of the key away.
        inputs = {"dataset": dataset.digest, "report": report.digest, "surrogates": key_mark(self.config.clean)}
        return self._step("clean", self.config.clean.model_dump(mode="json"), inputs)

    def clean_preview(self, dataset: Dataset, report: AuditReport) -> Any:
        """What cleaning would do: the new rows and the edits, nothing kept."""
        from tunewright.stages.clean.api import clean

        return clean(self.corpus(dataset), report, self.config.clean, who=actor())

    def _method(self, dataset: Dataset) -> str:
        return method_for(self.config.train, dataset.task)

    def _options(self, dataset: Dataset) -> Any:
        """The chosen method's options, complete."""
        return METHODS.options(self._method(dataset)).model_validate(self.config.train.method_options)

    def _base(self, dataset: Dataset) -> ModelFiles:
        """The pre-trained model that training starts from."""
        if self._method(dataset) == "encoder":
            return find_encoder(self.config.train.encoder)
        return find_model(self.config.train.base or DEFAULT_STARTER)

    def _make_plan(self, dataset: Dataset, base: ModelFiles) -> Plan:
        method, options = self._method(dataset), self._options(dataset)
        rows = self.corpus(dataset).scan("prompt", "answer", "label", "split").collect()
        train = rows.filter(pl.col("split") == "train")
        facts = Facts(
            task=dataset.task,
            dataset=dataset.digest,
            rows=train.height,
            words=sum(int(train[name].fill_null("").str.count_matches(r"\S+").sum()) for name in ("prompt", "answer")),
            labels=tuple(rows["label"].drop_nulls().unique().sort()) if dataset.task == "classify" else (),
            base=base.name,
            base_digest=base.digest_of_weights,
            parameters=base.parameters,
            epochs=options.epochs,
            batch=options.batch,
            trained=_adapters(base, options) if method in ADAPTER_METHODS else None,
            bundled=self._method(dataset) != "encoder" and not self.config.train.base,
            seconds_per_token=self._seconds_per_token(method),
        )
        if dataset.task == "classify" and len(facts.labels) < 2:
            raise UserError(
                "E-PLAN-003",
                f"Only one label is left: {', '.join(map(repr, facts.labels)) or 'none'}.",
                why="There is nothing to tell apart.",
                fix="Check that data.columns.label names the right column, and what cleaning dropped.",
            )
        chosen = self.config.train.method_name != "auto"
        return plan(
            facts, self.config.plan, method=method, options=options.model_dump(mode="json"), chosen=chosen,
            seed=self.config.seed,
        )  # fmt: skip

    def _seconds_per_token(self, method: str) -> float | None:
        """What this project's last run of `method` took for each token it trained on, over all epochs."""
        for step in self.store.previous("train"):
            kept = self.store.get(step, Candidate)
            if kept and kept.value.run.plan.method == method and kept.value.run.curve:
                run = kept.value.run
                passes = max(run.curve[-1].epoch, 1e-6)
                return run.seconds / (max(run.trained_tokens, 1) * passes)
        return None

    @cached_property
    def _beside(self) -> Context:
        """The user's own documents and evaluation file, read once."""
        from tunewright.stages.intake.references import read_beside

        return read_beside(self.config.data, self.folder)

    def context(self, task: Task) -> Context:
        """What the rows of this task are held against."""
        return replace(self._beside, target=target(self.config.train, task), reviews=self._reviews())

    @property
    def kept_reviews(self) -> ReviewStore:
        """The samples that people were given, and what they said."""
        return ReviewStore(self.state / "review")

    def corrected(self, cleaned: Cleaned, report: AuditReport) -> Score | None:
        """The quality score of the cleaned rows as people's reviews correct it; None while there are none."""
        decided = self._reviews()
        if decided is None:
            return None
        from tunewright.stages.review.corrected_score import corrected_score

        rows = self.corpus(cleaned.after).scan("row", "example_id", "content_digest", "label", "answer").collect()
        # Only what a review dropped speaks of rows like it; what another fix dropped is no longer asked about.
        dropped = [
            edit.frame.filter(pl.col("action") == "drop")["example_id"]
            for edit in cleaned.edits
            if edit.finding.startswith("reviewed.")
        ]
        gone = pl.concat([pl.Series("example_id", [], pl.String), *dropped])
        return corrected_score(report, rows, decided, gone, self.kept_reviews.samples())

    def _reviews(self) -> pl.DataFrame | None:
        """One decision for each row that people judged; read anew, since an import may come at any time."""
        answers = self.kept_reviews.answers()
        if answers.is_empty():
            return None
        from tunewright.stages.review.decisions import decisions

        return decisions(answers)

    def _audit_settings(self) -> AuditSettings:
        """The audit's settings; what people said counts even where the checks are named one by one."""
        settings = self.config.audit
        if self._reviews() is None or settings.checks.get("reviewed") is False:
            return settings
        from tunewright.stages.audit.api import chosen

        return settings.model_copy(update={"checks": {**chosen(settings), "reviewed": {}}})

    def undone(self, step: Step) -> bool:
        """Whether a person took this cleaning back, and nobody made it again since."""
        marks = [e for e in self.events.all() if e.key == step.key and e.kind in ("clean.undone", "clean.redone")]
        return bool(marks) and marks[-1].kind == "clean.undone"

    def _step(self, name: str, settings: Mapping[str, Any], inputs: Mapping[str, str]) -> Step:
        return Step(name=name, version=VERSIONS[name], settings=settings, inputs=inputs, seed=self.config.seed)

    def _once(self, step: Step, kind: type[Value], make: Callable[[Path], Value]) -> Outcome[Value]:
        if self.looking:
            found = self.store.get(step, kind)
            if found is None:
                raise NotKept(step)
            return found
        outcome = self.store.cached(step, kind, make)
        self.events.append(
            "step.hit" if outcome.hit else "step.made",
            step.name,
            key=step.key,
            digests={**step.inputs, "value": outcome.value.digest},
            detail={"seconds": round(outcome.seconds, 3)},
        )
        self._seen(outcome)
        return outcome
