"""Several processes train what one would: the same losses, the same weights, and they go on from each other's files."""

import json
import os
from types import SimpleNamespace

import pytest
from tests.stages.train.several import hand_over, made_in, together
from tests.stages.train.tiny import answered_corpus, labelled_corpus, plan_for, write_encoder, write_llama

from tunewright.core.candidate import Plan
from tunewright.core.progress import SILENT
from tunewright.stages.train.distributed.gradients import PaddingBatch
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup, see_one_gpu
from tunewright.stages.train.settings import TrainSettings

#: Two rows a part and, in the last step of an epoch, fewer parts than the two processes have turns.
CAUSAL = {"epochs": 2, "batch": 8, "accumulation": 2, "learning_rate": 5e-3, "max_tokens": 64, "patience": 0}
#: fp32 sums in another order; what is learned moves weights by some 1e-2.
CLOSE = 2e-5


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """What one process made, what two made, and what was gone on with, by name."""
    from tunewright.stages.train.api import train

    folder = tmp_path_factory.mktemp("together")
    llama, bert = write_llama(folder / "llama"), write_encoder(folder / "bert")
    answers, labels = answered_corpus(), labelled_corpus(60)
    plans = {
        "full": (answers, plan_for(answers, llama, CAUSAL, method="full")),
        "lora": (answers, plan_for(answers, llama, CAUSAL, method="lora")),
        "lora-whole": (answers, plan_for(answers, llama, CAUSAL | {"fsdp": "off"}, method="lora")),
        "qlora": (answers, plan_for(answers, llama, CAUSAL, method="qlora")),
        "qlora-whole": (answers, plan_for(answers, llama, CAUSAL | {"fsdp": "off"}, method="qlora")),
        "qlora-8": (answers, plan_for(answers, llama, CAUSAL | {"bits": 8}, method="qlora")),
        "encoder": (labels, plan_for(labels, bert, {"epochs": 1, "batch": 16})),
    }
    ones = {name: train(corpus, plan, folder / f"one-{name}") for name, (corpus, plan) in plans.items()}
    corpus, plan = plans["lora"]
    killed = hand_over(corpus, plan, folder / "killed", checkpoint_seconds=1e-9)
    folders = {name: hand_over(*plans[name], folder / f"two-{name}") for name in plans}
    folders["resumed"] = hand_over(corpus, plan, folder / "killed-two")
    by_one = hand_over(corpus, plan, folder / "killed-one").parent
    said = together([killed, *folders.values()], die_after=5)
    twos = {name: made_in(one) for name, one in folders.items()}
    ones["resumed"] = train(corpus, plan, by_one)
    return {"ones": ones, "twos": twos, "folder": folder, "said": said}


def weights(candidate):
    from safetensors.torch import load_file

    return load_file(candidate.folder / "model.safetensors")


def farthest(one, other) -> float:
    mine, theirs = weights(one), weights(other)
    assert set(mine) == set(theirs)
    return max(float((mine[name].float() - theirs[name].float()).abs().max()) for name in mine)


def losses(candidate) -> list[float]:
    return [value for point in candidate.run.curve for value in (point.train_loss, point.validation_loss)]


@pytest.mark.parametrize("method", ["full", "lora", "lora-whole", "qlora", "qlora-whole", "qlora-8", "encoder"])
def test_two_processes_find_the_losses_and_weights_of_one(world, method: str) -> None:
    one, two = world["ones"][method], world["twos"][method]
    assert losses(two) == pytest.approx(losses(one), abs=CLOSE)
    assert farthest(one, two) < CLOSE
    assert two.run.best_step == one.run.best_step
    assert two.run.trained_tokens == one.run.trained_tokens


@pytest.mark.parametrize("method", ["full", "lora", "qlora", "qlora-8"])
def test_a_run_says_that_its_model_was_divided(world, method: str) -> None:
    said = "divided among the processes by FSDP2"
    assert world["twos"][method].run.environment["model"] == said
    assert "model" not in world["ones"][method].run.environment
    if f"{method}-whole" in world["twos"]:
        assert "model" not in world["twos"][f"{method}-whole"].run.environment


def test_what_was_learned_is_far_more_than_what_differs(world) -> None:
    from safetensors.torch import load_file

    base = load_file(world["folder"] / "llama" / "model.safetensors")
    tuned = weights(world["twos"]["full"])
    assert max(float((tuned[name] - base[name]).abs().max()) for name in base) > 100 * CLOSE


def test_a_run_says_how_many_processes_made_it(world) -> None:
    assert world["twos"]["lora"].run.environment["processes"] == "2, 2 of them on this machine"
    assert "processes" not in world["ones"]["lora"].run.environment


def test_one_process_keeps_the_record(world) -> None:
    lines = (world["folder"] / "two-full" / "events.jsonl").read_text().splitlines()
    steps = [json.loads(line)["data"]["step"] for line in lines if "training loss" in line]
    assert steps == list(range(1, len(steps) + 1))


def test_killed_processes_go_on_to_the_last_bit(world) -> None:
    assert farthest(world["twos"]["lora"], world["twos"]["resumed"]) == 0.0
    assert losses(world["twos"]["resumed"]) == losses(world["twos"]["lora"])


def test_one_process_goes_on_where_two_were_killed(world) -> None:
    assert farthest(world["ones"]["lora"], world["ones"]["resumed"]) < CLOSE
    assert losses(world["ones"]["resumed"]) == pytest.approx(losses(world["ones"]["lora"]), abs=CLOSE)


@pytest.mark.gpu
@pytest.mark.parametrize("fsdp", ["on", "off"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_two_gpus_find_the_losses_of_one(tmp_path, method: str, fsdp: str) -> None:
    import torch

    if torch.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    from tunewright.stages.train.api import train

    corpus = answered_corpus()
    plan = plan_for(corpus, write_llama(tmp_path / "llama"), CAUSAL | {"fsdp": fsdp}, method=method)
    one = train(corpus, plan, tmp_path / "one")
    folder = hand_over(corpus, plan, tmp_path / "two")
    together([folder])
    # Products are in bf16, and their sums in another order; losses are some 5 nats.
    assert losses(made_in(folder)) == pytest.approx(losses(one), abs=0.02)


def test_each_process_sees_one_gpu(monkeypatch) -> None:
    for visible, local, seen in ((None, "1", "1"), ("4,5", "1", "5"), ("", "0", ""), ("7", "3", "7")):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        monkeypatch.setenv("LOCAL_RANK", local)
        see_one_gpu()
        assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_a_group_of_one_agrees_with_itself() -> None:
    assert ALONE.is_leader and ALONE.is_alone
    assert ALONE.broadcast("as it is") == "as it is"
    assert ALONE.any_rank(True, False) == (True, False)
    assert ALONE.all_reduce_sum(2.0, 3) == (2.0, 3)
    assert ALONE.shard([1, 2]) == [(1, True), (2, True)]


def test_every_process_has_as_many_parts_and_every_part_counts_once() -> None:
    for parts in range(1, 9):
        for size in range(1, 5):
            turns = [ProcessGroup(rank=rank, size=size).shard(list(range(parts))) for rank in range(size)]
            assert len({len(one) for one in turns}) == 1
            counted = sorted(part for one in turns for part, counts in one if counts)
            assert counted == list(range(parts))


def test_a_batch_of_padding_is_a_batch() -> None:
    assert PaddingBatch({"labels": 1})["labels"] == 1


def test_a_plugin_s_method_that_knows_of_no_group_trains_alone_and_not_together(tmp_path, monkeypatch) -> None:
    from tunewright.core.errors import UserError
    from tunewright.stages.train import api
    from tunewright.stages.train.methods import encoder

    def train(corpus, plan, options, work, progress, checkpoint_seconds):
        return "its run"

    monkeypatch.setattr(api.METHODS, "load", lambda name: SimpleNamespace(Options=encoder.Options, train=train))
    corpus = labelled_corpus(12)
    plan = Plan(task="classify", method="own", options={}, base="b", base_digest="", labels=(), dataset="", seed=0)
    given = (corpus, plan, tmp_path, TrainSettings(), SILENT)
    assert api.fit_plan(*given, ALONE) == "its run"
    with pytest.raises(UserError, match="trains in one process only, and 2 were started") as refused:
        api.fit_plan(*given, ProcessGroup(rank=1, size=2))
    assert refused.value.code == "E-LAUNCH-006"
