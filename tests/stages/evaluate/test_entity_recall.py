"""Entity recall by hand: three entities in common, four given, five wanted."""

from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import entity_recall
from tunewright.stats.intervals import Sampling

REFERENCES = ['{"a": ["x", "y"], "b": "z"}', '{"a": ["v", "w"]}', '{"a": "not asked"}']
ANSWERS = ['{"a": ["x", "y", "q"], "b": "z"}', "no JSON"]


def test_entities_are_counted_over_all_rows() -> None:
    score = entity_recall.measure(REFERENCES, written(ANSWERS), Sampling(200), entity_recall.Options())
    assert score is not None
    assert (score.value, score.n, score.metric) == (3 / 5, 2, "entity_recall")
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_nothing_written_is_no_score() -> None:
    answers = written(nats=[1.0])
    assert entity_recall.measure(REFERENCES, answers, Sampling(200), entity_recall.Options()) is None
