"""Rows are counted in the tokens of the model to be tuned, as its training counts them."""

from pathlib import Path
from typing import Any

import pytest
from tests.stages.train.tiny import CHATML, byte_tokenizer, write_encoder, write_llama
from tests.worlds import corpus, found

from tunewright.core.context import Context, Target
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.progress import SILENT
from tunewright.models.encoder import token_ids
from tunewright.models.files import find_encoder
from tunewright.models.token_counts import token_counts
from tunewright.stages.audit.checks.length import Options, check

#: What CHATML writes around a question and an answer, over bytes: two roles, line breaks and special tokens.
AROUND = len("Suser\n" + "E\n" + "Sassistant\n" + "E\n")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama"))


def aimed(world: Corpus, base: Path | str, max_tokens: int, method: str = "lora") -> Corpus:
    world.context = Context(target=Target(method=method, base=str(base), max_tokens=max_tokens))
    return world


def check_of(world: Corpus) -> dict[str, Finding]:
    return {finding.kind: finding for finding in check(world, Options())}


def words(count: int) -> str:
    return " ".join(["card"] * count)


def test_a_text_over_the_encoders_limit_is_told_with_what_is_lost(encoder: Path) -> None:
    told = check_of(aimed(corpus([words(18), words(38), None, "lost card"], ["a"] * 4), encoder, 20, "encoder"))
    assert told["cut"].frame.rows() == [(1, 1.0, 40, 20, 0.5)]  # [CLS] and [SEP] are tokens too
    assert told["cut"].severity == "warning"
    assert told["cut"].sentence(told["cut"].frame.row(0, named=True)) == (
        "is 40 tokens long and read up to token 20: the last 50% of it is lost"
    )
    assert {name: told["tokens"].facts[name] for name in ("rows", "median", "max", "over")} == {
        "rows": 3,
        "median": 20,
        "max": 40,
        "over": 1,
    }


def test_the_models_own_limit_counts_where_it_is_lower(encoder: Path) -> None:
    told = check_of(aimed(corpus([words(62), words(63)], ["a"] * 2), encoder, 4096, "encoder"))
    assert told["cut"].frame["row"].to_list() == [1]
    assert told["tokens"].facts["limit"] == 64


def test_the_bundled_encoder_is_counted_as_training_reads_it() -> None:
    from transformers import AutoTokenizer

    texts = [
        "Where is my CARD?",
        "Größe 東京 👩\u200d🚀",
        "a" * 300,
        "[SEP] x",
        "",
        "word " * 600,
        "don't\u200bstop\n\n–",
    ]
    counts = token_counts(world := aimed(corpus(texts, ["a"] * 7), "", 128, "encoder"), world.context.target)
    told = token_ids(AutoTokenizer.from_pretrained(find_encoder().folder), texts, 100_000)
    assert counts.rows["tokens"].to_list() == [len(ids) for ids in told]
    assert counts.limit == 128
    assert counts.rows["tokens"][5] == 602


def test_a_chat_over_the_limit_is_left_out_and_says_what_its_answer_would_lose(llama: Path) -> None:
    questions, answers = ["q" * 10, "q" * 10, "q" * 90], ["a" * 20, "a" * 75, "a" * 5]
    told = check_of(aimed(corpus(questions, answers=answers), llama, 100))
    row, score, tokens, limit, answer, beyond = told["too_long"].frame.row(0)
    assert (row, score, tokens, limit) == (1, 1.0, 10 + 75 + AROUND, 100)
    assert (answer, beyond) == (76, tokens - 1 - 100)  # the stop token is trained, the line break behind it is not
    assert told["too_long"].frame["row"].to_list() == [1, 2]
    assert told["too_long"].frame["answer_beyond"].to_list()[1] == 6  # its question alone fills the limit
    assert told["too_long"].severity == "warning"
    assert told["tokens"].facts["over"] == 2
    assert "100 that are read" in told["tokens"].sentence()


def test_what_is_too_long_is_what_training_leaves_out(llama: Path) -> None:
    from tests.stages.train.tiny import corpus_of

    from tunewright.models.causal_lm import CausalLM
    from tunewright.stages.train.data.chats import chats

    texts = ["x" * (at * 3 % 97) for at in range(60)]
    world = aimed(corpus_of({"prompt": texts, "answer": [t or "a" for t in texts]}, "reply"), llama, 128)
    told = check_of(world)
    read = chats(world, "train", CausalLM.load(llama).tokenizer, 128, SILENT)
    trained = set(world.scan("row", "split").collect().filter(split="train")["row"])
    kept = sorted(trained - set(told["too_long"].frame["row"]))
    counts = token_counts(world, world.context.target).rows
    assert 0 < len(kept) < len(trained)
    assert read.lengths.tolist() == [counts["tokens"][row] for row in kept]
    assert read.trained_tokens == sum(counts["trained"][row] for row in kept)


def test_a_row_without_an_answer_teaches_nothing_and_blocks(llama: Path) -> None:
    silent = [{"role": "user", "content": "q", "weight": None}, {"role": "assistant", "content": "no", "weight": 0.0}]
    spoken = [{**turn, "weight": None} for turn in silent]
    world = corpus(["q"] * 3, answers=["no", "no", None], messages=[silent, spoken, spoken[:1]])
    told = check_of(aimed(world, llama, 100))
    assert told["nothing_trained"].severity == "blocking"
    assert told["nothing_trained"].frame["row"].to_list() == [0, 2]
    assert "too_long" not in told


def test_a_long_row_without_an_answer_is_told_once_and_an_empty_answer_is_rendered(llama: Path) -> None:
    lost = [*turns("q" * 300), {"role": "assistant", "content": None, "weight": None}]
    world = corpus(
        ["q" * 300, "q"], answers=[None, None], messages=[turns("q" * 300), [lost[0] | {"content": "q"}, lost[1]]]
    )
    told = check_of(aimed(world, llama, 100))
    assert told["nothing_trained"].frame["row"].to_list() == [0]
    assert not told.keys() & {"too_long", "not_rendered"}


def save(folder: Path, like: Path, template: str) -> Path:
    """The model in `like` with another chat template."""
    import shutil

    shutil.copytree(like, folder, dirs_exist_ok=True)
    tokenizer = byte_tokenizer(template, eos_token="<|end|>", pad_token="<|end|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    tokenizer.save_pretrained(folder)
    return folder


def turns(*said: str) -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": one, "weight": None} for at, one in enumerate(said)]


def test_a_chat_that_the_template_refuses_is_told_with_its_reason(tmp_path: Path, llama: Path) -> None:
    strict = "{% if messages[0].role != 'user' %}{{ raise_exception('a user speaks first') }}{% endif %}" + CHATML
    base = save(tmp_path / "strict", llama, strict)
    chats = [turns("hi", "yo"), turns("hi", "yo")[::-1]]
    told = check_of(aimed(corpus(["hi"] * 2, answers=["yo"] * 2, messages=chats), base, 100))
    assert told["not_rendered"].frame["row"].to_list() == [1]
    assert told["not_rendered"].severity == "blocking"
    assert "a user speaks first" in told["not_rendered"].sentence(told["not_rendered"].frame.row(0, named=True))
    assert told["tokens"].facts["rows"] == 1


def test_earlier_answers_that_the_template_shows_otherwise_are_counted(tmp_path: Path, llama: Path) -> None:
    forgetful = CHATML.replace(
        "{{ m.content }}", "{{ m.content if loop.last or m.role == 'user' else m.content.upper() }}"
    )
    base = save(tmp_path / "forgetful", llama, forgetful)
    chats = [turns("a", "yes", "b", "no"), turns("a", "yes")]
    told = check_of(aimed(corpus(["b", "a"], answers=["no", "yes"], messages=chats), base, 100))
    assert told["answers_skipped"].frame.select("row", "answers").rows() == [(0, 1)]
    assert told["answers_skipped"].severity == "info"


def test_counts_are_kept_for_a_tokenizer_and_a_limit(llama: Path, tmp_path: Path) -> None:
    plain = corpus(["q"], answers=["a"])
    world = aimed(Corpus(plain.dataset, plain.scan(), evidence=tmp_path), llama, 100)
    for limit, files in ((100, 1), (100, 1), (50, 2)):
        token_counts(aimed(world, llama, limit), world.context.target)
        assert len(list(tmp_path.glob("chat_tokens-*.parquet"))) == files


@pytest.mark.parametrize("base", ["no/such-model-anywhere"])
def test_a_model_that_is_not_here_skips_the_check_and_says_why(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NotChecked, match=r"no model folder 'no/such-model-anywhere' here.*Give the path"):
        check(aimed(corpus(["q"], answers=["a"]), base, 100), Options())


def test_a_folder_that_is_no_model_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        check(aimed(corpus(["q"], answers=["a"]), tmp_path, 100), Options())
    assert told.value.code == "E-TRAIN-004"


def test_without_a_model_nothing_is_counted() -> None:
    with pytest.raises(NotChecked, match=r"train\.base"):
        check(corpus(["q"], answers=["a"]), Options())


def test_the_order_of_the_rows_does_not_matter(encoder: Path) -> None:
    texts = [words(count) for count in (18, 19, 40, 2)]
    order = [2, 0, 3, 1]
    for mixed in (texts, [texts[at] for at in order]):
        told = check(aimed(corpus(mixed, ["a"] * 4), encoder, 20, "encoder"), Options())
        assert {mixed[row] for row in found(told, "length.cut")} == {words(19), words(40)}


def test_nobody_counts_an_empty_file(encoder: Path) -> None:
    assert check(aimed(corpus([], []), encoder, 20, "encoder"), Options()) == ()
