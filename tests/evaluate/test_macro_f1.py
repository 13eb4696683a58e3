"""Macro F1, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tunewright.evaluate.metrics import macro_f1


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_macro_f1_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    ours = macro_f1.macro_f1(truth[None], predicted[None], 5)[0]
    assert ours == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))
