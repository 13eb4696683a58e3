"""Every check against planted truth, small: one fresh seed, the bars of the full run."""

import pytest

from tests.golden.experiments import EXPERIMENTS

ROWS = 2000


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_check_reaches_its_bars_on_planted_truth(name: str) -> None:
    for figure in EXPERIMENTS[name](ROWS, 2):
        sign = "<=" if figure.at_most else ">="
        assert figure.met, f"{figure.name}: {figure.value:.4f}, wanted {sign} {figure.bar}"
