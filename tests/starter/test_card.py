"""A run is taken into the package only as it must be, and the card tells its figures."""

import json
import shutil

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from starter import card, checkpoint, pretrain, shapes


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A run of the 8m size with a toy's weights under its name, and a package and results of its own."""
    monkeypatch.setitem(shapes.SIZES, "8m", shapes.SIZES["toy"])
    package = tmp_path / "package"
    shutil.copytree(shapes.folder("8m"), package / "starter-8m", ignore=shutil.ignore_patterns("*.safetensors*"))
    monkeypatch.setattr(shapes, "MODELS", package)
    monkeypatch.setattr(card, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(card, "BASELINE", tmp_path / "results" / "kneser-ney.json")
    run = tmp_path / "run"
    model = LlamaForCausalLM(LlamaConfig(**shapes.config("toy")))
    checkpoint.save(model, run)
    figures = {"books": {"tokens": 10, "nats_a_token": 4.0, "perplexity": 54.6, "bits_a_byte": 1.234}}
    results = {
        "size": "8m", "parameters": shapes.parameters("toy"), "tokens": 3e6, "steps": 7, "machine": "a machine",
        "seconds": {"train": 12.0}, "held_out": figures, "held_out_digest": "d", "right_answers": {"sum": 0.64},
        "samples": [{"prompt": "[user] Hello", "answer": "Hi!"}],
        "digests": pretrain.digests(None, package / "starter-8m"),
    }  # fmt: skip
    (run / "results.json").write_text(json.dumps(results))
    (run / "curve.jsonl").write_text("{}\n")
    return run, package / "starter-8m"


def test_a_run_lands_beside_the_committed_configuration_and_old_shards_go(world) -> None:
    run, package = world
    (package / "model-00009-of-00009.safetensors").write_bytes(b"old")
    assert card.adopt(run) == "8m"
    assert sorted(path.name for path in package.glob("model*")) == [
        "model-00001-of-00001.safetensors",
        "model.safetensors.index.json",
    ]
    shapes.write("toy", package)
    from transformers import AutoModelForCausalLM

    assert AutoModelForCausalLM.from_pretrained(package).dtype == torch.bfloat16


def test_the_card_tells_figures_tasks_and_samples(world) -> None:
    run, _ = world
    card.adopt(run)
    baseline = {"held_out_digest": "d", "held_out": {"books": {"tokens": 10, "perplexity": 81.26, "bits_a_byte": 1.6}}}
    card.BASELINE.write_text(json.dumps(baseline))
    text = card.card()
    assert "| books | 10 | 81.26 (1.600) | 54.60 (1.234) |" in text
    assert "| sum | 64% |" in text
    assert "[user] Hello\n>>> Hi!" in text
    assert "{{" not in text
    card.BASELINE.write_text(json.dumps(baseline | {"held_out_digest": "another"}))
    with pytest.raises(SystemExit, match="same tokens"):
        card.card()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"digests": {"tokenizer.json": "x"}}, "tokenizer"),
        ({"size": "28m"}, "parameters"),
    ],
)
def test_another_tokenizer_or_model_is_refused(world, change, told) -> None:
    run, package = world
    shutil.copytree(package, package.parent / "starter-28m")
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps(results | change))
    with pytest.raises(SystemExit, match=told):
        card.adopt(run)
    assert not list(package.glob("model*"))
