"""What a run reads is cleaned, held out by document, packed without loss, and the same for any number of processes."""

import lzma
from itertools import pairwise

import numpy as np
import pytest
from starter.instructions import chats, tasks

from starter import corpus, data

BOOK = """<|book|> Some One/A Title

# Title: A Title

## Author: Some One

## Year: 1894

-------

## I.

The _old_ clock struck nine.{space}
Martha closed the shutters.



She waited **long**.
""".replace("{space}", "  ")
MEDICAL = """What is (are) Rare Fever ?
Key Points     - It is rare.    - It passes.

What are the symptoms of Rare Fever ?
Heat."""


@pytest.fixture
def folder(tmp_path):
    talk = "\n\n".join(f"Customer: I need a table for {n}.\nAgent: Done, a table for {n}." for n in range(200))
    for domain, text in (("books", BOOK), ("medical", MEDICAL), ("dialogues", talk + "\n\n" + talk)):
        with lzma.open(tmp_path / corpus.FILES[domain], "wt", encoding="utf-8") as stream:
            stream.write(text)
    return tmp_path


def test_a_book_loses_its_head_and_the_signs_of_its_markup(folder) -> None:
    (book,) = corpus.documents("books", folder)
    assert book.text == "I.\n\nThe old clock struck nine.\nMartha closed the shutters.\n\nShe waited long."


def test_medical_questions_read_as_asked_and_share_the_fate_of_their_topic(folder) -> None:
    one, other = corpus.documents("medical", folder)
    assert one.text == "What is Rare Fever?\nKey Points\n- It is rare.\n- It passes."
    assert corpus.topic("Is Rare Fever inherited ?") == corpus.topic("What is (are) Rare Fever ?") == "Rare Fever"
    assert one.held_out == other.held_out


def test_equal_documents_count_once_and_a_fortieth_is_held_out(folder) -> None:
    found = corpus.documents("dialogues", folder)
    assert len(found) == 200
    held = sum(corpus.is_held_out("books", f"title {n}") for n in range(20_000))
    assert abs(held - 500) < 100


def test_the_arrays_do_not_depend_on_the_number_of_processes(folder, small_tokenizer) -> None:
    one, two = (data.prepare(folder, small_tokenizer, generated=300, reading=0, seed=5, workers=n) for n in (1, 2))
    assert one.digest() == two.digest()
    assert sorted(one.train) == sorted(two.train)
    for name, tokens in one.train.items():
        np.testing.assert_array_equal(tokens, two.train[name])


def test_a_text_stream_is_its_documents_between_begin_and_end(small_tokenizer) -> None:
    bare = data.load(small_tokenizer)
    stream = data.text_tokens(["One text.", "Two\n\ntexts."], bare)
    assert (stream & data.FULL).all()
    assert (
        bare.decode((stream & data.ID).tolist(), skip_special_tokens=False)
        == "<|begin|>One text.<|end|><|begin|>Two\n\ntexts.<|end|>"
    )


def test_a_long_text_is_cut_where_no_token_spans(small_tokenizer) -> None:
    bare = data.load(small_tokenizer)
    text = "\n\n".join(f"Line {n} of a long text, with  two spaces." for n in range(3_000))
    stream = data.text_tokens([text], bare) & data.ID
    assert stream[1:-1].tolist() == bare.encode(text, add_special_tokens=False).ids


def test_packing_keeps_every_chat_whole_and_wastes_little(small_tokenizer) -> None:
    bare = data.load(small_tokenizer)
    whole = data.chat_tokens(list(chats("packing", 400)), bare)
    blocks = data.blocks(data.packed(whole))
    assert (blocks[:, 0] == 1).all()
    found = []
    for row in blocks.tolist():
        kept = row[: row.index(0)] if 0 in row else row
        starts = [at for at, one in enumerate(kept) if one == 1] + [len(kept)]
        found += [tuple(kept[a:b]) for a, b in pairwise(starts)]
    assert sorted(found) == sorted(map(tuple, whole))
    assert (blocks == 0).mean() < 0.05


def test_held_out_chats_are_not_trained_on(small_tokenizer, monkeypatch) -> None:
    # The held-out chats are made to be chats that training would draw.
    planted = list(tasks("5 0", 1_000))[::10]
    monkeypatch.setattr(data, "held_out_chats", lambda seed: planted)
    found = data.prepare(None, small_tokenizer, generated=1_000, reading=0, seed=5, workers=1)
    bare = data.load(small_tokenizer)

    def shown(stream):
        text = bare.decode((stream & data.ID).tolist(), skip_special_tokens=False)
        return set(text.replace("<|pad|>", "").split("<|begin|>")[1:])

    assert found.left_out >= len(planted)
    assert len(shown(found.train["generated"])) > 800
    assert not shown(found.train["generated"]) & shown(found.held_out["generated"])


def test_what_can_only_be_recalled_is_not_held_out() -> None:
    assert not {name for name, _ in data.held_out_chats(7)} & {"fact", "about"}
