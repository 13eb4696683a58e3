"""A text has the same bits in every batch, order, process and number of threads."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stages.train.tiny import FILLER, WORDS, write_classifier

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.models.classifier import Classifier, ClassifierFile
from tunewright.models.encoder import Encoder, bucket
from tunewright.models.engine import GenerateRequest
from tunewright.models.files import find_encoder
from tunewright.similarity.embeddings import embed

ALL = [word for words in WORDS.values() for word in words] + FILLER
TEXTS = [" ".join(random.Random(at).choices(ALL, k=1 + at % 45)) for at in range(150)] + ["", "   ", "\u0000 zalgo"]


@pytest.fixture(scope="module")
def classifier(tiny_encoder, tmp_path_factory) -> Path:
    return write_classifier(tiny_encoder, tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def whole(classifier) -> np.ndarray:
    return Classifier.load(classifier).classify(TEXTS).probabilities


@given(chosen=st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=90))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_choice_in_any_order_has_the_same_bits(classifier, whole, chosen) -> None:
    said = Classifier.load(classifier).classify([TEXTS[at] for at in chosen])
    assert said.probabilities.tobytes() == whole[chosen].tobytes()


def test_another_process_with_one_thread_has_the_same_bits(classifier, whole, tmp_path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS[::-1]))
    code = f"""
import json, torch
torch.set_num_threads(1)
from pathlib import Path
from tunewright.models.classifier import Classifier
texts = json.loads(Path({str(tmp_path / "texts.json")!r}).read_text())
said = Classifier.load(Path({str(classifier)!r})).classify(texts)
Path({str(tmp_path / "bits")!r}).write_bytes(said.probabilities.tobytes())
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "bits").read_bytes() == whole[::-1].tobytes()


def test_probabilities_are_what_transformers_computes(classifier, whole) -> None:
    predictor = Classifier.load(classifier)
    text = TEXTS[7]
    coded = predictor.encoder.tokenizer([text], return_tensors="pt")
    with torch.inference_mode():
        hidden = predictor.encoder.model(**coded).last_hidden_state.mean(dim=1)
        logits = hidden @ predictor._weight.T + predictor._bias
    assert np.allclose(torch.softmax(logits, dim=1).numpy()[0], whole[7], atol=1e-6)
    assert np.allclose(whole.sum(axis=1), 1, atol=1e-6)


def test_the_label_is_the_most_probable_one(classifier, whole) -> None:
    said = Classifier.load(classifier).classify(TEXTS)
    assert said.labels == ["abcde"[at] for at in whole.argmax(axis=1)]


def test_no_text_gives_no_prediction(classifier) -> None:
    answers = Classifier.load(classifier).classify([])
    assert answers.labels == []
    assert answers.probabilities.shape == (0, 5)


def test_a_head_that_does_not_fit_its_labels_is_refused(classifier, tmp_path) -> None:
    for path in classifier.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / ClassifierFile.NAME).write_text(ClassifierFile(labels=("a", "b"), max_tokens=64).model_dump_json())
    with pytest.raises(UserError) as told:
        Classifier.load(tmp_path)
    assert told.value.code == "E-TRAIN-006"


def test_a_bucket_is_at_most_half_as_long_again_as_its_text() -> None:
    assert all(length <= bucket(length) <= max(8, 1.5 * length) for length in range(1, 5000))


def test_pytorch_s_settings_are_as_they_were(tiny_encoder) -> None:
    before = torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision
    Encoder.load(tiny_encoder).features(["card"])
    assert (torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision) == before


def test_the_bundled_encoder_finds_what_is_alike() -> None:
    """The real weights: a paraphrase is nearer than another matter."""
    vectors = embed(["My card was stolen", "somebody took my bank card", "what is your exchange rate"], find_encoder())
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.7 > 0.4 > vectors[0] @ vectors[2]


def test_answers_are_greedy_and_do_not_depend_on_their_neighbours(tiny_llama) -> None:
    loaded = CausalLM.load(tiny_llama)
    requests = [GenerateRequest.of(text, max_tokens=12) for text in ("one", "a longer question", "x")]
    together = loaded.generate(requests)
    assert together == [loaded.generate([request])[0] for request in requests]
    from tunewright.models.chat import asked

    ids = torch.tensor([asked(loaded.tokenizer, requests[1].messages)])
    reference = loaded.model.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
    assert together[1].text == loaded.tokenizer.decode(reference, skip_special_tokens=True)
