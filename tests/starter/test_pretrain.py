"""The recipe at toy size, on one core: it learns, completes its schedule, and saves what plain transformers loads."""

import json
import shutil

import numpy as np
import pytest
import torch
from starter.optimizer import Optimizer, orthogonal
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from starter import checkpoint, data, forward, pretrain, schedule, shapes

STEPS = 30


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(small_tokenizer, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    whole = data.prepare(None, small_tokenizer, generated=400, reading=0, seed=5, workers=1)
    whole.held_out["generated"] = whole.held_out["generated"][: 4 * 1024]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "WARM_UP_STEPS", 4)
        patch.setattr("starter.measure.PROMPTS", ((("user", "What is 1 + 1?"),),))
        patch.setattr("starter.measure.MOST_NEW", 4)
        settings = pretrain.Settings(
            size="toy", out=out, tokenizer=small_tokenizer, steps=STEPS, batch=1, compiled=False, each=1, seed=5
        )
        results = pretrain.run(settings, whole)
    return out, results


def test_the_loss_falls(trained) -> None:
    lines = [json.loads(line) for line in (trained[0] / "curve.jsonl").read_text().splitlines()]
    glances = [line["held_out"]["generated"] for line in lines if "held_out" in line]
    assert glances[0] > glances[-1] + 0.3
    assert trained[1]["held_out"]["generated"]["nats_a_token"] < np.log(600) - 1.0


def test_the_results_say_how_to_repeat_the_run(trained) -> None:
    results = json.loads((trained[0] / "results.json").read_text())
    assert results["steps"] == STEPS
    assert results["settings"]["seed"] == 5
    assert len(results["digests"]["recipe"]) == len(results["digests"]["tokenizer.json"]) == 64
    assert results["epochs"]["generated"] > 0
    assert results["samples"][0]["prompt"] == "[user] What is 1 + 1?"
    assert not any(str(trained[0]) in str(value) for value in results["settings"].values())


def test_the_saved_folder_loads_in_plain_transformers_with_the_same_logits(trained, small_tokenizer, tmp_path) -> None:
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    shapes.write("toy", tmp_path, vocabulary=600)
    for path in small_tokenizer.iterdir():
        shutil.copy(path, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    ids = torch.tensor([tokenizer("The customer asks for a refund of 20 euros.")["input_ids"]])
    cos, sin = forward.rope(1024, model.config.head_dim, 10000.0, ids.device)
    with torch.no_grad():
        torch.testing.assert_close(forward.logits(model, ids, cos, sin), model(ids).logits, atol=1e-4, rtol=1e-4)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert again.dtype == torch.bfloat16
    assert again.lm_head.weight.data_ptr() == again.model.embed_tokens.weight.data_ptr()


def test_shards_are_small_and_hold_every_weight_once(tmp_path) -> None:
    config = LlamaConfig(**shapes.config("toy", vocabulary=600))
    model = LlamaForCausalLM(config)
    names = checkpoint.save(model, tmp_path, shard=60_000)
    assert names[0] == f"model-00001-of-{len(names):05d}.safetensors" and len(names) > 3
    assert max((tmp_path / name).stat().st_size for name in names) < 60_000 + 600 * 64 + 4_000
    loaded = AutoModelForCausalLM.from_pretrained(_with_config(tmp_path), dtype=torch.bfloat16)
    for (name, one), other in zip(model.named_parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one.to(torch.bfloat16), other), name


def _with_config(folder):
    shapes.write("toy", folder, vocabulary=600)
    return folder


@pytest.mark.parametrize(("size", "parameters"), [("8m", 8_556_768), ("28m", 27_951_552)])
def test_the_models_have_the_size_they_say_and_prune_to_stock_configurations(size, parameters) -> None:
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**shapes.config(size)))
    assert sum(w.numel() for w in model.parameters()) == parameters == shapes.parameters(size)
    assert 2 * parameters < 4 * 14_500_000
    for shared in (3, 2, 1):
        fewer = shapes.config(size) | {"num_attention_heads": 2 * shared, "num_key_value_heads": shared}
        with torch.device("meta"):
            LlamaForCausalLM(LlamaConfig(**fewer))


def test_both_models_together_stay_within_what_the_package_may_hold() -> None:
    assert 2 * sum(shapes.parameters(size) for size in ("8m", "28m")) < 74_000_000


def test_the_forward_pass_is_that_of_transformers_with_its_gradient() -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**shapes.config("toy", vocabulary=600)))
    ids = torch.randint(0, 600, (2, 48))
    cos, sin = forward.rope(1024, 16, 10000.0, ids.device)
    torch.testing.assert_close(forward.logits(model, ids, cos, sin), model(ids).logits, atol=1e-5, rtol=1e-5)
    _, mean = forward.loss(model, ids, torch.ones(2, 48), cos, sin)
    reference = model(ids, labels=ids).loss
    assert mean.item() == pytest.approx(reference.item(), rel=1e-5)
    weights = torch.zeros(2, 48)
    weights[0, 5] = 1.0
    _, one = forward.loss(model, ids, weights, cos, sin)
    nll, _ = forward.token_losses(model, ids, cos, sin)
    assert one.item() == pytest.approx(nll[0, 4].item(), rel=1e-6)


def test_newton_schulz_moves_singular_values_to_about_one() -> None:
    torch.manual_seed(0)
    for shape in ((3, 32, 48), (2, 48, 32)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
        assert float(values.min()) > 0.6 and float(values.max()) < 1.3


@pytest.mark.parametrize("muon", [True, False])
def test_the_optimizer_keeps_masters_finer_than_the_weights(muon) -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**shapes.config("toy", vocabulary=600)))
    optimizer = Optimizer(model, muon=muon)
    for weight in model.parameters():
        weight.data = weight.data.bfloat16()
    before = [weight.detach().clone() for weight in model.parameters()]
    # Steps far below the grain of bf16 must still add up.
    for _ in range(40):
        for weight in model.parameters():
            weight.grad = torch.ones_like(weight)
        optimizer.step(1e-5)
    moved = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    assert sum(moved) > len(moved) * 0.6
    assert all(weight.dtype == torch.bfloat16 and weight.grad is None for weight in model.parameters())


def test_the_schedule_warms_up_holds_and_ends_at_zero() -> None:
    assert schedule.rate(0.0, 0) == 0.01
    assert schedule.rate(0.5, 500) == 1.0
    assert schedule.rate(0.85, 500) == pytest.approx(1 - 0.5**0.5)
    assert schedule.rate(1.0, 500) == 0.0
    assert sum(schedule.STABLE.values()) == pytest.approx(1) == sum(schedule.DECAY.values())


def test_the_mix_turns_to_chats_and_always_fills_the_batch() -> None:
    everything = set(schedule.STABLE)
    early, late = (schedule.rows(progress, 128, everything) for progress in (0.1, 0.9))
    assert sum(early.values()) == sum(late.values()) == 128
    assert early["books"] > early["generated"] and late["generated"] > 2 * late["books"]
    assert schedule.rows(0.1, 8, {"generated"}) == {"generated": 8}


def test_a_budget_of_time_completes_even_when_the_machine_gets_slower() -> None:
    clock = schedule.Clock(seconds=100.0)
    clock.measured(step=60, elapsed=10.0, seconds_a_step=0.1)
    assert clock.steps == 60 + 882
    assert clock.progress(60, 10.0) == pytest.approx(0.1)
    assert clock.progress(100, 90.0) == pytest.approx(0.9)
    assert clock.progress(942, 95.0) == clock.progress(500, 101.0) == 1.0
    fixed = schedule.Clock(seconds=None, steps=30)
    assert fixed.progress(15, 1e6) == 0.5


def test_a_feed_reads_everything_once_before_anything_twice() -> None:
    stream = np.arange(10 * 1024, dtype=np.uint16) // 1024 | data.FULL
    feed = pretrain.Feed(data.Data(train={"generated": stream}), 0, torch.device("cpu"))
    seen = [int(one) for _ in range(5) for one in feed.batch({"generated": 2}, 0.1)[0][:, 0]]
    assert sorted(seen) == list(range(10))
    assert feed.epochs() == {"generated": 1.0}


def test_padding_weighs_nothing_prompts_little_and_answers_fully() -> None:
    stream = np.zeros(1024, np.uint16)
    stream[:3] = [1, 5, 7 | int(data.FULL)]
    ids, weights = pretrain.Feed(data.Data(train={"generated": stream}), 0, torch.device("cpu")).batch(
        {"generated": 1}, 0.1
    )
    assert ids[0, :4].tolist() == [1, 5, 7, 0]
    assert weights[0, :4].tolist() == pytest.approx([0.1, 0.1, 1.0, 0.0])


def test_either_time_or_steps_must_be_given(tmp_path) -> None:
    with pytest.raises(SystemExit):
        pretrain.run(pretrain.Settings(size="toy", out=tmp_path))


def test_a_comparison_goes_on_with_the_optimizer_and_rate_of_the_lowest_held_out_loss(tmp_path, monkeypatch) -> None:
    class Trial:
        def __init__(self, settings, *_) -> None:
            settings.out.mkdir(exist_ok=True)
            self.settings = settings

        def trial(self):
            assert (self.settings.steps, self.settings.minutes, self.settings.within) == (300, None, None)
            nats = 3.0 if (self.settings.muon, self.settings.rate) == (False, 4e-3) else 4.0
            return {"books": {"nats_a_token": nats}, "medical": {"nats_a_token": 2.0}}

    monkeypatch.setattr(pretrain, "_Run", Trial)
    settings = pretrain.Settings(size="8m", out=tmp_path, within=9.0, compare=300)
    best, trials = pretrain.compared(settings, tmp_path, data.Data())
    assert (best.muon, best.rate, best.within, best.steps) == (False, 4e-3, 9.0, None)
    assert [one["mean_nats_a_token"] for one in trials] == [3.0, 3.0, 3.0, 2.5]
    assert not (tmp_path / "trial").exists()
