"""What training makes: a plan, a run, and a candidate that answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr

from tunewright.core.dataset import Task
from tunewright.core.engine_ref import EngineRef, engine_of
from tunewright.core.frozen import VALUE_FILE, Frozen


class Refused(Frozen):
    """A way of training that the plan did not choose, and why."""

    method: str
    why: str


class Estimate(Frozen):
    """What a plan expects to spend, and where the figure comes from."""

    steps: int
    tokens: int
    hours: float | None
    memory_gb: float | None
    cost_usd: float | None
    source: str


class Plan(Frozen):
    """How the model will be trained, decided before anything is spent.

    Attributes:
        task: what the model is for.
        method: the shelf file in ``train/methods``.
        options: that method's options, complete.
        base: name or path of the base model.
        base_digest: digest of the base model's weights.
        labels: label names in index order, for classification.
        dataset: digest of the rows it was planned for.
        seed: random seed.
        estimate: expected cost.
        reasons: why this method, in sentences.
        refused: the others, and why not.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"estimate"})

    task: Task
    method: str
    options: Mapping[str, Any]
    base: str
    base_digest: str
    labels: tuple[str, ...]
    dataset: str
    seed: int
    estimate: Estimate | None = None
    reasons: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


class CurvePoint(Frozen):
    """One point of a training curve."""

    step: int
    epoch: float
    train_loss: float | None = None
    validation_loss: float | None = None
    validation_metric: float | None = None


class DataReport(Frozen):
    """What became of every training row, and what was computed for it.

    Attributes:
        rows: rows of the training split.
        kept: rows that were trained on.
        dropped: rows that were not, by reason.
        unrequested_drops: of the dropped rows those that nobody asked to leave out; ``lost`` in files and digests.
        cut: kept rows whose end was cut off.
        masked: rows without a single token to train on; they are among the dropped.
        skipped_answers: earlier answers of kept chats that are not trained, because the template shows them otherwise.
        read_tokens: tokens of the kept rows.
        trained_tokens: those of them that the loss is taken on.
        stops: kept rows whose last trained token is one that stops an answer.
        batching: ``packed`` (several chats a line, kept apart) or ``padded`` (one chat a line, alike in length).
        batching_why: the reason for that, in words.
        utilization: share of the computed tokens that are a chat's, not padding; first 1,000 steps.
    """

    # Files and digests have the name that this count had first.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    rows: int
    kept: int
    dropped: Mapping[str, int] = {}
    unrequested_drops: int = Field(0, alias="lost")
    cut: int = 0
    masked: int = 0
    skipped_answers: int = 0
    read_tokens: int = 0
    trained_tokens: int = 0
    stops: int = 0
    batching: Literal["packed", "padded"] = "padded"
    batching_why: str = ""
    utilization: float | None = None

    def content(self) -> dict[str, Any]:
        """What the digest covers, under the names that files have."""
        content = super().content()
        return {"lost" if name == "unrequested_drops" else name: value for name, value in content.items()}

    @property
    def words(self) -> str:
        """This, in two or three sentences."""
        left = "; ".join(f"{count:,} {why}" for why, count in self.dropped.items())
        lines = [f"{self.kept:,} of {self.rows:,} rows are trained on" + (f" ({left})." if left else ".")]
        if self.cut:
            lines.append(f"The end of {self.cut:,} rows is cut off.")
        lines.append(
            f"The loss is taken on {self.trained_tokens:,} of {self.read_tokens:,} tokens; "
            + ("every row ends in" if self.stops == self.kept else f"{self.kept - self.stops:,} rows do not end in")
            + " a trained token that stops an answer."
        )
        used = f", and {100 * self.utilization:.0f} % of what is computed is text" if self.utilization else ""
        return " ".join([*lines, f"Chats are {self.batching}{used}: {self.batching_why}."])


class Run(Frozen):
    """How training went.

    Attributes:
        plan: what was to be done.
        curve: losses and validation metric by step.
        best_step: the checkpoint that was kept.
        metric: name of the validation metric.
        precision: number format of the computation, such as ``fp32`` or ``bf16``.
        trained_rows: rows used.
        trained_tokens: tokens the loss was taken on, one epoch.
        stopped: why it ended, in words.
        seconds: time spent, all attempts together.
        environment: package versions and machine.
        receipt: what became of every training row; None where the method keeps none.
        template: fingerprint of the chat template that was trained on, for a model that writes.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"seconds", "environment", "energy_wh"})

    plan: Plan
    curve: tuple[CurvePoint, ...]
    best_step: int
    metric: str
    precision: str
    trained_rows: int
    trained_tokens: int
    stopped: str
    seconds: float
    energy_wh: float | None = None
    environment: Mapping[str, str] = {}
    receipt: DataReport | None = None
    template: str | None = None


class Candidate(Frozen):
    """Anything that answers: a folder of weights with a tokenizer, and the run that made it.

    Attributes:
        task: what it is for.
        kind: what answers, as it is stored: ``encoder``, ``decoder``, or the name of another engine.
        run: how it was made.
        labels: label names in index order, for classification.
        files: SHA-256 of each file of the model, by name relative to the model folder.
        parent: digest of the candidate it was made from, if any.
    """

    task: Task
    kind: str
    run: Run
    labels: tuple[str, ...]
    files: Mapping[str, str]
    parent: str | None = None
    _folder: Path = PrivateAttr(default=Path())

    MODEL_FOLDER: ClassVar[str] = "model"

    @property
    def engine(self) -> EngineRef:
        """What answers for it, with the files that it answers from."""
        return EngineRef(engine=engine_of(self.kind), files=self.files, folder=self.folder)

    @property
    def folder(self) -> Path:
        """Where the weights, tokenizer and config lie, as transformers loads them."""
        return self._folder / self.MODEL_FOLDER

    def at(self, folder: Path) -> Self:
        """This candidate with its files below `folder`/model."""
        self._folder = folder
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The candidate kept in `folder`."""
        return cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8")).at(folder)
