"""One project opened: its configuration, its state, and the steps that run in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.config.model import Config
from tunewright.core.context import Context
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset, Task
from tunewright.core.events import Events
from tunewright.core.outputs import Outputs
from tunewright.core.progress import Progress
from tunewright.core.stage import StageContext
from tunewright.core.step_runner import StepRunner
from tunewright.core.store import Outcome, Store
from tunewright.core.table import Table
from tunewright.order import steps
from tunewright.stages.intake.settings import DataSettings
from tunewright.stages.plan.method import ChosenMethod
from tunewright.stages.review.store import ReviewStore
from tunewright.stages.train.runs.resolved_settings import origin_in, require_used
from tunewright.stages.train.settings import TrainSettings
from tunewright.workflow.method import chosen_method, require_fit, target


class Workspace:
    """A project folder with its store, its record and its table.

    Args:
        folder: the project folder.
        config: its configuration.
        progress: where long work reports.
        step_seen: called with each step's outcome as it happens.
        looking: only look: a step that is not there raises `StepNotCached`, and nothing is recorded.
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
        self.looking = looking
        self.events = Events(config.state.url or f"sqlite:///{self.state / 'project.db'}")
        self.table = Table(self.state / "tables" / "data")
        self.store = Store(
            self.state, waiting=lambda step: progress.say(f"Another run is doing {step}; waiting for it.")
        )
        self.stage_context = StageContext(
            project=config.name,
            folder=folder,
            state=self.state,
            seed=config.seed,
            section=config.section,
            origins=origins or {},
            table=self.table,
            corpus=self.corpus,
            progress=progress,
            looking=looking,
        )
        self.runner = StepRunner(self.store, self.events, self.stage_context, step_seen=step_seen)

    def read_only(self) -> "Workspace":
        """The same project on a walk that makes nothing and records nothing."""
        return Workspace(self.folder, self.config, progress=self.progress, looking=True)

    def outputs(self) -> Outputs:
        """What no step has filled yet."""
        return Outputs({spec.output: spec.name for spec in steps()}, {ChosenMethod: self._chosen_method})

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

    def context(self, task: Task) -> Context:
        """What the rows of this task are held against."""
        goal = target(self.config.section(TrainSettings), task)
        return replace(self._beside, target=goal, reviews=self._reviews())

    @property
    def reviews(self) -> ReviewStore:
        """The samples that people were given, and what they said."""
        return ReviewStore(self.state / "review")

    @cached_property
    def _beside(self) -> Context:
        """The user's own documents and evaluation file, read once."""
        from tunewright.stages.intake.references import read_beside

        return read_beside(self.config.section(DataSettings), self.folder)

    def _reviews(self) -> pl.DataFrame | None:
        """One decision for each row that people judged; read anew, since an import may come at any time."""
        answers = self.reviews.answers()
        if answers.is_empty():
            return None
        from tunewright.stages.review.decisions import decisions

        return decisions(answers)

    def _chosen_method(self, outputs: Outputs) -> ChosenMethod:
        """The training method for the newest rows; its settings are refused here where it would not read them."""
        settings, task = self.config.section(TrainSettings), outputs.dataset.task
        method = chosen_method(settings, task, self.store)
        if not self.looking:
            module = require_fit(method.name, task)
            require_used(settings, module, method.name, origin_in(self.stage_context.origins))
        return method
