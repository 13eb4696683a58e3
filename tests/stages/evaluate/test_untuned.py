"""The base model, shown nothing."""

import numpy as np
from tests.stages.evaluate.written import written

from tunewright.models.chat import messages_of
from tunewright.models.chat_examples import Exchange
from tunewright.stages.evaluate.answers import ExampleBank
from tunewright.stages.evaluate.baselines import untuned


def test_it_is_asked_every_question_after_no_other() -> None:
    asked = [Exchange(tuple(messages_of(f"q{n}")), "a") for n in range(3)]
    seen = []
    archive = ExampleBank(
        asked, np.eye(3, dtype=np.float32), lambda some, before: seen.append((some, before)) or written()
    )
    untuned.predict(archive, asked, np.eye(3, dtype=np.float32), untuned.Options())
    ((some, before),) = seen
    assert some == asked
    assert [list(one) for one in before] == [[], [], []]
