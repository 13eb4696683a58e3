"""The runs of a sweep, each the very run that training alone would make, on one base that is loaded once.

A rank is taken to a step of its run and measured there; what was measured is kept as JSON and the run's checkpoint
beside it, so that a sweep that is killed goes on where it was, and a rank that goes on has lost nothing.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress
from tunewright.core.renamed_options import current_words
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import Chat
from tunewright.models.retention_suite import Recall, recall, suite_chats
from tunewright.stages.train.data.batches import Batches
from tunewright.stages.train.methods import full, lora
from tunewright.stages.train.runs import peak_memory
from tunewright.stages.train.runs.checkpoints import FOLDER
from tunewright.stages.train.runs.run_settings import RunSettings
from tunewright.stages.train.settings import TrainSettings

if TYPE_CHECKING:
    from tunewright.stages.train.data.inputs import Start
    from tunewright.stages.train.machine import Machine

#: The adapters whose rank can be swept; the base of another would have to be rounded or copied for each.
METHOD = "lora"
SHARED_WITH_FULL = frozenset(full.Options.model_fields) & frozenset(lora.Options.model_fields) - {"learning_rate"}


class RunMeasurement(Frozen):
    """One run as it is at one step; lists are one value a row or item, in the order of the split and the suite.

    Attributes:
        step: optimizer steps taken.
        whole: whether the run is over, at its last step or because validation no longer got better.
        steps: optimizer steps of the whole run.
        nats: negative log-likelihood of each validation row's answer, in nats a token.
        tokens: tokens of each.
        suite_nats: the same of each item of the retention suite.
        suite_tokens: tokens of each.
        suite_exact: whether the model would write exactly that.
        read_tokens: tokens of one epoch's training rows, whatever is trained of them.
        seconds: time of all training up to here, validations at the ends of epochs included.
        memory_gb: most memory since the run last went on; None where it cannot be told.
    """

    step: int
    whole: bool
    steps: int
    nats: tuple[float, ...]
    tokens: tuple[float, ...]
    suite_nats: tuple[float, ...]
    suite_tokens: tuple[float, ...]
    suite_exact: tuple[bool, ...]
    read_tokens: int = 0
    seconds: float = 0.0
    memory_gb: float | None = None

    @property
    def recall(self) -> Recall:
        """What it still knows of the suite."""
        return Recall(np.array(self.suite_nats), np.array(self.suite_tokens), np.array(self.suite_exact))

    @property
    def losses(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Nats a token of each validation row, and its tokens."""
        return np.array(self.nats), np.array(self.tokens)


@dataclass
class SweepRuns:
    """All runs of one sweep.

    Attributes:
        corpus: rows with their split.
        plan: of a LoRA run; its rank is replaced by each run's own.
        work: folder of the sweep; survives a kill.
        settings: how often there are checkpoints and validations; nobody is notified of a sweep's runs.
        progress: hears steps, and what was decided or mended.
        items: items of the retention suite that are measured, 0 for all.
        full_learning_rate: peak of the learning rate where every weight is tuned.
    """

    corpus: Corpus
    plan: Plan
    work: Path
    settings: TrainSettings
    progress: Progress
    items: int = 0
    full_learning_rate: float = field(default_factory=lambda: full.Options().learning_rate)

    @property
    def steps(self) -> int:
        """Optimizer steps of one whole run."""
        return self.base().steps

    def base(self) -> RunMeasurement:
        """The base before any training."""
        return self._once("base", lambda: self._measured(self._start.base, self._start, step=0, whole=True))

    def take(self, rank: int, step: int) -> RunMeasurement:
        """The run of `rank`, gone on with until `step` and measured there."""
        return self._once(f"rank-{rank}-step-{step}", lambda: self._gone_on(rank, step))

    def take_full(self) -> RunMeasurement:
        """Every weight tuned, from the first step to the last, with what its options share with the adapters'."""
        return self._once("full", self._full)

    def full_lacks(self) -> str:
        """Why every weight cannot be tuned on this machine, as a sentence; empty where it can."""
        if (self.work / "full.json").exists():
            return ""
        return peak_memory.lacking(
            sum(parameter.numel() for parameter in self._start.base.model.parameters()), self._machine.device
        )

    def tidy(self) -> None:
        """Remove the checkpoints; what was measured stays."""
        for folder in self.work.glob(f"*/{FOLDER}"):
            shutil.rmtree(folder)

    # ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _machine(self) -> "Machine":
        from tunewright.stages.train.machine import decide

        return decide(self.work)

    @cached_property
    def _start(self) -> "Start":
        from tunewright.stages.train.causal import begin

        return begin(self.corpus, self.plan, self._options(), self._machine, self.progress, frozen=True)

    @cached_property
    def _chats(self) -> list[Chat]:
        return suite_chats(self._start.base, self.items)

    def _options(self) -> lora.Options:
        return lora.Options.model_validate(dict(self.plan.options))

    def _gone_on(self, rank: int, step: int) -> RunMeasurement:
        plan = self.plan.model_copy(update={"options": {**self.plan.options, "rank": rank}})
        options = self._options().model_copy(update={"rank": rank})
        base = self._start.base
        if self._machine.device == "cpu":
            with _adapted(base, plan, options) as model:
                return self._measured(base, self._start, **self._fitted_adapters(model, plan, options, step))
        # On a GPU a base that is trained on is made over: compiled, fused, its products perhaps in 8 bits. What would
        # be released is none of that, so adapters are learned on a base of their own and measured on this one.
        self._move(base, "cpu")
        model = _adapters(self._start.again(), plan, options)
        stand = self._fitted_adapters(model, plan, options, step)
        learned = _learned(model)
        del model
        self._move(base, base.device)
        with _adapted(base, plan, options) as model:
            _learn(model, learned)
            return self._measured(base, self._start, **stand)

    def _fitted_adapters(self, model: Any, plan: Plan, options: lora.Options, step: int) -> dict[str, Any]:
        from tunewright.stages.train.weights.adapters import groups_of

        return self._fitted(
            model,
            self._start,
            plan,
            options,
            self.work / f"rank-{options.rank}",
            step,
            groups=lambda: groups_of(model, options),
            weight_decay=0.0,
            noise=options.neftune_alpha,
        )

    def _full(self) -> RunMeasurement:
        from tunewright.stages.train.causal import begin
        from tunewright.stages.train.weights.trained import decayed

        options = full.Options.model_validate(
            {
                **{name: value for name, value in current_words(self.plan.options).items() if name in SHARED_WITH_FULL},
                "learning_rate": self.full_learning_rate,
            }
        )
        plan = self.plan.model_copy(update={"method": "full", "options": options.model_dump(mode="json")})
        self._move(self._start.base, "cpu")
        start = begin(self.corpus, plan, options, self._machine, self.progress)
        model = start.base.model.requires_grad_(True)
        stand = self._fitted(
            model,
            start,
            plan,
            options,
            self.work / "full",
            self.steps,
            groups=lambda: decayed(model),
            weight_decay=options.weight_decay,
        )
        return self._measured(start.base, start, **stand)

    def _move(self, base: CausalLM, device: str) -> None:
        """Take the base that all runs share off the GPU, or put it back, once what was left there is gone."""
        if self._machine.device == "cpu":
            return
        import gc

        import torch

        gc.collect()
        base.model.to(device)
        torch.cuda.empty_cache()

    def _fitted(
        self, model: Any, start: "Start", plan: Plan, options: Any, work: Path, step: int, **how: Any
    ) -> dict[str, Any]:
        """Go on with a run until `step`; how far it came, and what that took. The model has the weights of that."""
        from tunewright.stages.train.causal import Trainee, job_and_report
        from tunewright.stages.train.loop.fit import PAUSED, fit
        from tunewright.stages.train.machine import computing
        from tunewright.stages.train.runs.clock import Clock

        work.mkdir(parents=True, exist_ok=True)
        RunSettings(settings=self.settings.model_copy(update={"notify": None, "trackers": ()})).save(work)
        counted = peak_memory.restart(self._machine.device)
        with computing(self._machine):
            trainee = Trainee(model, **how)
            job, _ = job_and_report(trainee, start, plan, options, self._machine, progress=self.progress)
            with Clock(work) as clock:
                fitted = fit(
                    job,
                    self._machine,
                    work,
                    clock=clock,
                    progress=self.progress,
                    checkpoint_seconds=self.settings.checkpoint_seconds,
                    until=step if step < job.steps else None,
                )
        whole = fitted.stopped != PAUSED
        return {
            "step": fitted.curve[-1].step if whole else step,
            "whole": whole,
            "seconds": clock.seconds,
            "memory_gb": peak_memory.peak_gb(self._machine.device) if counted else None,
        }

    def _measured(self, model: CausalLM, start: "Start", **stand: Any) -> RunMeasurement:
        """`model`, adapters that are on it included, on the validation rows of `start` and on the suite."""
        held_out, options = start.held_out.chats, self._options()
        suite = recall(model, self._chats, progress=self.progress)
        return RunMeasurement(
            steps=Batches(start.rows.lengths, size=options.batch, epochs=options.epochs, seed=0).steps,
            nats=tuple(model.mean_nats(held_out, progress=self.progress)),
            tokens=tuple(float(sum(chat.trained[1:])) for chat in held_out),
            suite_nats=tuple(suite.nats),
            suite_tokens=tuple(suite.tokens),
            suite_exact=tuple(bool(exact) for exact in suite.exact),
            read_tokens=int(start.rows.lengths.sum()),
            **stand,
        )

    def _once(self, name: str, make: Callable[[], RunMeasurement]) -> RunMeasurement:
        path = self.work / f"{name}.json"
        if not path.exists():
            self.work.mkdir(parents=True, exist_ok=True)
            publish_text(path, make().model_dump_json() + "\n")
        return RunMeasurement.model_validate_json(path.read_text(encoding="utf-8"))


def _adapters(base: CausalLM, plan: Plan, options: lora.Options) -> Any:
    from tunewright.stages.train.weights.adapters import adapted

    return adapted(base.model, plan, options)


@contextmanager
def _adapted(base: CausalLM, plan: Plan, options: lora.Options) -> Iterator[Any]:
    """`base` with fresh adapters; afterwards it is as it was, for its weights are frozen."""
    model = _adapters(base, plan, options)
    try:
        yield model
    finally:
        model.unload()


def _learned(model: Any) -> dict[str, Any]:
    """The adapters of `model`, in main memory."""
    from peft import get_peft_model_state_dict

    return {name: values.detach().cpu() for name, values in get_peft_model_state_dict(model).items()}


def _learn(model: Any, learned: dict[str, Any]) -> None:
    """Give `model` those adapters, every one."""
    from peft import set_peft_model_state_dict

    outcome = set_peft_model_state_dict(model, learned)
    assert not outcome.unexpected_keys, outcome.unexpected_keys
