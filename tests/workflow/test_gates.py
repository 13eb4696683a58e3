"""Every gate binds: nothing that costs money or goes out starts while one that was judged before it is shut."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import tunewright
from tests.workflow.test_walk import make_project
from tests.workflow.worlds import tickets, tiny_encoder
from tunewright.config.load import load
from tunewright.core.errors import GateFailed, UserError
from tunewright.core.gate import Override, judge, require_overrides_hold
from tunewright.core.score import Score
from tunewright.order import STEPS, gates, steps
from tunewright.project import Project, override

OPEN = {"audit.quality_score": ">= 10", "evaluate.gain": "> -2", "evaluate.ship": ">= 0"}
SHUT = {"audit.quality_score": "> 100", "evaluate.gain": "> 5", "evaluate.ship": "> 1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that was walked to a release with its gates open."""
    root = tmp_path_factory.mktemp("gates")
    rows = [*tickets(200), *((f"  {text.upper()} ", label) for text, label in tickets(30))]
    place = make_project(root / "desk", tiny_encoder(root / "base"), rows, **OPEN)
    Project.open(place).run()
    return place


def bars(*shut: str) -> list[str]:
    return [f"gates.{name}='{SHUT[name] if name in shut else bar}'" for name, bar in OPEN.items()]


def releases(folder: Path) -> set[str]:
    return {path.name for path in (folder / "releases").iterdir()}


@pytest.mark.parametrize("gate", OPEN)
def test_a_shut_gate_lets_nothing_be_released_and_says_which_it_is(folder: Path, gate: str) -> None:
    before = releases(folder)
    with pytest.raises(GateFailed) as stopped:
        Project.open(folder, sets=bars(gate)).release()
    assert stopped.value.code == "E-GATE-001"
    assert f"`{gate}` is" in stopped.value.what
    assert stopped.value.fix.startswith(next(each.advice for each in gates() if each.name == gate))
    assert releases(folder) == before


def test_the_gate_on_the_data_stops_all_that_trains(folder: Path) -> None:
    trained = ["train.method.encoder.epochs=2", *bars("audit.quality_score")]
    for start in (
        lambda: Project.open(folder, sets=trained).train(),
        lambda: Project.open(folder, sets=trained).train(dry_run=True),
        lambda: Project.open(folder, sets=trained).run(dry_run=True),
        lambda: Project.open(folder, sets=trained).run(),
    ):
        with pytest.raises(GateFailed, match=r"audit\.quality_score"):
            start()
    assert [line.state for line in Project.open(folder, sets=trained).status().steps][5:] == ["to do"] * 3


def test_the_gate_on_the_data_stops_a_sweep(tmp_path: Path, tiny_llama: Path) -> None:
    folder = make_project(tmp_path / "desk", tiny_llama, tickets(60), **{"audit.quality_score": "> 100"})
    config = folder / "tunewright.yaml"
    text = config.read_text(encoding="utf-8").splitlines()
    text[1] = "data: {file: tickets.csv, task: reply, columns: {prompt: text, answer: category}}"
    text[2] = f"train: {{base: '{tiny_llama}', method: {{lora: {{epochs: 1}}}}}}"
    config.write_text("\n".join(text) + "\n", encoding="utf-8")
    with pytest.raises(GateFailed, match=r"audit\.quality_score"):
        Project.open(folder).sweep([2, 4])


def test_the_gates_of_the_evaluation_do_not_stop_the_evaluation(folder: Path) -> None:
    assert Project.open(folder, sets=bars("evaluate.gain", "evaluate.ship")).evaluate().verdict.passed is False


def test_the_data_is_judged_on_the_rows_that_would_be_trained_on(folder: Path) -> None:
    cleaned = Project.open(folder).clean()
    between = (cleaned.quality_before.low + cleaned.quality_after.low) / 2
    assert cleaned.quality_before.low < between < cleaned.quality_after.low, "cleaning mended something"
    sets = [f"gates.audit.quality_score='>= {between}'"]
    assert Project.open(folder, sets=sets).clean().verdict.passed
    Project.open(folder, sets=sets).train()
    assert Project.open(folder, sets=sets).audit().verdict.passed is False, (
        "the audit alone judges the rows as they came"
    )


def test_every_verdict_is_recorded_and_stands_on_the_model_card(folder: Path) -> None:
    result = Project.open(folder).run()
    names = [gate.name for gate in gates()]
    assert [verdict.gate for verdict in result.release.verdicts] == sorted(names)
    card = (Path(result.release.folder) / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in card for name in names)
    passed = {event.step for event in Project.open(folder).events().events if event.kind == "gate.passed"}
    assert passed >= set(names)


def test_steps_that_cost_money_or_go_out_are_behind_the_gates() -> None:
    assert [spec.name for spec in steps() if spec.behind_gates] == ["train", "release"]
    assert [spec.name for spec in steps()] == list(STEPS)


def test_a_gate_answers_to_the_name_it_had_before(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text("gates: {evaluate.verdict: '>= 0'}\n", encoding="utf-8")
    loaded = load(tmp_path, environment={})
    assert loaded.config.gates["evaluate.ship"] == ">= 0"
    assert loaded.notices == (
        "tunewright.yaml line 1: the gate evaluate.verdict is called evaluate.ship now; the old name still works.",
    )
    with pytest.raises(UserError, match=r"evaluate\.shop"):
        Project.open(folder, sets=bars(), overrides={"evaluate.shop": override("a typo")})
    project = Project.open(folder, sets=bars("evaluate.ship"), overrides={"evaluate.verdict": override("a pilot")})
    verdicts = {verdict.gate: verdict for verdict in project.release().verdicts}
    assert verdicts["evaluate.ship"].overridden.why == "a pilot"


def day(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def overridden(until: str | None) -> list:
    by = Override(who="m.weber", why="a pilot", until=until)
    return [judge("evaluate.gain", "> 0", Score(metric="gain", value=-1.0, n=9, unit="share"), override=by)]


def test_an_override_holds_through_its_last_day_and_not_a_day_longer() -> None:
    last = date(2027, 1, 31)
    for until, on in ((None, date(2099, 1, 1)), ("2027-01-31", last), ("2027-01-31", last - timedelta(days=1))):
        require_overrides_hold(overridden(until), what="the release desk-1", on=on)
    with pytest.raises(GateFailed) as ended:
        require_overrides_hold(overridden("2027-01-31"), what="the release desk-1", on=last + timedelta(days=1))
    assert ended.value.code == "E-GATE-004"
    assert ended.value.what == (
        "The override that the release desk-1 was let through with has ended: `evaluate.gain` until 2027-01-31."
    )
    assert "--override evaluate.gain" in ended.value.fix


def test_a_release_whose_override_has_ended_answers_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = override("a pilot", until=day(0))
    project = Project.open(folder, sets=bars("evaluate.gain"), overrides={"evaluate.gain": decision})
    place = Path(project.release().folder)
    assert len(tunewright.load(place).predict(["my card is gone"])) == 1, "its last day counts"
    monkeypatch.setattr("tunewright.core.gate.today", lambda: datetime.now(UTC).date() + timedelta(days=1))
    with pytest.raises(GateFailed) as refused:
        tunewright.load(place)
    assert refused.value.code == "E-GATE-004"
    assert place.name in refused.value.what


def test_an_override_that_has_ended_is_not_taken() -> None:
    with pytest.raises(UserError, match="The override ended on") as refused:
        override("a pilot", until=day(-1))
    assert refused.value.code == "E-GATE-003"
