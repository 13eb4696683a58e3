"""No row disappears unseen: each is trained, cut or left out for a reason, and too many left out is an error."""

import json

import numpy as np
import pytest
from tests.stages.train.tiny import CHATML, Listener, byte_tokenizer, corpus_of

from tunewright.core.candidate import DataReport
from tunewright.core.errors import UserError
from tunewright.stages.train.data.chats import chats, require_most

LIMIT = 120


@pytest.fixture(scope="module")
def tokenizer():
    made = byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>")
    made.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    return made


@pytest.fixture(scope="module")
def corpus():
    """Twelve rows in all of which four have a long prompt and four a long answer, and then some odd ones."""
    prompts = ["q"] * 4 + ["q" * 200] * 4 + ["q"] * 4 + ["q", "q"]
    answers = ["yes"] * 4 + ["yes"] * 4 + ["y" * 200] * 4 + ["", "weighs nothing"]
    return corpus_of(
        {
            "prompt": prompts,
            "answer": answers,
            "weight": [1.0] * 13 + [0.0],
            "split": ["train"] * 14,
        },
        "reply",
    )


def test_the_report_counts_every_row(corpus, tokenizer) -> None:
    found = chats(corpus, "train", tokenizer, LIMIT, heard := Listener())
    report = found.report
    assert (report.rows, report.kept, report.unrequested_drops, report.cut, report.masked) == (14, 4, 9, 0, 1)
    assert report.dropped == {"are longer than 120 tokens": 8, "have no answer to train on": 1, "weigh 0": 1}
    assert report.trained_tokens == found.trained_tokens == 4 * (len("yes") + 1)
    assert report.read_tokens == found.lengths.sum()
    assert report.stops == 4
    assert "8 of 14 train rows are longer than 120 tokens and are left out." in heard.said


def test_a_cut_row_loses_its_end_and_one_without_any_answer_left_is_dropped(corpus, tokenizer) -> None:
    found = chats(corpus, "train", tokenizer, LIMIT, Listener(), too_long="cut")
    report = found.report
    assert (report.kept, report.cut, report.masked, report.unrequested_drops) == (8, 4, 5, 5)
    assert report.dropped["have their answer beyond 120 tokens"] == 4
    assert report.stops == 4  # what was cut does not end in the token that stops an answer
    assert max(found.lengths) == LIMIT
    whole = chats(corpus, "train", tokenizer, 512, Listener())
    assert found.chats[4].ids == whole.chats[8].ids[:LIMIT]
    assert "The end of 4 rows is cut off." in report.words
    assert "4 rows do not end in a trained token that stops an answer" in report.words


def test_too_long_can_be_an_error_that_names_the_rows(corpus, tokenizer) -> None:
    with pytest.raises(UserError) as told:
        chats(corpus, "train", tokenizer, LIMIT, Listener(), too_long="error")
    assert told.value.code == "E-TRAIN-014"
    assert "8 train rows are longer than 120 tokens" in told.value.what
    assert "rows 4, 5, 6, 7, 8" in told.value.what


def test_more_than_the_allowed_share_of_rows_lost_stops_training() -> None:
    report = DataReport(rows=100, kept=92, dropped={"are longer than 9 tokens": 6, "weigh 0": 2}, unrequested_drops=6)
    require_most(report, 0.06)
    with pytest.raises(UserError) as told:
        require_most(report, 0.05)
    assert told.value.code == "E-TRAIN-013"
    assert "6 of 100 training rows would be lost: 6 are longer than 9 tokens" in told.value.what


def test_weights_keep_their_ratio_with_a_mean_over_tokens_of_one(tokenizer) -> None:
    made = corpus_of(
        {"prompt": ["q"] * 3, "answer": ["a" * 99, "b", "c"], "weight": [3.0, 1.0, 1.0], "split": ["train"] * 3},
        "reply",
    )
    found = chats(made, "train", tokenizer, 512, Listener())
    tokens = np.array([sum(chat.trained) for chat in found.chats])
    assert tokens.tolist() == [100, 2, 2]
    assert found.weights[0] / found.weights[1] == pytest.approx(3)
    assert (found.weights * tokens).sum() / tokens.sum() == pytest.approx(1)


def test_a_report_has_in_files_and_in_its_digest_the_names_that_it_had_first() -> None:
    report = DataReport(rows=10, kept=8, unrequested_drops=2)
    assert json.loads(report.model_dump_json())["lost"] == 2
    assert DataReport.model_validate_json('{"rows": 10, "kept": 8, "lost": 2}') == report
    assert report.content()["lost"] == 2 and "unrequested_drops" not in report.content()
