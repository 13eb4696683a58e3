"""What will be trained and at what cost, said before anything is spent.

The choice here follows the task: a classifier is an encoder with a head, an answer is a decoder with an adapter.
Time is taken from this project's last run when there is one, else from 6 × parameters × tokens (forward and
backward; Kaplan et al. 2020, arXiv 2001.08361), 4 where only adapters are trained, at a stated rate.
"""

from collections.abc import Mapping
from typing import Any

from tunewright.core.candidate import Estimate, Plan, Refused
from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.stages.plan.settings import PlanSettings

#: Matrix work that two cores of a 2023 server sustain on a small encoder in fp32; measured once, so an estimate
#: made from it says "uncalibrated".
CPU_FLOPS = 1.2e11
#: Two thirds of what one H200 sustained on large bf16 products.
GPU_FLOPS = 5e14
TOKENS_PER_WORD = 1.4
#: Operations for each parameter and token: two forward, two for the layer before, and two for the weights' own
#: gradient, which a base below adapters has none of.
OPERATIONS_ALL, OPERATIONS_ADAPTERS = 6, 4

METHOD_FOR_TASK: dict[str, str] = {"classify": "encoder", "reply": "lora", "extract": "lora"}


class Facts(Frozen):
    """What the plan is made from.

    Attributes:
        task: what the rows are for.
        dataset: digest of the rows.
        rows: training rows.
        words: words in the training rows, prompts and answers.
        labels: label names in index order.
        base: name or path of the base model.
        base_digest: digest of its weights.
        parameters: number of its parameters.
        epochs: passes over the data that the method asks for.
        batch: rows per optimizer step.
        trained: number of those that are trained, with adapters' own; None for all of them.
        bundled: whether the base is the bundled model that stands in where none is named.
        gpu: whether a GPU will be used.
        seconds_per_token: measured by this project's last run of the same method, if any.
    """

    task: Task
    dataset: str
    rows: int
    words: int
    labels: tuple[str, ...]
    base: str
    base_digest: str
    parameters: int
    epochs: float
    batch: int
    trained: int | None = None
    bundled: bool = False
    gpu: bool = False
    seconds_per_token: float | None = None


def plan(
    facts: Facts, settings: PlanSettings, *, method: str, options: Mapping[str, Any], chosen: bool, seed: int
) -> Plan:
    """The plan for `facts` with `method`; `chosen` says that the user named the method."""
    return Plan(
        task=facts.task,
        method=method,
        options=dict(options),
        base=facts.base,
        base_digest=facts.base_digest,
        labels=facts.labels,
        dataset=facts.dataset,
        seed=seed,
        estimate=estimate(facts, settings),
        reasons=tuple(_reasons(facts, method, chosen=chosen)),
        refused=tuple(_refused(facts, method)),
    )


def estimate(facts: Facts, settings: PlanSettings) -> Estimate:
    """Steps, tokens, hours and money of training on `facts`, with the source of the hours."""
    tokens = int(facts.words * TOKENS_PER_WORD)
    trained = tokens * facts.epochs
    if facts.seconds_per_token is not None:
        seconds, source = trained * facts.seconds_per_token, "this project's last run on this machine"
    else:
        rate = GPU_FLOPS if facts.gpu else CPU_FLOPS
        operations = OPERATIONS_ALL if facts.trained is None else OPERATIONS_ADAPTERS
        seconds = operations * facts.parameters * trained / rate
        source = f"uncalibrated: {operations} × parameters × tokens at {rate:.1e} FLOP/s"
    hours = seconds / 3600
    return Estimate(
        steps=int(-(-facts.rows // facts.batch) * facts.epochs),
        tokens=tokens,
        hours=hours,
        memory_gb=memory_gb(facts),
        cost_usd=hours * settings.usd_per_hour if settings.usd_per_hour else None,
        source=source,
    )


def memory_gb(facts: Facts) -> float:
    """Gigabytes on a CPU: fp32 weights, and of what is trained a gradient and two moments; the rest is under one.

    On a GPU training settles that itself, by computing the longest batch before its first step.
    """
    if facts.trained is None:
        return 16 * facts.parameters / 1e9 + 1.0
    return (4 * facts.parameters + 16 * facts.trained) / 1e9 + 1.0


def _reasons(facts: Facts, method: str, *, chosen: bool) -> list[str]:
    reasons = [f"{method} was asked for in tunewright.yaml."] if chosen else _of_the_task(facts)
    if facts.bundled:
        reasons.append(
            f"No base is named, so the bundled starter model {facts.base} is tuned: {facts.parameters / 1e6:.0f} "
            "million parameters, no download. It learns a form and a tone, not knowledge; train.base takes a larger "
            "model."
        )
    return reasons


def _of_the_task(facts: Facts) -> list[str]:
    if facts.task == "classify":
        return [
            f"The task is one of {len(facts.labels)} labels, and a label is read off an encoder in one pass.",
            "The untuned baselines are measured on the same test rows; if one is as good, the verdict says so.",
        ]
    return ["The task is to write an answer, which needs a decoder; an adapter trains a small part of it."]


def _refused(facts: Facts, method: str) -> list[Refused]:
    refused = []
    if facts.task == "classify" and method == "encoder":
        refused.append(
            Refused(method="lora", why="Generating a label's name costs many passes for what one pass gives.")
        )
    if facts.task != "classify":
        refused.append(Refused(method="encoder", why="An encoder with a head gives labels, not text."))
    return refused
