"""The main job from end to end on a small project: once, resumed, shared, gated, undone."""

import json
import os
import random
import signal
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.program import HEARING, PROGRAM
from tests.workflow.worlds import THINGS, tickets, tiny_encoder, write_csv
from tunewright.core.errors import GateFailed, UserError
from tunewright.project import Project, override

SCHEMAS = Path(str(files("tunewright"))) / "schemas"


def make_project(folder: Path, encoder: Path, rows: list[tuple[str, str]], **gates: str) -> Path:
    folder.mkdir(parents=True)
    write_csv(folder / "tickets.csv", rows)
    lines = [
        "name: desk",
        "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}",
        f"train: {{encoder: '{encoder}', method: {{encoder: {{epochs: 3}}}}}}",
        "audit: {checks: {exact_duplicates: {}, missing: {}, conflicts: {}, class_imbalance: {}}}",
        f"gates: {json.dumps({'audit.quality_score': '>= 80', 'evaluate.gain': '> -1', **gates})}",
    ]
    (folder / "tunewright.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str]]:
    clean = tickets(240)
    copies = [(f"  {text.upper()} ", label) for text, label in clean[:6]]
    return [*clean, *copies, ("N/A", "login"), ("", "login")]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, encoder: Path, rows: list[tuple[str, str]]) -> tuple[Path, object]:
    folder = make_project(tmp_path_factory.mktemp("walk") / "desk", encoder, rows)
    return folder, Project.open(folder).run()


def values(result: object) -> dict[str, str]:
    return {f"{i}.{line.step}": line.value for i, line in enumerate(result.steps)}  # type: ignore[attr-defined]


def test_a_walk_ends_with_a_release_and_a_report(done) -> None:
    folder, result = done
    assert [line.step for line in result.steps] == [
        "intake", "audit", "clean", "audit", "split", "plan", "train", "evaluate", "release",
    ]  # fmt: skip
    assert not any(line.hit for line in result.steps)
    assert Path(result.release.folder).parent == folder / "releases"
    assert Path(result.report.path).stat().st_size == result.report.bytes <= 500_000
    assert {system.system for system in result.evaluation.systems} >= {"majority", "k_nearest", "nearest_label_name"}


def test_a_second_walk_finds_everything_and_says_the_same(done) -> None:
    folder, first = done
    again = Project.open(folder).run()
    assert all(line.hit for line in again.steps)
    assert values(again) == values(first)


def test_the_copies_and_the_empty_rows_are_gone_each_with_its_reason(done) -> None:
    folder, _ = done
    cleaned = Project.open(folder).clean()
    assert cleaned.before.rows - cleaned.rows_after == 8
    assert all(line.example for line in cleaned.edits)
    versions = Project.open(folder).versions().versions
    assert [v.rows for v in versions[:2]] == [248, 240]
    assert "clean" in versions[1].why
    diff = Project.open(folder).diff(0, 1)
    assert (diff.added, diff.removed) == (0, 8)


def test_no_text_is_on_two_sides_of_the_split(done) -> None:
    folder, _ = done
    project = Project.open(folder)
    frame = project.corpus(project.split().dataset.version or 0).scan("prompt", "split").collect()
    assert frame["prompt"].str.to_lowercase().n_unique() == frame.height
    assert set(frame["split"]) == {"train", "validation", "test"}


def test_the_release_answers_in_another_process_as_it_was_evaluated(done, tmp_path: Path) -> None:
    _, result = done
    texts = write_csv(tmp_path / "new.csv", tickets(12, seed=9))
    found = subprocess.run(
        [*PROGRAM, "predict", result.release.folder, str(texts), "--json"], capture_output=True, text=True, check=True
    )
    labels = [row["predicted_label"] for row in json.loads(found.stdout)["data"]["predictions"]]
    assert len(labels) == 12
    assert set(labels) <= set(THINGS)


def test_every_verb_prints_json_that_its_committed_schema_accepts(done, tmp_path: Path) -> None:
    folder, result = done
    texts = write_csv(tmp_path / "new.csv", tickets(5, seed=9))
    calls = {
        "init": ["init", str(tmp_path / "again"), "--data", str(folder / "tickets.csv"), "--yes"],
        "predict": ["predict", result.release.folder, str(texts)],
        "explain": ["explain", "E-GATE-001"],
        "why": ["why", "train"],
        "diff": ["diff", "0", "1"],
        "undo": ["undo", "--why", "a test of the verb"],
        **{f"config-{verb}": ["config", verb] for verb in ("show", "validate", "schema")},
        **{f"review-{verb}": ["review", verb] for verb in ("sample", "next", "status")},
        **{f"runs-{verb}": ["runs", verb] for verb in ("list", "show", "events")},
        "review-import": ["review", "import", str(tmp_path / "review.csv")],
    }
    Project.open(folder).review_sample(20, to=tmp_path / "review.csv")  # nothing filled in, so nothing changes
    schemas = {path.stem.removesuffix("@1"): json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    for verb in ("runs-pause", "runs-stop"):  # need a run that trains: test_runs.py
        del schemas[verb]
    for verb in sorted(schemas, key=lambda verb: verb == "undo"):  # last: it takes the cleaning back
        place = ["-C", str(folder)] if verb not in ("init", "predict", "explain") else []
        found = subprocess.run(
            [*PROGRAM, *calls.get(verb, [verb]), *place, "--json"], capture_output=True, text=True, check=False
        )
        # An encoder has no rank to sweep; that verb works in tests/cli/test_sweep.py.
        assert found.returncode == (2 if verb == "sweep" else 0), (verb, found.stderr)
        jsonschema.validate(json.loads(found.stdout), schemas[verb])
    Project.open(folder).clean()


def test_why_names_the_changed_setting(done) -> None:
    folder, _ = done
    assert Project.open(folder).why("train").hit
    told = Project.open(folder, sets=["split.test=0.2"]).why("split")
    assert told.differences == ("settings: test: 0.1 → 0.2",)


def test_a_failing_gate_stops_before_training_and_an_override_is_recorded(tmp_path: Path, encoder: Path, rows) -> None:
    noisy = [*rows, *[(text, "login") for text, label in rows[:60] if label != "login"]]  # contradicting labels
    folder = make_project(tmp_path / "desk", encoder, noisy, **{"audit.quality_score": ">= 99"})
    with (folder / "tunewright.yaml").open("a") as stream:
        stream.write("plan: {usd_per_hour: 4}\n")
    with pytest.raises(GateFailed) as stopped:
        Project.open(folder).run()
    assert stopped.value.exit_code == 3
    assert "audit.quality_score" in stopped.value.what
    assert "saved about 1 min of training and US$ 0." in stopped.value.what
    assert "--override" in stopped.value.fix
    project = Project.open(folder)
    assert {e.step for e in project.events().events} & {"train", "evaluate", "release"} == set()
    assert list((folder / "reports").glob("*.html")), "a stopped walk still has a report"

    given = {"audit.quality_score": override("a pilot with 60 contradicting rows")}
    result = Project.open(folder, overrides=given).run()
    verdict = next(v for v in result.release.verdicts if v.gate == "audit.quality_score")
    assert not verdict.passed
    assert verdict.overridden is not None
    recorded = [e for e in project.events().events if e.kind == "gate.overridden"]
    assert [e.reason for e in recorded] == ["a pilot with 60 contradicting rows"]


@pytest.mark.parametrize(
    ("why", "until", "code"),
    [("  ", None, "E-GATE-003"), ("x", "soon", "E-GATE-003"), ("x", "2020-01-01", "E-GATE-003")],
)
def test_an_override_needs_a_reason_and_a_future(why: str, until: str | None, code: str) -> None:
    with pytest.raises(UserError) as caught:
        override(why, until=until)
    assert caught.value.code == code


def test_an_undone_cleaning_is_not_used_until_it_is_made_again(tmp_path: Path, encoder: Path, rows) -> None:
    project = Project.open(make_project(tmp_path / "desk", encoder, rows))
    assert project.clean().rows_after == 240
    assert project.undo(why="the copies are meant").dataset.rows == 248
    assert sum(project.split().division.rows.values()) == 248
    assert project.clean().rows_after == 240
    assert sum(project.split().division.rows.values()) == 240


def test_a_preview_writes_nothing(tmp_path: Path, encoder: Path, rows) -> None:
    project = Project.open(make_project(tmp_path / "desk", encoder, rows))
    assert project.clean(preview=True).rows_after == 240
    assert len(project.versions().versions) == 1


def run_in_background(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROGRAM, "run", "-C", str(folder), "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def test_two_runs_at_once_do_the_work_once(tmp_path: Path, encoder: Path, rows) -> None:
    folder = make_project(tmp_path / "desk", encoder, rows)
    both = [run_in_background(folder) for _ in range(2)]
    documents = [json.loads(process.communicate()[0]) for process in both]
    assert [document["ok"] for document in documents] == [True, True], documents
    assert documents[0]["data"]["release"]["release"] == documents[1]["data"]["release"]["release"]
    made = [e.step for e in Project.open(folder).events().events if e.kind == "step.made"]
    assert sorted(made) == sorted(
        ["intake", "audit", "clean", "audit", "split", "plan", "train", "evaluate", "release"]
    )
    assert len(Project.open(folder).versions().versions) == 3


def test_ctrl_c_says_that_nothing_is_lost_and_the_next_run_goes_on(tmp_path: Path, encoder: Path, rows) -> None:
    folder = make_project(tmp_path / "desk", encoder, rows)
    started = [*HEARING, "run", "-C", str(folder)]
    process = subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while "audit" not in process.stderr.readline():  # the first audit is done; something longer is going on
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait() == 130, said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert Project.open(folder).run().steps[0].hit


@pytest.mark.slow
def test_ten_kills_at_random_moments_lose_nothing(tmp_path: Path, encoder: Path, rows, done) -> None:
    """kill -9 the whole process group ten times; the next run resumes and ends with the same digests."""
    folder = make_project(tmp_path / "desk", encoder, rows)
    rng = random.Random(7)
    kills = 0
    while kills < 10:
        process = run_in_background(folder)
        time.sleep(rng.uniform(0.5, 6.0))  # random moments are the point of the test
        if process.poll() is not None:
            break  # it finished between kills; the comparison below still holds
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    document = json.loads(run_in_background(folder).communicate()[0])
    assert document["ok"], document["error"]
    assert kills >= 1
    assert {f"{i}.{s['step']}": s["value"] for i, s in enumerate(document["data"]["steps"])} == values(done[1])
