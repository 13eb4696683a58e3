"""The ladder stops where steps no longer help, and a sweep costs at most two full runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.core.errors import UserError
from tunewright.core.score import Score
from tunewright.stages.train.sweep.search import (
    Rule,
    SearchResult,
    Trial,
    climb,
    contenders,
    exhaust,
    ladder,
    rungs,
    search,
)

RANKS = (4, 8, 16, 32, 64, 128)
STEPS = 240
#: Half the width of every interval here.
NOISE = 0.01


def forgets(value: float = 0.0) -> Score:
    return Score(metric="forgetting", value=value, n=400, low=value - NOISE, high=value + NOISE)


class World:
    """Ranks whose quality at any step is known, and what was asked of them."""

    def __init__(self, quality, forgetting=lambda rank, step: 0.0, steps=STEPS, ends=None) -> None:
        self.quality, self.forgetting, self.steps, self.ends = quality, forgetting, steps, ends or {}
        self.asked: list[tuple[int, int]] = []
        self.trained = dict.fromkeys(RANKS, 0)

    def measure(self, rank: int, step: int) -> Trial:
        self.asked.append((rank, step))
        taken = min(step, self.ends.get(rank, self.steps))
        assert taken >= self.trained[rank], "a run only goes on"
        self.trained[rank] = taken
        full = taken == min(self.steps, self.ends.get(rank, self.steps)) and (step >= taken)
        told = self.quality(rank, taken)
        return Trial(rank, step, taken, full, forgets(self.forgetting(rank, taken)), measurement=told)

    def compare(self, low: Trial, high: Trial) -> Score:
        gain = high.measurement - low.measurement
        return Score(metric="gain", value=gain, n=100, low=gain - NOISE, high=gain + NOISE)

    def search(self, ranks=RANKS, **rule) -> SearchResult:
        return search(ranks, self.steps, Rule(**rule), self.measure, self.compare)


def saturates(at: int, size: float = 0.1):
    """Each doubling up to `at` gains `size`, none after it; the same at each step of the run."""
    return lambda rank, step: size * math.log2(min(rank, at)) + step / 1000


def test_the_rungs_of_six_ranks_cost_two_full_runs() -> None:
    assert [(rung.step, rung.most) for rung in rungs(STEPS, 6)] == [(20, 6), (60, 3), (120, 2), (240, 1)]
    world = World(saturates(16))
    assert world.search().steps == 2 * STEPS
    assert world.asked == [
        *((rank, 20) for rank in RANKS),
        *((rank, 60) for rank in (8, 16, 32)),
        *((rank, 120) for rank in (8, 16)),
        (16, 240),
    ]


@pytest.mark.parametrize("best", RANKS)
@pytest.mark.parametrize("ranks", [RANKS, RANKS[1:], (8, 16), (8, 32, 128)])
def test_clear_gains_give_the_winner_of_the_grid(best: int, ranks: tuple[int, ...]) -> None:
    sweep, grid = World(saturates(best)), World(saturates(best))
    found = sweep.search(ranks)
    assert found.climb.rank == exhaust(ranks, STEPS, Rule(), grid.measure, grid.compare).climb.rank
    known = [rank for rank in ranks if rank >= 8]
    assert found.climb.rank == next((rank for rank in known if rank >= best), known[-1])
    assert found.trials[found.climb.rank][-1].full


def test_the_ladder_ends_at_the_first_step_that_does_not_help_even_if_a_later_one_would() -> None:
    quality = {4: 0.0, 8: 0.1, 16: 0.1, 32: 0.9, 64: 0.9, 128: 0.9}
    found = World(lambda rank, step: quality[rank]).search()
    assert found.climb.rank == 8
    assert [(one.low, one.high, one.helps) for one in found.climb.steps] == [(8, 16, False)]
    assert "rank 16 adds +0.000" in found.climb.why


def test_a_gain_must_be_above_the_least_with_its_whole_interval() -> None:
    def world(gain: float) -> World:
        return World(lambda rank, step: gain * math.log2(rank))

    assert world(0.02 + NOISE + 0.001).search().climb.rank == 128
    assert world(0.02 + NOISE - 0.001).search().climb.rank == 8
    assert "not surely more than the 0.02" in world(0.02 + NOISE - 0.001).search().climb.why
    assert "which is less than the 0.02" in world(0.005).search().climb.why
    assert world(0.02 + NOISE - 0.001).search(least_gain=0.01).climb.rank == 128


def test_a_first_rung_two_steps_too_high_ends_one_step_too_high() -> None:
    """The price of leaving ranks early: by a quarter of the run nothing above 16 helps, and 16 was left."""

    def quality(rank: int, step: int) -> float:
        late = step >= STEPS // 4
        return 0.1 * math.log2(min(rank, 16 if late else 64))

    found = World(quality).search()
    assert found.climb.rank == 32
    assert [(one.high, one.at) for one in found.climb.steps] == [(16, 20), (32, 20), (64, 120)]


def test_the_step_that_was_just_climbed_is_tested_again() -> None:
    def quality(rank: int, step: int) -> float:
        return 0.1 * math.log2(min(rank, 16 if step >= STEPS // 4 else 32))

    found = World(quality).search()
    assert found.climb.rank == 16
    assert [(one.low, one.high, one.at, one.helps) for one in found.climb.steps] == [
        (8, 16, 20, True),
        (16, 32, 120, False),
    ]


def test_a_gain_that_shrinks_from_rung_to_rung_must_be_enough_when_it_shrinks_once_more() -> None:
    """16 → 32 adds 0.2 at a quarter and 0.06 at the half, so 0.018 at the end: a grid would stop at 16."""
    gains = {20: 0.4, 60: 0.2, 120: 0.06, 240: 0.018}

    def quality(rank: int, step: int) -> float:
        return {4: 0.0, 8: 0.1, 16: 0.3}.get(rank, 0.3 + gains[step])

    sweep, grid = World(quality), World(quality)
    found = sweep.search()
    assert found.climb.rank == 16
    assert found.climb.rank == exhaust(RANKS, STEPS, Rule(), grid.measure, grid.compare).climb.rank
    assert found.climb.steps[-1].left == pytest.approx(0.3)
    assert "at step 120, of which 30% may be left at the end" in found.climb.why


def test_a_gain_that_grows_or_stays_is_taken_as_it_is() -> None:
    gains = {20: 0.05, 60: 0.05, 120: 0.06, 240: 0.06}
    found = World(lambda rank, step: 0.0 if rank < 16 else gains[step]).search()
    assert found.climb.rank == 16
    assert [one.left for one in found.climb.steps] == [1.0, 1.0]


def test_a_rank_that_was_left_is_not_called_back_by_a_step_below_it() -> None:
    """At the first rung 8 → 16 does not help, at a quarter everything does: 64 stays left, and the reason says so."""

    def quality(rank: int, step: int) -> float:
        return 0.1 * math.log2(rank) if step >= 60 or rank >= 16 else 0.1 * math.log2(16)

    world = World(quality)
    found = world.search()
    assert found.climb.rank == 32
    assert found.climb.why == "rank 64 was left at step 20, when a step below it did not help"
    assert found.steps <= 2 * STEPS
    assert (64, 120) not in world.asked


def test_a_rank_over_the_ceiling_ends_the_ladder_below_it() -> None:
    found = World(saturates(128), forgetting=lambda rank, step: rank / 100).search(ceiling=0.2)
    assert found.climb.rank == 16
    assert found.climb.why == "rank 32 forgets more than the ceiling allows"
    found = World(saturates(128), forgetting=lambda rank, step: rank / 100).search(ceiling=0.07)
    assert found.climb.rank == 4, "the largest below the start that forgets little enough"
    found = World(saturates(128), forgetting=lambda rank, step: 1.0).search(ceiling=0.5)
    assert found.climb.rank is None
    assert "every rank up to 8" in found.climb.why


def test_the_ceiling_is_judged_by_the_pessimistic_end() -> None:
    world = World(saturates(8), forgetting=lambda rank, step: 0.1)
    assert world.search(ceiling=0.1 + NOISE).climb.rank == 8
    assert World(saturates(8), forgetting=lambda rank, step: 0.1).search(ceiling=0.1 + NOISE / 2).climb.rank is None


def test_the_ceiling_may_strike_at_the_very_end_and_then_costs_more() -> None:
    def late(rank: int, step: int) -> float:
        return 1.0 if step == STEPS and rank >= 16 else 0.0

    world = World(saturates(32), forgetting=late)
    found = world.search(ceiling=0.5)
    assert found.climb.rank == 8
    assert found.trials[8][-1].full
    assert found.steps > 2 * STEPS
    assert [asked for asked in world.asked if asked[1] == STEPS] == [(32, STEPS), (16, STEPS), (8, STEPS)]


def test_a_run_that_ends_by_itself_costs_only_its_steps_and_is_not_measured_again() -> None:
    world = World(lambda rank, step: 0.1 * math.log2(min(rank, 16)), ends={16: 50})
    found = world.search()
    assert found.climb.rank == 16
    assert [step for rank, step in world.asked if rank == 16] == [20, 60]
    assert found.steps == 6 * 20 + (50 - 20) + 2 * (60 - 20) + (120 - 60)


def test_ranks_below_the_start_are_climbed_where_there_are_no_others() -> None:
    assert ladder([2, 4], Rule()) == [2, 4]
    assert ladder([4, 16, 32], Rule()) == [16, 32]
    assert search((2, 4), STEPS, Rule(), *_of(lambda rank, step: rank)).climb.rank == 4


def _of(quality):
    world = World(quality)
    world.trained = {2: 0, 4: 0}
    return world.measure, world.compare


def test_a_run_too_short_to_be_cut_is_refused_with_the_least_it_needs() -> None:
    for ranks, least in ((2, 2), (3, 4), (4, 4), (5, 8), (6, 12)):
        assert rungs(least, ranks)[0].step == 1
        with pytest.raises(UserError) as told:
            rungs(least - 1, ranks)
        assert told.value.code == "E-SWEEP-003"
        assert f"at least {least}" in told.value.what


def test_one_look_takes_a_third_of_the_error() -> None:
    assert Rule(error=0.05).level == pytest.approx(1 - 2 * 0.05 / 3)


def test_contenders_are_the_rank_that_was_reached_and_its_neighbors() -> None:
    known = [8, 16, 32, 64, 128]
    assert contenders(known, 32, 3) == [16, 32, 64]
    assert contenders(known, 8, 3) == [8, 16, 32]
    assert contenders(known, 128, 3) == [32, 64, 128]
    assert contenders(known, 32, 2) == [16, 32]
    assert contenders(known, 128, 1) == [128]
    assert contenders(known, 4, 2) == [4]


QUALITIES = st.dictionaries(
    st.tuples(st.sampled_from(RANKS), st.sampled_from((20, 60, 120, 240))), st.floats(-1, 1), max_size=24
)
LADDERS = st.lists(st.sampled_from(RANKS), min_size=2, max_size=6, unique=True)
ENDS = st.dictionaries(st.sampled_from(RANKS), st.integers(1, STEPS), max_size=3)


@given(QUALITIES, LADDERS, ENDS, st.integers(12, 3000))
def test_whatever_is_measured_a_sweep_costs_at_most_two_full_runs(qualities, ranks, ends, steps) -> None:
    at = [rung.step for rung in rungs(STEPS, 6)]

    def quality(rank: int, step: int) -> float:
        nearest = min(at, key=lambda one: abs(one - step * STEPS / steps))
        return qualities.get((rank, nearest), 0.0)

    world = World(quality, steps=steps, ends={rank: min(end, steps) for rank, end in ends.items()})
    found = world.search(ranks)
    assert found.steps <= 2 * steps
    assert found.steps == sum(world.trained.values())
    assert found.climb.rank in ranks
    assert found.trials[found.climb.rank][-1].full


@given(QUALITIES, QUALITIES, LADDERS, st.floats(-0.5, 1))
def test_under_a_ceiling_the_winner_is_below_it_and_no_run_is_taken_twice(qualities, lost, ranks, ceiling) -> None:
    def at(table):
        steps = [rung.step for rung in rungs(STEPS, 6)]
        return lambda rank, step: table.get((rank, min(steps, key=lambda one: abs(one - step))), 0.0)

    world = World(at(qualities), forgetting=at(lost))
    found = world.search(ranks, ceiling=ceiling)
    assert found.steps <= len(ranks) * STEPS
    assert len(set(world.asked)) == len(world.asked)
    if found.climb.rank is not None:
        last = found.trials[found.climb.rank][-1]
        assert last.full
        assert last.forgetting.high <= ceiling


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.floats(0.04, 1))
def test_gains_that_are_clear_on_every_rung_give_the_winner_of_the_grid(helps, size) -> None:
    """Each step up the ladder either surely helps or surely does not, as early as late."""
    quality = {4: 0.0, 8: 0.0}
    for rank, up in zip(RANKS[2:], helps, strict=True):
        quality[rank] = quality[rank // 2] + (size if up else 0.0)
    sweep, grid = (World(lambda rank, step: quality[rank]) for _ in range(2))
    assert sweep.search().climb.rank == exhaust(RANKS, STEPS, Rule(), grid.measure, grid.compare).climb.rank


def test_an_interrupted_search_leaves_what_it_found() -> None:
    world, found = World(saturates(16)), SearchResult()

    def measure(rank: int, step: int) -> Trial:
        if (rank, step) == (16, 60):
            raise KeyboardInterrupt
        return world.measure(rank, step)

    with pytest.raises(KeyboardInterrupt):
        search(RANKS, STEPS, Rule(), measure, world.compare, found)
    assert sorted(found.trials) == list(RANKS)
    assert found.trials[8][-1].step == 60
    assert found.steps == 6 * 20 + 40


def test_trials_of_different_rungs_are_never_compared() -> None:
    def trial(rank: int, asked: int) -> Trial:
        return Trial(rank, asked, asked, False, forgets(), measurement=asked)

    seen = []

    def compare(low: Trial, high: Trial) -> Score:
        seen.append((low.rung, high.rung))
        return Score(metric="gain", value=1.0, n=1, low=0.9, high=1.1)

    climb({8: [trial(8, 20), trial(8, 120)], 16: [trial(16, 20), trial(16, 60)]}, Rule(), compare)
    assert seen == [(20, 20)]
