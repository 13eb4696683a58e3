"""The answer that never looks."""

from dataclasses import replace

import numpy as np
from tests.stages.evaluate.lessons import LESSON, NEW

from tunewright.stages.evaluate.baselines import majority


def test_it_is_the_commonest_training_label_for_every_row() -> None:
    assert majority.predict(LESSON, ["x", "y", "z"], NEW, majority.Options()).predicted.tolist() == [1, 1, 1]


def test_of_two_as_common_the_first_in_name_order() -> None:
    even = replace(LESSON, labels=np.array([1, 1, 0, 0]), texts=["a", "b", "c", "d"])
    assert majority.predict(even, ["x"], NEW[:1], majority.Options()).predicted.tolist() == [0]
