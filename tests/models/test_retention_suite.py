"""What the package ships of the retention suite, and how a model is measured on it."""

from pathlib import Path

import numpy as np
import pytest
from tests.stages.train.tiny import write_llama

from tunewright.models.causal_lm import CausalLM
from tunewright.models.retention_suite import measured_items, recall, replay_rows, suite_chats, suite_digest


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> CausalLM:
    return CausalLM.load(write_llama(tmp_path_factory.mktemp("llama") / "base"), device="cpu")


def test_test_and_replay_are_shipped_and_share_no_question() -> None:
    test, replay = measured_items(), replay_rows()
    assert test.columns == replay.columns == ["kind", "prompt", "answer"]
    assert test.height == 400
    assert replay.height > 4_000
    assert not set(test["prompt"]) & set(replay["prompt"])
    for side in (test, replay):
        assert side["answer"].str.strip_chars().str.len_chars().min() > 0


def test_the_digest_tells_another_suite(monkeypatch) -> None:
    before = suite_digest()
    assert before == suite_digest()
    monkeypatch.setattr("tunewright.models.retention_suite.measured_items", lambda: measured_items().head(399))
    assert suite_digest() != before


def test_some_of_all_kinds_can_be_measured(tiny) -> None:
    some = suite_chats(tiny, 40)
    assert len(some) == 40
    kinds = measured_items().gather_every(10)["kind"]
    assert set(kinds) == {"arithmetic", "reading", "rewriting", "knowledge"}
    assert len(suite_chats(tiny)) <= 400


def test_items_longer_than_the_model_reads_are_left_out(tiny, monkeypatch) -> None:
    every = suite_chats(tiny)
    assert len(every) == 400
    monkeypatch.setattr(tiny.model.config, "max_position_embeddings", 200)
    short = [len(chat.ids) for chat in suite_chats(tiny)]
    assert 0 < len(short) < 400
    assert sorted(short) == sorted(length for chat in every if (length := len(chat.ids)) <= 200)


def test_recall_is_the_mean_loss_of_the_answers_and_whether_greedy_writing_gives_them(tiny) -> None:
    import torch

    chats = suite_chats(tiny, 8)
    found = recall(tiny, chats)
    for at, chat in enumerate(chats):
        with torch.inference_mode():
            logits = tiny.model(input_ids=torch.tensor([chat.ids])).logits[0].double()
        places = [place for place, trained in enumerate(chat.trained) if trained]
        told = torch.log_softmax(logits, dim=-1)
        nats = [-float(told[place - 1, chat.ids[place]]) for place in places]
        assert found.nats[at] == pytest.approx(np.mean(nats), abs=1e-4)
        assert found.tokens[at] == len(places)
        greedy = all(int(logits[place - 1].argmax()) == chat.ids[place] for place in places)
        assert bool(found.exact[at]) == greedy


def test_the_replay_file_is_package_data_and_small() -> None:
    from importlib.resources import files

    path = Path(str(files("tunewright.models"))) / "retention_replay.jsonl.xz"
    assert path.stat().st_size < 200_000
