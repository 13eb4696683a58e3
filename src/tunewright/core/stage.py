"""What a stage declares of itself: the workflow, the configuration, the shell and the report read it there.

A stage is a folder below ``stages/`` whose ``stage.py`` holds one ``STAGE``, and one line in ``order.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset, Task
from tunewright.core.events import actor
from tunewright.core.figure import Figure
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Gate
from tunewright.core.outputs import Outputs
from tunewright.core.plugins import PluginField
from tunewright.core.progress import Progress
from tunewright.core.store import Step
from tunewright.core.table import Table

Output = TypeVar("Output", bound=Frozen)
Settings = TypeVar("Settings", bound=Frozen)


@dataclass(frozen=True)
class StageContext:
    """What the workflow hands to every stage of one project.

    Attributes:
        project: the project's name.
        folder: its folder.
        state: where its state is kept.
        seed: random seed of every step.
        section: the settings of one class, as the configuration has them.
        origins: where each setting came from, by its key; the rest are defaults.
        table: every version of the data.
        corpus: opens one version of the data for reading.
        progress: where long work reports.
        looking: nothing is made and nothing recorded on this walk.
    """

    project: str
    folder: Path
    state: Path
    seed: int
    section: Callable[[type[Frozen]], Frozen]
    origins: Mapping[str, str]
    table: Table
    corpus: Callable[[Dataset], Corpus]
    progress: Progress
    looking: bool = False

    def settings(self, kind: type[Settings]) -> Settings:
        """The section of tunewright.yaml that `kind` describes.

        Raises:
            LookupError: no stage declares such a section.
        """
        section = self.section(kind)
        assert isinstance(section, kind)
        return section

    def commit(self, frame: pl.DataFrame, *, task: Task, why: str, key: str) -> Dataset:
        """`frame` as the next version of the data, written by the person who runs this process."""
        return self.table.commit(frame, task=task, who=actor(), why=why, key=key)


@dataclass(frozen=True)
class Work:
    """One step being made: what decides its output, and the folder that it may keep files in.

    Attributes:
        step: name, settings and inputs that the output is kept under.
        folder: the step's own folder; after a kill the next attempt finds it as it was left.
    """

    step: Step
    folder: Path


@dataclass(frozen=True, kw_only=True)
class StageSpec:
    """What is known of a stage, whether or not it is a step of a run.

    Attributes:
        name: the stage's name; it is also its folder's.
        sections: settings classes by their section in tunewright.yaml.
        plugins: where those sections name plugins.
        gates: the bars on what this stage measures.
    """

    name: str
    sections: Mapping[str, type[Frozen]] = field(default_factory=dict)
    plugins: tuple[PluginField, ...] = ()
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepSpec(StageSpec, Generic[Output]):
    """A stage that is a step of a run: what decides its output, and how that is made.

    Attributes:
        version: raised when the same inputs would now give another output; a line of the changelog goes with it.
        output: the value that it makes, which later stages ask for by this class.
        needs: values that it reads, by class; the step that gives them comes before this one.
        inputs: digests of what it reads, by name; they are part of the step's key.
        make: makes the output.
        settings: what of the configuration is part of the key; None is every section of this stage.
        data: what the version of the data is called that the output brings (its ``dataset``); empty brings none.
        behind_gates: it costs money or goes out, so that it starts only while every gate judged so far is open.
        restore: a kept output made ready for use; None when what it stands for is gone, so that it is made again.
        result: what the stage's verb gives back; None is the output itself.
        result_type: the class of that.
        figures: what the report and the shell show of the output where they know nothing else of it.
    """

    version: int = 1
    output: type[Output]
    needs: tuple[type, ...] = ()
    inputs: Callable[[Outputs, StageContext], Mapping[str, str]]
    make: Callable[[Outputs, StageContext, Work], Output]
    settings: Callable[[Outputs, StageContext], Mapping[str, Any]] | None = None
    data: str = ""
    behind_gates: bool = False
    restore: Callable[[Output, StageContext], Output | None] = lambda output, _: output
    result: Callable[[Outputs], Frozen] | None = None
    result_type: type[Frozen] | None = None
    figures: Callable[[Output], Sequence[Figure]] = lambda _: ()

    def key_settings(self, outputs: Outputs, context: StageContext) -> Mapping[str, Any]:
        """The settings that are part of the step's key, as JSON values."""
        if self.settings is not None:
            return self.settings(outputs, context)
        sections = {name: context.settings(kind).model_dump(mode="json") for name, kind in self.sections.items()}
        return next(iter(sections.values())) if len(sections) == 1 else sections

    def step(self, outputs: Outputs, context: StageContext) -> Step:
        """Everything that decides the output."""
        return Step(
            name=self.name,
            version=self.version,
            settings=self.key_settings(outputs, context),
            inputs=self.inputs(outputs, context),
            seed=context.seed,
        )

    def give_back(self, outputs: Outputs) -> Frozen:
        """What the stage's verb gives back."""
        return outputs[self.output] if self.result is None else self.result(outputs)

    @property
    def gives_back(self) -> type[Frozen]:
        """The class of what the stage's verb gives back."""
        return self.result_type or self.output
