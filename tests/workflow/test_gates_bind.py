"""A gate that is shut stops whatever costs money or goes out behind it, wherever in the order it was judged."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tunewright.core.errors import GateFailed
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Gate, Override
from tunewright.core.outputs import Outputs
from tunewright.core.score import Score
from tunewright.core.stage import StepSpec
from tunewright.core.store import Outcome, Step
from tunewright.order import steps
from tunewright.workflow import flow


class Weighed(Frozen):
    """What the first step gives."""

    weight: float = 3.0


class Tasted(Frozen):
    """What the second gives."""

    taste: float = 7.0


class Sold(Frozen):
    """What the last gives."""


def spec(name: str, output: type[Frozen], *gates: Gate, behind_gates: bool = False) -> StepSpec[Any]:
    return StepSpec(
        name=name, output=output, gates=gates, behind_gates=behind_gates, inputs=lambda *_: {}, make=lambda *_: output()
    )


def gate(name: str, field: str) -> Gate:
    def measure(value: Any) -> Score:
        return Score(metric=name, value=getattr(value, field), n=1)

    return Gate(name=name, bar=">= 1", title=name, measure=measure, advice=f"Mend the {field}")


WEIGHT, TASTE = gate("weigh.weight", "weight"), gate("taste.taste", "taste")
ORDER = (
    spec("weigh", Weighed, WEIGHT),
    spec("taste", Tasted, TASTE),
    spec("sell", Sold, behind_gates=True),
)


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A function that walks with these bars and overrides: the steps that were made, and the error that ended it."""

    def walked(bars: dict[str, str], **overrides: Override) -> tuple[list[str], GateFailed | None]:
        made: list[str] = []

        def run(each: StepSpec[Any], _: Outputs) -> Outcome[Any]:
            made.append(each.name)
            step = Step(name=each.name, version=1, settings={}, inputs={}, seed=0)
            return Outcome(step, each.output(), tmp_path, hit=False, seconds=0.0)

        monkeypatch.setattr(flow, "STEPS", tuple(each.name for each in ORDER))
        monkeypatch.setattr(flow, "WALKED_BY", {})
        monkeypatch.setattr(flow, "JUDGED_AFTER", {})
        monkeypatch.setattr(flow, "steps", lambda: ORDER)
        monkeypatch.setattr(flow, "gates", lambda: (WEIGHT, TASTE))
        monkeypatch.setattr(flow, "gate", lambda name: {WEIGHT.name: WEIGHT, TASTE.name: TASTE}[name])
        workspace: Any = SimpleNamespace(
            outputs=lambda: Outputs({}),
            runner=SimpleNamespace(run=run),
            config=SimpleNamespace(gates={WEIGHT.name: ">= 1", TASTE.name: ">= 1", **bars}),
            looking=True,
        )
        try:
            flow.Flow(workspace, {name.replace("_", "."): each for name, each in overrides.items()}).run_until("sell")
        except GateFailed as stopped:
            return made, stopped
        return made, None

    return walked


def test_with_every_gate_open_the_walk_ends(walk) -> None:
    assert walk({}) == (["weigh", "taste", "sell"], None)


@pytest.mark.parametrize(("name", "bar", "figure"), [("weigh.weight", ">= 4", "3"), ("taste.taste", "< 7", "7")])
def test_one_shut_gate_lets_figures_be_measured_and_nothing_go_out(walk, name: str, bar: str, figure: str) -> None:
    made, stopped = walk({name: bar})
    assert made == ["weigh", "taste"], "what only measures goes on, so that all verdicts are known"
    assert stopped is not None
    assert (stopped.code, stopped.exit_code) == ("E-GATE-001", 3)
    assert f"`{name}` is {figure}; the gate asks for {bar}." in stopped.what
    assert stopped.fix.startswith("Mend the ")
    assert f"--override {name}" in stopped.fix


def test_an_override_opens_its_own_gate_and_no_other(walk) -> None:
    person = Override(who="m", why="a pilot")
    both = {"weigh.weight": ">= 4", "taste.taste": ">= 8"}
    assert walk({"weigh.weight": ">= 4"}, weigh_weight=person) == (["weigh", "taste", "sell"], None)
    made, stopped = walk(both, weigh_weight=person)
    assert made == ["weigh", "taste"]
    assert stopped is not None
    assert "`taste.taste`" in stopped.what


def test_what_costs_money_and_what_goes_out_are_behind_the_gates() -> None:
    assert {each.name for each in steps() if each.behind_gates} >= {"train", "release"}


def test_every_gate_is_judged_before_the_release() -> None:
    names = [each.name for each in steps()]
    for each in steps():
        for own in each.gates:
            assert names.index(flow.judged_after(own)) < names.index("release"), own.name
