"""Say how the model would be trained and at what cost; nothing is spent."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tunewright.core.candidate import Plan
from tunewright.core.errors import UserError
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.plan.api import Facts, plan
from tunewright.stages.plan.method import ChosenMethod
from tunewright.stages.plan.results import PlanResult, plan_result
from tunewright.stages.plan.settings import PlanSettings


def settings(outputs: Outputs, context: StageContext) -> Mapping[str, Any]:
    """The method and its options with their defaults: a default that a new release changes is another plan."""
    method = outputs[ChosenMethod]
    return {
        "method": method.name,
        "chosen": method.named,
        "options": method.options.model_dump(mode="json"),
        "plan": context.settings(PlanSettings).model_dump(mode="json"),
    }


def inputs(outputs: Outputs, _: StageContext) -> Mapping[str, str]:
    """The rows, and the base's weights."""
    return {"dataset": outputs.dataset.digest, "base": outputs[ChosenMethod].base.digest_of_weights}


def make(outputs: Outputs, context: StageContext, _: Work) -> Plan:
    """The plan, with its estimate.

    Raises:
        UserError: E-PLAN-003 when only one label is left.
    """
    dataset, method = outputs.dataset, outputs[ChosenMethod]
    rows = context.corpus(dataset).scan("prompt", "answer", "label", "split").collect()
    train = rows.filter(pl.col("split") == "train")
    labels = tuple(rows["label"].drop_nulls().unique().sort()) if dataset.task == "classify" else ()
    if dataset.task == "classify" and len(labels) < 2:
        raise UserError(
            "E-PLAN-003",
            f"Only one label is left: {', '.join(map(repr, labels)) or 'none'}.",
            why="There is nothing to tell apart.",
            fix="Check that data.columns.label names the right column, and what cleaning dropped.",
        )
    facts = Facts(
        task=dataset.task,
        dataset=dataset.digest,
        rows=train.height,
        words=sum(int(train[name].fill_null("").str.count_matches(r"\S+").sum()) for name in ("prompt", "answer")),
        labels=labels,
        base=method.base.name,
        base_digest=method.base.digest_of_weights,
        parameters=method.base.parameters,
        epochs=method.epochs,
        batch=method.batch,
        trained=method.adapter_parameters,
        bundled=method.bundled,
        gpu=method.gpu,
        seconds_per_token=method.seconds_per_token,
    )
    options = method.options.model_dump(mode="json")
    price = context.settings(PlanSettings)
    return plan(facts, price, method=method.name, options=options, chosen=method.named, seed=context.seed)


STAGE = StepSpec(
    name="plan",
    version=1,
    output=Plan,
    needs=(ChosenMethod,),
    sections={"plan": PlanSettings},
    settings=settings,
    inputs=inputs,
    make=make,
    result=plan_result,
    result_type=PlanResult,
)
