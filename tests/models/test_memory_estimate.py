"""The memory of a training, from shapes, beside what was measured."""

from types import SimpleNamespace

import pytest

from tunewright.models.memory_estimate import POLICIES, Shape, footprint_gb

LLAMA_8B = Shape.of(
    SimpleNamespace(
        num_hidden_layers=32,
        hidden_size=4096,
        intermediate_size=14336,
        num_attention_heads=32,
        num_key_value_heads=8,
        vocab_size=128256,
    )
)


def test_the_layers_and_adapters_of_a_known_shape_are_counted() -> None:
    assert LLAMA_8B.linear == 6_979_321_856
    assert LLAMA_8B.parameters == 8_030_261_248
    assert LLAMA_8B.adapters(16) == 41_943_040  # as PEFT says of this shape


@pytest.mark.parametrize(
    ("products", "level", "measured_gib"),
    [
        ("fp8", "none", 77.1),
        ("fp8-backward", "none", 83.1),
        ("bf16", "none", 75.6),
        ("fp8", "fp8", 63.5),
        ("fp8", "selective", 23.1),
        ("nf4", "full", 12.5),
    ],
)
def test_estimates_of_an_h200_are_within_a_tenth_of_what_it_took_and_not_below(products, level, measured_gib) -> None:
    found = footprint_gb(LLAMA_8B, 16_384, products=products, policy=level, trained=LLAMA_8B.adapters(16))
    assert measured_gib * 2**30 / 1e9 <= found <= 1.1 * measured_gib * 2**30 / 1e9


def test_rank_hardly_matters_and_the_ladder_does() -> None:
    def of(rank: int, level: str) -> float:
        return footprint_gb(LLAMA_8B, 8192, products="bf16", policy=level, trained=LLAMA_8B.adapters(rank))

    assert of(64, "full") - of(8, "full") < 0.15 * of(8, "full")
    sizes = [of(8, level) for level in POLICIES]
    assert sizes == sorted(sizes, reverse=True)


def test_all_weights_trained_take_sixteen_bytes_each() -> None:
    whole = footprint_gb(LLAMA_8B, 1, products="fp32", policy="offload", trained=LLAMA_8B.parameters)
    assert whole == pytest.approx(16 * 8.030261248 + 1.5, rel=0.01)


def test_another_kind_of_model_has_no_such_shape(tmp_path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mamba", "hidden_size": 8}', encoding="utf-8")
    assert Shape.in_folder(tmp_path) is None
