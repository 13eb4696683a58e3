"""An engine in a candidate's place is measured like one, named, never shipped and never released."""

import pytest
from tests.stages.evaluate.candidates import centroid_candidate
from tests.stages.train.tiny import Listener, answered_corpus, labelled_corpus, plan_for, write_llama

from tunewright.core.engine_ref import EngineRef
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.scorecard import Scorecard
from tunewright.models.registry import in_place_of
from tunewright.stages.evaluate.api import evaluate, evaluate_engine
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.release.api import release
from tunewright.stages.release.settings import ReleaseSettings

LABELS = EvaluateSettings(resamples=300, latency_calls=10, baselines={"k_nearest": False})
WORDS = EvaluateSettings(resamples=300, generate=4, baselines={"untuned": {}})


@pytest.fixture(scope="module")
def tickets():
    return labelled_corpus(400)


@pytest.fixture(scope="module")
def sums():
    return answered_corpus(90)


@pytest.fixture(scope="module")
def plan_to_write(sums, tmp_path_factory):
    return plan_for(sums, write_llama(tmp_path_factory.mktemp("llama")), {}, method="lora")


def echo_for(plan) -> EngineRef:
    return in_place_of("echo", None, plan.labels)


def test_labels_are_measured_beside_the_baselines_and_the_engine_is_named(tickets, tiny_encoder) -> None:
    plan = plan_for(tickets, tiny_encoder, {})
    card = evaluate_engine(echo_for(plan), plan, tickets, LABELS)
    assert [system.system for system in card.systems] == ["tuned", "majority", "nearest_label_name"]
    assert card.own.about == "the engine echo"
    assert (card.engine.engine, card.engine.options["labels"]) == ("echo", plan.labels)
    assert card.predictions["predicted"].n_unique() == len(plan.labels)
    assert {score.metric for score in card.latency} == {"p50_ms", "p95_ms", "rows_per_s"}
    assert evaluate_engine(echo_for(plan), plan, tickets, LABELS).digest == card.digest


def test_words_are_measured_beside_the_untuned_base(plan_to_write, sums) -> None:
    card = evaluate_engine(echo_for(plan_to_write), plan_to_write, sums, WORDS)
    assert [system.system for system in card.systems] == ["tuned", "untuned"]
    prompts = sums.scan("row", "prompt").collect().join(card.predictions.select("row"), on="row", how="semi")
    assert card.predictions["predicted"][:4].to_list() == prompts.sort("row")["prompt"][:4].to_list()


def test_a_row_that_the_base_cannot_hold_is_left_out_though_the_engine_holds_it(plan_to_write, sums) -> None:
    import polars as pl
    from tests.worlds import of

    place = sums.scan("row", "split").filter(pl.col("split") == "test").collect()["row"][0]
    long = (
        sums.scan()
        .collect()
        .with_columns(
            task=pl.lit("reply"), prompt=pl.when(pl.col("row") == place).then(pl.lit("9" * 600)).otherwise("prompt")
        )
    )
    listener = Listener()
    card = evaluate_engine(echo_for(plan_to_write), plan_to_write, of(long), WORDS, progress=listener)
    assert place not in card.predictions["row"].to_list()
    assert any(line.startswith("1 of ") and "too long" in line for line in listener.said)


def test_whatever_the_figures_say_it_is_not_shipped(tickets, tiny_encoder, tmp_path) -> None:
    """A classifier that is nearly always right, opened in the place of a candidate."""
    candidate = centroid_candidate(tickets, tiny_encoder, tmp_path)
    settings = LABELS.model_copy(update={"baselines": {"majority": {}}})
    assert evaluate(candidate, tickets, settings).decision == "ship"
    card = evaluate_engine(candidate.engine, candidate.run.plan, tickets, settings)
    assert card.decision == "do not ship"
    assert "The engine classifier answered in a candidate's place, so nothing here can be released." in card.words
    assert "The gain is larger than chance explains." in card.words, "the figures are still said"


def test_an_engine_with_other_labels_is_refused(tickets, tiny_encoder) -> None:
    plan = plan_for(tickets, tiny_encoder, {})
    with pytest.raises(UserError) as refusal:
        evaluate_engine(EngineRef(engine="echo", options={"labels": plan.labels[::-1]}), plan, tickets, LABELS)
    assert refusal.value.code == "E-EVAL-005"


def test_its_scorecard_is_refused_by_a_release_and_nothing_is_left(tickets, tiny_encoder, tmp_path) -> None:
    candidate = centroid_candidate(tickets, tiny_encoder, tmp_path)
    plan = candidate.run.plan
    for ref in (echo_for(plan), candidate.engine):
        card = evaluate_engine(ref, plan, tickets, LABELS)
        with pytest.raises(UserError) as refusal:
            release(
                candidate, card, (), {}, tickets, name="desk", folder=tmp_path / "releases", settings=ReleaseSettings()
            )
        assert (refusal.value.code, refusal.value.exit_code) == ("E-REL-008", ExitCode.GATE_FAILED)
        assert ref.engine in refusal.value.what
    assert not (tmp_path / "releases").exists()


def test_the_engine_is_part_of_the_digest_and_a_candidates_own_is_not(tickets, tiny_encoder, tmp_path) -> None:
    """Scorecards that were kept before engines had names keep the digest that they had."""
    candidate = centroid_candidate(tickets, tiny_encoder, tmp_path)
    own = evaluate(candidate, tickets, LABELS)
    assert "engine" not in own.content()
    other = own.model_copy(update={"engine": EngineRef(engine="echo")})
    assert other.digest != own.digest
    own.write(tmp_path)
    assert Scorecard.read(tmp_path).digest == own.digest
    older = own.model_dump(mode="json")
    del older["engine"]
    assert Scorecard.model_validate(older).digest == own.digest
