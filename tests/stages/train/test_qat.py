"""What is trained is computed on the exporter's grid, to the bit, and the published weights lie on it."""

import pytest
import torch
from safetensors.torch import load_file
from tests.stages.train.tiny import Crashing, Listener, answered_corpus, plan_for

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.models.quantization_grid import Grid, OnGrid, activations_on_grid, on_grid, quantize
from tunewright.models.quiet_imports import unassisted
from tunewright.stages.train.api import train
from tunewright.stages.train.methods.qat import Options, grid_of, unused
from tunewright.stages.train.settings import TrainSettings

pytest.importorskip("torchao")

OPTIONS = {"epochs": 2, "batch": 6, "learning_rate": 1e-2}
CASES = {"int4": {"bits": 4}, "int8": {"bits": 8}, "int8 activations": {"bits": 8, "activations": True}}
INT4 = Grid(bits=4, group=32)


@pytest.fixture(scope="module", params=list(CASES))
def trained(request, tiny_llama, tmp_path_factory):
    corpus = answered_corpus(24)
    chosen = {**OPTIONS, **CASES[request.param]}
    plan = plan_for(corpus, tiny_llama, chosen, method="qat")
    return grid_of(Options(**chosen)), corpus, plan, train(corpus, plan, tmp_path_factory.mktemp("work"))


def layer_on(grid: Grid, columns: int = 64, rows: int = 24) -> torch.nn.Module:
    """A model of one linear layer and an output layer, fake-quantized."""
    from tunewright.stages.train.weights.fake_quantized import fake_quantize

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = torch.nn.Linear(columns, rows), torch.nn.Linear(rows, 5)

        def get_output_embeddings(self):
            return self.head

    torch.manual_seed(0)
    model = Model()
    with unassisted():
        assert fake_quantize(model, grid) == ("inner",)
    return model


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_the_forward_is_that_of_the_dequantized_codes_to_the_bit_and_the_gradient_goes_through(case) -> None:
    grid = grid_of(Options(**case))
    inner = layer_on(grid).inner
    values = torch.randn(7, 64, requires_grad=True)
    given = inner(values)
    seen = activations_on_grid(values) if grid.activations else values.detach()
    weight = on_grid(inner.weight, grid)
    assert torch.equal(given, torch.nn.functional.linear(seen, weight, inner.bias))
    assert not torch.equal(weight, inner.weight)
    back = torch.randn(7, 24)
    given.backward(back)
    assert torch.allclose(inner.weight.grad, back.T @ seen, atol=1e-6)
    assert torch.allclose(values.grad, back @ weight, atol=1e-6)


def test_torchaos_own_grid_is_another(tiny_llama) -> None:
    """Why ours is plugged in: its rounded weights are not a fixed point of the grid that is stored."""
    with unassisted():
        from torchao.quantization.qat import IntxFakeQuantizeConfig
        from torchao.quantization.qat.fake_quantizer import IntxFakeQuantizer

    torch.manual_seed(0)
    weight = torch.randn(16, 64)
    theirs = IntxFakeQuantizer(IntxFakeQuantizeConfig(torch.int4, group_size=32, is_symmetric=True))(weight)
    assert not torch.equal(on_grid(theirs, INT4), theirs)
    assert torch.equal(on_grid(on_grid(weight, INT4), INT4), on_grid(weight, INT4))


def test_published_weights_give_the_codes_that_were_trained(trained, tiny_llama) -> None:
    grid, _, _, candidate = trained
    told = OnGrid.kept(candidate.folder)
    assert told.grid == grid
    assert len(told.layers) == 14
    assert told.ignored == ("lm_head",)
    assert told.difference < 1e-6
    weights = load_file(candidate.folder / "model.safetensors")
    base = load_file(tiny_llama / "model.safetensors")
    for name in told.layers:
        weight = weights[f"{name}.weight"]
        codes, scales = quantize(weight, grid)
        assert torch.equal(codes.float() * scales.float().repeat_interleave(grid.group or weight.shape[1], 1), weight)
        assert (weight != on_grid(base[f"{name}.weight"], grid)).any(), "it was trained"
    assert set(weights) == set(base)
    assert weights["lm_head.weight"].dtype == torch.float32
    assert not torch.equal(on_grid(weights["lm_head.weight"], grid), weights["lm_head.weight"])


def test_the_loss_that_chose_it_is_the_loss_of_the_saved_model(trained) -> None:
    from tunewright.stages.train.data.chats import chats
    from tunewright.stages.train.data.decoder import tested

    grid, corpus, _, candidate = trained
    losses = [point.validation_loss for point in candidate.run.curve]
    assert losses == sorted(losses, reverse=True)
    saved = CausalLM.load(candidate.folder)
    held_out = chats(corpus, "validation", saved.tokenizer, 512, Listener())
    loss, _ = tested(saved.model, held_out, 6)
    assert loss == pytest.approx(losses[-1], abs=5e-3 if grid.activations else 1e-5)
    assert (OnGrid.kept(candidate.folder).kl_activations > 0) == grid.activations


def test_a_run_that_broke_off_ends_with_the_same_bits(trained, tmp_path) -> None:
    _, corpus, plan, whole = trained
    with pytest.raises(Crashing.Crash):
        train(corpus, plan, tmp_path, progress=Crashing(4), settings=TrainSettings(checkpoint_seconds=1e-9))
    again = train(corpus, plan, tmp_path)
    assert again.files == whole.files
    assert again.run.curve == whole.run.curve


def test_training_on_the_grid_loses_less_than_rounding_afterwards() -> None:
    """The same steps from the same model that has learned, once rounded during them and once after them."""
    import random

    import numpy as np

    from tunewright.models.chat import answered, messages_of
    from tunewright.models.files import find_model
    from tunewright.stages.train.data.decoder import answer_loss, padded
    from tunewright.stages.train.weights.fake_quantized import fake_quantize

    folder = find_model("starter-8m").folder
    rows = [(f"Where is order {at}?", f"Order {at} left us on day {at % 9}; thank you!") for at in range(24)]

    def losses(*, aware: bool) -> list[float]:
        loaded = CausalLM.load(folder, device="cpu")
        chats = [answered(loaded.tokenizer, messages_of(*row)) for row in rows]
        batch = lambda some: padded(some, np.ones(len(some), dtype=np.float32))  # noqa: E731
        with unassisted():
            if aware:
                fake_quantize(loaded.model, INT4)
            steps, rng = 12, random.Random(0)
            optimizer = torch.optim.AdamW(loaded.model.parameters(), lr=1e-4)
            for step in range(steps):
                for group in optimizer.param_groups:
                    group["lr"] = 1e-4 * (1 - step / steps)
                optimizer.zero_grad()
                answer_loss(loaded.model, batch(rng.sample(chats, 8))).backward()
                optimizer.step()
            with torch.no_grad():
                plain = float(answer_loss(loaded.model, batch(chats)))
                if not aware:
                    fake_quantize(loaded.model, INT4)
                return [plain, float(answer_loss(loaded.model, batch(chats)))]

    plain, rounded_after = losses(aware=False)
    _, rounded_while = losses(aware=True)
    assert plain < rounded_while < rounded_after
    assert rounded_after - rounded_while > 0.15 * (rounded_after - plain)


def test_groups_that_do_not_fit_are_told_before_anything_is_trained(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(16)
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_llama, {"group_size": 128}, method="qat"), tmp_path)
    assert told.value.code == "E-TRAIN-040"
    assert "14 of 14 linear layers" in told.value.what
    assert not (tmp_path / "model").exists()


def test_a_model_that_is_saved_otherwise_than_trained_is_refused(tiny_llama, tmp_path, monkeypatch) -> None:
    from tunewright.stages.train.weights import fake_quantized

    def forgets(model, names, grid) -> None:
        for name in names:
            model.set_submodule(name, model.get_submodule(name).to_linear())

    monkeypatch.setattr(fake_quantized, "settle", forgets)
    corpus = answered_corpus(16)
    plan = plan_for(corpus, tiny_llama, {**OPTIONS, "epochs": 1}, method="qat")
    with pytest.raises(UserError) as told:
        train(corpus, plan, tmp_path)
    assert told.value.code == "E-TRAIN-009"
    assert not (tmp_path / "model").exists()


def test_options_that_have_no_effect_are_known() -> None:
    assert set(unused(Options())) == {"activations"}
    assert set(unused(Options(bits=8))) == {"group_size"}
    assert grid_of(Options(group_size=128)) == Grid(bits=4, group=128)
    assert grid_of(Options(bits=8, activations=True)) == Grid(bits=8, group=0, activations=True)
