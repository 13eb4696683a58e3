"""Every check against planted truth, small: one reported seed, the bars of the full run."""

import pytest

from tests.golden.experiments import EXPERIMENTS

ROWS = 1500
#: Ten linear heads are fitted per figure of label noise: fewer rows here, and the rare case only in the benchmark.
ROWS_OF = {"label_flips": 800}
ONLY_IN_BENCHMARK = {"label_flips_rare"}
#: Figures that do not reach their bar yet, and why. One that does must leave this list.
KNOWN_GAPS: dict[str, str] = {}


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name not in ONLY_IN_BENCHMARK])
def test_a_check_reaches_its_bars_on_planted_truth(name: str) -> None:
    for figure in EXPERIMENTS[name](ROWS_OF.get(name, ROWS), 2):
        sign = "<=" if figure.at_most else ">="
        told = f"{figure.name}: {figure.value:.4f}, wanted {sign} {figure.bar}"
        if figure.name in KNOWN_GAPS:
            assert not figure.met, f"{told}; the gap is closed, take it off the list"
        else:
            assert figure.met, told
