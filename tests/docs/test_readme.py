"""Every command that the README and the docs show is run, in order, as a reader would."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.workflow.worlds import tickets, tiny_encoder, write_csv

from tunewright.project import Project

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: What make itself runs is tested by its own tests (below); calling it from a test would set up and test again.
MAKE = {"make demo", "make demo-replies", "make test", "make setup", "make check", "make bench", "make bench-audit"}


def commands(page: Path) -> list[str]:
    """The lines after ``$`` in console fences."""
    return [
        line.removeprefix("$ ")
        for language, text in FENCE.findall(page.read_text(encoding="utf-8"))
        if language == "console"
        for line in text.splitlines()
        if line.startswith("$ ")
    ]


def test_every_make_command_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {line for page in PAGES for line in commands(page) if line.startswith("make ")}
    assert shown <= MAKE
    assert {line.split()[1] for line in MAKE} <= targets


def test_ci_runs_what_anyone_can_run() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-2:] == ["make check", "make test"]


@pytest.mark.slow
def test_the_demo_does_what_the_example_says(tmp_path: Path) -> None:
    """`make demo` on a copy of the example: the very commands of its page, from raw tickets to a gain that holds."""
    desk = tmp_path / "support-desk"
    shutil.copytree(ROOT / "examples" / "support-desk", desk, ignore=shutil.ignore_patterns(".tunewright", "*.csv"))
    call = ["make", "--no-print-directory", "demo", f"DEMO={desk}"]
    planned = subprocess.run([*call, "-n"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown = [line.replace("examples/support-desk", str(desk)) for line in commands(desk / "README.md")]
    assert [line.removeprefix(".venv/bin/") for line in planned.splitlines()] == shown
    found = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    gain = Project.open(desk).evaluate().gain
    assert gain.low is not None
    assert gain.low > 0.05
    assert list((desk / "reports").glob("*.html"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder: their tickets, and an encoder small enough to train in a test."""
    folder = tmp_path_factory.mktemp("reader")
    write_csv(folder / "tickets.csv", tickets(240))
    write_csv(folder / "new-tickets.csv", tickets(20, seed=4))
    tiny_encoder(folder / "encoder")
    return folder


def test_every_command_of_the_readme_works(reader: Path) -> None:
    environment = {
        **os.environ,
        "TUNEWRIGHT_TRAIN__ENCODER": str(reader / "encoder"),
        # The invented tickets hold nothing worth tuning for; the README's last command overrides this very gate.
        "TUNEWRIGHT_GATES__EVALUATE__GAIN": "> -1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    ran = 0
    for line in commands(ROOT / "README.md"):
        if line in MAKE:
            continue
        releases = sorted((reader / "my-desk" / "releases").glob("*")) if (reader / "my-desk").exists() else []
        call = line.replace("LATEST", releases[-1].name if releases else "LATEST")
        found = subprocess.run(
            shlex.split(call),
            cwd=reader,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert found.returncode == 0, f"$ {line}\n{found.stdout}\n{found.stderr}"
        assert "Traceback" not in found.stderr
        ran += 1
    assert ran >= 10
    (release,) = sorted((reader / "my-desk" / "releases").glob("*"))
    for language, text in FENCE.findall((ROOT / "README.md").read_text()):
        if language == "python":
            code = text.replace("LATEST", release.name)
            subprocess.run([sys.executable, "-c", code], cwd=reader, env=environment, check=True, capture_output=True)


def test_the_readme_shows_a_picture_that_exists() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / picture).stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http", "mailto:")):
            assert (page.parent / target).exists(), target
