"""How much a term surprises a model, beside other words of the same documents."""

import numpy as np

from tunewright.models.term_surprise import surprises

DOCUMENTS = [f"In case number {n} the zylophage was seen beside the old house of our family." for n in range(5)]


class Knowing:
    """Stands for a model: every character of a strange word costs three nats, of any other word one."""

    class tokenizer:  # noqa: N801
        def __new__(cls, text: str, **_: object) -> dict[str, list[object]]:  # type: ignore[misc]
            return {"input_ids": list(map(ord, text)), "offset_mapping": [(at, at + 1) for at in range(len(text))]}

    def mean_nats(self, chats, **_: object) -> np.ndarray:
        read = ["".join(chr(one) for one, said in zip(chat.ids, chat.trained, strict=True) if said) for chat in chats]
        return np.array([3.0 if "z" in text else 1.0 for text in read])


def test_a_strange_word_stands_out_from_its_neighbors_and_a_plain_one_does_not() -> None:
    strange, plain, absent = surprises(Knowing(), DOCUMENTS, ["zylophage", "house", "absent"])  # type: ignore[arg-type]
    assert strange is not None
    assert strange > 5, "27 nats beside words of two to six"
    assert plain is not None
    assert abs(plain) < 2
    assert absent is None


def test_a_term_without_a_context_is_not_judged() -> None:
    assert surprises(Knowing(), ["zylophage seen"] * 3, ["zylophage"]) == [None]  # type: ignore[arg-type]


def test_a_real_model_gives_a_figure(tiny_llama) -> None:
    from tunewright.models.causal_lm import CausalLM

    (found,) = surprises(CausalLM.load(tiny_llama, device="cpu"), DOCUMENTS, ["zylophage"])
    assert isinstance(found, float)
