"""One run of a method for causal models, from the loaded base to the published model.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.models.causal_lm import CausalLM
from tunewright.stages.train.causal import Trainee, begin, job_and_report, run_of
from tunewright.stages.train.data.inputs import Start
from tunewright.stages.train.distributed.process_group import ProcessGroup
from tunewright.stages.train.loop.fit import fit
from tunewright.stages.train.machine import Machine, computing, decide
from tunewright.stages.train.options import ChatOptions
from tunewright.stages.train.runs.clock import Clock


@dataclass(frozen=True)
class CausalMethod:
    """What one method does otherwise than the others.

    Attributes:
        prepare: makes what is trained of the loaded base, its trained parameters requiring gradients.
        groups: optimizer groups of that.
        publish: writes ``work/model`` from the trained model.
        frozen: whether the base's own weights stay as they are.
        load: another way to load the base.
        weight_decay: of matrices.
        noise: NEFTune's alpha; 0 adds none.
        shardable: whether several processes may shard the model among them.
    """

    prepare: Callable[[Any], Any]
    groups: Callable[[Any], list[dict[str, Any]]]
    publish: Callable[[Any, Start], object]
    frozen: bool = False
    load: Callable[..., CausalLM] | None = None
    weight_decay: float = 0.0
    noise: float = 0.0
    shardable: bool = True


def train_causal(
    corpus: Corpus,
    plan: Plan,
    options: ChatOptions,
    work: Path,
    progress: Progress,
    checkpoint_seconds: float,
    group: ProcessGroup,
    method_on: Callable[[Machine], CausalMethod],
) -> Run:
    """Train the plan's base, choose by the validation split, leave ``work/model``.

    Args:
        corpus: rows with their split.
        plan: the base, the seed and the options.
        options: of the method.
        work: the run's folder; survives a kill.
        progress: told what was decided, and each step.
        checkpoint_seconds: seconds between checkpoints, at most.
        group: the processes that train it.
        method_on: the method, once it is known what computes it.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-010 (a checkpoint of another plan), E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long),
            E-TRAIN-022 to 024 (this GPU), and what publishing raises.
    """
    with Clock(work, group) as clock:
        machine = decide(work, group)
        method = method_on(machine)
        start = begin(corpus, plan, options, machine, progress, frozen=method.frozen, load=method.load)
        model = method.prepare(start.base.model)
        with computing(machine):
            trainee = Trainee(
                model,
                groups=lambda: method.groups(model),
                weight_decay=method.weight_decay,
                noise=method.noise,
                again=(lambda: method.prepare(start.again().model)) if method.shardable else None,
            )
            job, report = job_and_report(trainee, start, plan, options, machine, group=group, progress=progress)
            progress.say(report.words)
            fitted = fit(job, machine, work, clock=clock, progress=progress, checkpoint_seconds=checkpoint_seconds)
            method.publish(fitted.model, start)
        return run_of(plan, job, fitted, report, start.template, machine, clock)
