"""A sweep goes on after every interruption to the same end, and its figures are those of its runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stages.train.tiny import Listener, answered_corpus, plan_for, write_llama
from tunewright.core.errors import UserError
from tunewright.core.interrupts import PartialResult
from tunewright.models.retention_suite import Recall
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.judge import Judge, SweepRequest, sweep, sweepable
from tunewright.stages.train.sweep.runs import RunMeasurement, SweepRuns
from tunewright.stages.train.sweep.search import Rule
from tunewright.stages.train.sweep.settings import SweepSettings
from tunewright.stats.intervals import Sampling

OPTIONS = {"epochs": 2, "batch": 4, "learning_rate": 1e-2, "patience": 0}
ITEMS = 8


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture(scope="module")
def corpus():
    return answered_corpus()


@pytest.fixture(scope="module")
def plan(corpus, base):
    return sweepable(plan_for(corpus, base, OPTIONS, method="lora"))


def taken(nats, suite, step=10, **told) -> RunMeasurement:
    given = {"step": step, "whole": True, "steps": 40, "nats": nats, "tokens": (1.0, 3.0), "suite_nats": suite,
             "suite_tokens": (2.0, 2.0), "suite_exact": (True, False), **told}  # fmt: skip
    return RunMeasurement.model_validate(given)


class Given(SweepRuns):
    """Runs whose base is known."""

    def __init__(self) -> None:
        """Nothing is run."""

    def base(self) -> RunMeasurement:
        return taken((2.0, 2.0), (1.0, 1.0), step=0)


def test_figures_are_means_over_tokens_and_a_gain_is_what_the_higher_rank_adds() -> None:
    from tunewright.stages.train.sweep.search import Trial

    judge = Judge(Given(), Rule(error=0.06), Sampling())
    low, high = taken((1.0, 2.0), (1.5, 1.0)), taken((0.5, 1.5), (2.0, 2.0))
    assert judge.quality_of(low).value == pytest.approx(-(1 * 1 + 2 * 3) / 4)
    assert judge.forgotten(low).value == pytest.approx((0.5 * 2 + 0 * 2) / 4)
    score = judge.kept(low)
    assert score is not None
    assert (score.value, score.n) == (1.0, 1)
    trials = [Trial(rank, 10, 10, True, judge.forgotten(one), measurement=one) for rank, one in ((4, low), (8, high))]
    gain = judge.compare(*trials)
    assert gain.value == pytest.approx(0.5)
    assert gain.level == pytest.approx(0.96)
    assert judge.quality(trials[0]) == judge.quality_of(low)


def test_a_line_has_minutes_of_a_thousand_steps_and_what_the_playbook_says() -> None:
    judge = Judge(Given(), Rule(), Sampling())
    line = judge.line(4, taken((1.0, 2.0), (1.5, 1.0), seconds=30.0, memory_gb=1.5))
    assert line.minutes_per_1000_steps == pytest.approx(50)
    assert (line.playbook_memory_gb, line.playbook_minutes_per_1000_steps) == (12, 18)
    assert (line.share, line.whole, line.memory_gb) == (0.25, True, 1.5)
    for unnamed in (8, 128, None):
        assert judge.line(unnamed, taken((1.0, 2.0), (1.5, 1.0))).playbook_memory_gb is None
    assert isinstance(taken((1.0, 2.0), (1.5, 1.0)).recall, Recall)


@pytest.mark.parametrize("method", ["full", "encoder"])
def test_only_adapters_on_an_unchanged_base_can_be_swept(plan, method) -> None:
    with pytest.raises(UserError) as told:
        sweepable(plan.model_copy(update={"method": method}))
    assert told.value.code == "E-SWEEP-001"
    assert method in told.value.what


def test_the_rank_of_the_plan_is_not_what_a_sweep_is_kept_by(corpus, base) -> None:
    plans = [plan_for(corpus, base, {**OPTIONS, "rank": rank}, method="lora") for rank in (8, 16)]
    assert plans[0].digest != plans[1].digest
    assert sweepable(plans[0]).digest == sweepable(plans[1]).digest


def go(work: Path, corpus, plan, progress=None, **asked):
    return sweep(
        corpus, plan, work, settings=SweepSettings(ranks=(2, 4, 8), start=2, items=ITEMS), train=TrainSettings(),
        request=SweepRequest(**asked), sampling=Sampling(resamples=200), progress=progress or Listener(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory, corpus, plan):
    return go(tmp_path_factory.mktemp("sweep"), corpus, plan)


def test_a_sweep_that_is_interrupted_shows_what_it_has_and_goes_on_to_the_same_end(
    swept, tmp_path, corpus, plan
) -> None:
    class Impatient(Listener):
        """Interrupts in the middle of the third rank's first rung."""

        def start(self, what, total, unit) -> None:
            super().start(what, total, unit)
            if what == "Training" and self.started.count("Training") == 3:
                self.armed = True

        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if getattr(self, "armed", False) and self.what == "Training" and self.done == 1:
                self.armed = False
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    with pytest.raises(PartialResult) as stopped:
        go(tmp_path, corpus, plan, Impatient())
    part = stopped.value.result
    assert [line.rank for line in part.ranks] == [2, 4]
    assert part.interrupted
    assert part.winner is None
    assert part.setting == ""
    again = go(tmp_path, corpus, plan)
    assert again.digest == swept.digest
    assert not list(tmp_path.rglob("checkpoint-*")), "checkpoints are removed, what was measured stays"


def test_an_interruption_before_anything_is_measured_has_nothing_to_show(tmp_path, corpus, plan) -> None:
    class AtOnce(Listener):
        def start(self, what, total, unit) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        go(tmp_path, corpus, plan, AtOnce())
    assert not isinstance(stopped.value, PartialResult)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.workflow.test_sweeping import OPTIONS, Listener, go, sweepable, plan_for, answered_corpus

class Killed(Listener):
    trained = 0
    def advance(self, amount=1, note=""):
        super().advance(amount, note)
        if self.what == "Training":
            Killed.trained += amount
            if Killed.trained >= int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

corpus = answered_corpus()
go(Path(sys.argv[1]), corpus, sweepable(plan_for(corpus, Path(sys.argv[2]), OPTIONS, method="lora")), Killed())
"""


def test_a_sweep_that_is_killed_goes_on_to_the_same_end(swept, tmp_path, corpus, base, plan) -> None:
    """kill -9 in the middle of the second rank's run."""
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(base), "6"],
        capture_output=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    kept = {path.name for path in tmp_path.glob("*.json")}
    assert "base.json" in kept
    assert "rank-2-step-4.json" in kept
    assert "rank-4-step-4.json" not in kept
    assert go(tmp_path, corpus, plan).digest == swept.digest


def test_a_grid_takes_every_rank_to_the_end(swept, tmp_path, corpus, plan) -> None:
    grid = go(tmp_path, corpus, plan, exhaustive=True, full=True)
    assert all(line.whole for line in grid.ranks)
    assert grid.cost == 3
    assert grid.full is not None
    assert grid.full.rank is None
    assert swept.cost <= 2
    for line in swept.ranks:
        if line.whole:
            same_rank = next(one for one in grid.ranks if one.rank == line.rank)
            assert (line.quality, line.forgetting) == (same_rank.quality, same_rank.forgetting)


def test_the_setting_keeps_the_options_that_are_given(tmp_path, corpus, plan) -> None:
    import yaml

    given = TrainSettings(method={"lora": {"epochs": 2, "rank": 8, "dora": True}})
    from tunewright.stages.train.sweep.judge import _setting

    line = _setting(given, 16)
    assert yaml.safe_load(line) == {"method": {"lora": {"epochs": 2, "rank": 16, "dora": True}}}
    assert _setting(TrainSettings(), 4) == "method: {lora: {rank: 4}}"
    assert json.dumps(line)
