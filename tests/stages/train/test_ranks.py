"""The runs of a sweep are the runs that training would make, whatever pauses them; their memory is told."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.stages.train.tiny import Listener, answered_corpus, plan_for

from tunewright.stages.train.api import train
from tunewright.stages.train.runs import peak_memory
from tunewright.stages.train.runs.peak_memory import lacking
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.judge import sweepable
from tunewright.stages.train.sweep.runs import RunMeasurement, SweepRuns

OPTIONS = {"epochs": 2, "batch": 4, "learning_rate": 1e-2, "patience": 0}
ITEMS = 8


@pytest.fixture(scope="module")
def corpus():
    return answered_corpus()


@pytest.fixture(scope="module")
def plan(corpus, tiny_llama):
    return sweepable(plan_for(corpus, tiny_llama, OPTIONS, method="lora"))


def runs_in(work: Path, corpus, plan, progress=None, **settings) -> SweepRuns:
    return SweepRuns(corpus, plan, work, TrainSettings(**settings), progress or Listener(), ITEMS)


def same(one: RunMeasurement, other: RunMeasurement) -> bool:
    """Whether two measurements are equal but for clock and memory."""
    clock = {"seconds": 0.0, "memory_gb": None}
    return one.model_copy(update=clock) == other.model_copy(update=clock)


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory, corpus, plan) -> SweepRuns:
    runs = runs_in(tmp_path_factory.mktemp("whole"), corpus, plan)
    runs.take(4, runs.steps)
    return runs


def test_a_run_paused_at_rungs_ends_with_the_bits_of_one_in_one_go(in_one_go, tmp_path, corpus, plan) -> None:
    runs = runs_in(tmp_path, corpus, plan)
    steps = runs.steps
    for step in (2, 5, steps):
        for rank in (4, 8):  # another rank in between, on the same base
            taken = runs.take(rank, step)
            assert taken.step == step
            assert taken.whole == (step == steps)
    assert same(runs.take(4, steps), in_one_go.take(4, steps))
    kept = [work / "rank-4" / "checkpoints" / f"checkpoint-{steps}" for work in (tmp_path, in_one_go.work)]
    one, other = (load_file(folder / "weights.safetensors") for folder in kept)
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)


def test_a_run_of_a_sweep_has_the_bits_of_training_alone(in_one_go, tmp_path, corpus, tiny_llama) -> None:
    alone = train(corpus, plan_for(corpus, tiny_llama, {**OPTIONS, "rank": 4}, method="lora"), tmp_path)
    adapter = load_file(alone.folder / "adapter" / "adapter_model.safetensors")
    best = in_one_go.work / "rank-4" / "checkpoints" / f"checkpoint-{alone.run.best_step}"
    swept = {name.replace(".default", ""): value for name, value in load_file(best / "weights.safetensors").items()}
    assert swept.keys() == adapter.keys()
    assert all((swept[name] == adapter[name]).all() for name in adapter)


def test_the_base_is_as_it_was_after_a_run(in_one_go, tiny_llama) -> None:
    from tunewright.models.causal_lm import CausalLM

    fresh = dict(CausalLM.load(tiny_llama, device="cpu").model.named_parameters())
    used = dict(in_one_go._start.base.model.named_parameters())
    assert used.keys() == fresh.keys()
    assert all((used[name] == fresh[name]).all() for name in fresh)


def test_what_is_measured_is_kept_and_not_measured_again(in_one_go, corpus, plan) -> None:
    class Silenced(Listener):
        def start(self, what, total, unit) -> None:
            raise AssertionError(f"{what} was done again")

    again = runs_in(in_one_go.work, corpus, plan, Silenced())
    assert again.take(4, in_one_go.steps) == in_one_go.take(4, in_one_go.steps)


def test_a_rung_is_measured_with_the_weights_of_its_own_step(tmp_path, corpus, plan) -> None:
    """The best so far may be an earlier step's; ranks must stand at the same step to be compared."""
    runs = runs_in(tmp_path, corpus, plan)
    early, late = runs.take(4, 2), runs.take(4, runs.steps - 1)
    assert early.nats != late.nats
    assert np.average(late.nats, weights=late.tokens) < np.average(early.nats, weights=early.tokens)
    assert not late.whole


def test_every_weight_can_be_tuned_beside_them(in_one_go) -> None:
    assert in_one_go.full_lacks() == ""
    taken = in_one_go.take_full()
    assert taken.whole
    assert taken.step == in_one_go.steps
    assert taken.nats != in_one_go.base().nats


def test_a_model_too_large_to_tune_whole_is_told_in_figures() -> None:
    assert lacking(10, "cpu") == ""
    assert lacking(10**15, "cpu").startswith("it needs about 16,000,000.0 GB beside the base, and ")


@pytest.mark.skipif(not peak_memory.RESET.exists(), reason="only Linux tells the peak of a stretch of work")
def test_the_peak_is_of_the_stretch_since_it_began() -> None:
    held = peak_memory.peak_gb("cpu")
    assert held is not None
    assert peak_memory.restart("cpu")
    before = peak_memory.peak_gb("cpu")
    block = np.ones(40_000_000)  # 0.32 GB
    assert peak_memory.peak_gb("cpu") > before + 0.3
    del block
    assert peak_memory.peak_gb("cpu") > before + 0.3, "what was given back was needed all the same"
    assert peak_memory.restart("cpu")
    assert peak_memory.peak_gb("cpu") < before + 0.3
