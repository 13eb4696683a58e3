"""Which exchanges the untuned model is shown."""

import numpy as np
from tests.stages.evaluate.written import written

from tunewright.models.chat import messages_of
from tunewright.models.chat_examples import Exchange
from tunewright.stages.evaluate.answers import ExampleBank
from tunewright.stages.evaluate.baselines import few_shot

TRAIN = [Exchange(tuple(messages_of(f"q{n}")), f"a{n}") for n in range(4)]
KNOWN = np.array([(1, 0), (0.8, 0.6), (0.6, 0.8), (0, 1)], np.float32)


def test_the_nearest_come_last_right_before_the_question() -> None:
    seen = []
    archive = ExampleBank(TRAIN, KNOWN, lambda asked, before: seen.extend(before) or written(nats=[1.0] * len(asked)))
    asked = [Exchange(tuple(messages_of("new")), "x"), Exchange(tuple(messages_of("other")), "y")]
    few_shot.predict(archive, asked, np.array([(1, 0), (0, 1)], np.float32), few_shot.Options(examples=2))
    assert [[one.answer for one in shown] for shown in seen] == [["a1", "a0"], ["a2", "a3"]]


def test_fewer_training_rows_than_examples_are_all_shown() -> None:
    seen = []
    archive = ExampleBank(TRAIN[:1], KNOWN[:1], lambda asked, before: seen.extend(before) or written(nats=[1.0]))
    few_shot.predict(archive, TRAIN[2:3], KNOWN[2:3], few_shot.Options(examples=3))
    assert [len(shown) for shown in seen] == [1]
