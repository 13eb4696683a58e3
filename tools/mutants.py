"""Mutants of the program, and whether the tests notice: ``make mutants``.

    python -m tools.mutants --count 60 --seed 0     # a sample of core, workflow, the stages' declarations and gates
    python -m tools.mutants --fixed                 # the eight of mutants_fixed.toml, in minutes

Each mutant (tools/mutation.py says which there are) is written into a copy of the tree, and the tests that belong to
its file are run there: first the file's own, then those of its folder. A mutant that no test notices survives; one that
makes them run on past several times their usual time is stopped, and counts as noticed. The sample is drawn from the
text alone, so the same seed on the same tree is the same sample. Figures go to benchmarks/mutants.md and .json. The
exit code is 1 when more than three survive that mutants_explained.toml does not explain.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tools.mutation import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("src") / "tunewright"
#: What a sample is drawn from.
TARGETS = ("core/*.py", "workflow/*.py", "stages/*/stage.py", "order.py")
#: Tests of a folder's files, beside the test of a file's own name; the first pattern that fits counts.
TESTS = (
    ("core/gate.py", ("tests/core", "tests/workflow/test_gates_bind.py", "tests/workflow/test_walk.py")),
    ("core/*", ("tests/core", "tests/workflow")),
    ("workflow/*", ("tests/workflow", "tests/config")),
    ("stages/intake/*", ("tests/stages/intake", "tests/workflow")),
    ("stages/audit/*", ("tests/stages/audit/test_api.py", "tests/workflow")),
    ("stages/clean/*", ("tests/stages/clean/test_api.py", "tests/workflow")),
    ("stages/train/*", ("tests/stages/train/test_launch_training.py", "tests/workflow")),
    ("stages/evaluate/*", ("tests/stages/evaluate/test_classify.py", "tests/workflow")),
    ("stages/release/*", ("tests/stages/release", "tests/workflow")),
    ("stages/report/*", ("tests/stages/report", "tests/workflow")),
    ("stages/plan/*", ("tests/stages/plan", "tests/workflow")),
    ("stages/split/*", ("tests/stages/split", "tests/workflow")),
    ("*", ("tests/core", "tests/workflow")),
)
#: Files of the copy that are large, and compiled loops with their cache, are linked to and not copied.
LINKED_BYTES = 1_000_000
LINKED_FOLDERS = (PACKAGE / "kernels",)
#: Survivors without an explanation that are still no fault, and how long tests may take beside their usual time.
MOST_SURVIVORS = 3
PATIENCE, LEAST_S = 4.0, 120.0
SELDOM_S = 3_600.0


@dataclass(frozen=True)
class Change:
    """A change of one file, and the tests that are to notice it.

    Attributes:
        name: what the change is called; empty for one of a sample.
        file: path below the root.
        line: first line that is another.
        kind: what was changed.
        before: the lines as they stand.
        after: the lines as they are changed.
        tests: calls of pytest, one after the other while none fails.
        content: the changed file.
    """

    name: str
    file: str
    line: int
    kind: str
    before: str
    after: str
    tests: tuple[tuple[str, ...], ...]
    content: bytes


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: killed (a test failed), stopped (tests ran past their time) or survived."""

    name: str
    file: str
    line: int
    kind: str
    before: str
    after: str
    outcome: str
    seconds: float
    explained: str = ""


def sample(count: int, seed: int) -> list[Change]:
    """`count` mutants, drawn at random from all that the targets have."""
    files = sorted({path for pattern in TARGETS for path in (ROOT / PACKAGE).glob(pattern)})
    sources = {str(path.relative_to(ROOT)): path.read_bytes() for path in files}
    every = [mutant for file, source in sources.items() for mutant in mutants(file, source)]
    drawn = random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311 (a sample, no secret)
    return [_change(mutant, sources[mutant.file]) for mutant in sorted(drawn, key=lambda each: (each.file, each.start))]


def _change(mutant: Mutant, source: bytes) -> Change:
    before, after = mutant.shown(source)
    tests = tests_of(mutant.file)
    return Change("", mutant.file, mutant.line, mutant.kind, before, after, tests, mutant.apply(source))


def tests_of(file: str) -> tuple[tuple[str, ...], ...]:
    """The calls of pytest for a file: the test of its own name, then those of its folder."""
    inside = Path(file).relative_to(PACKAGE)
    name = inside.parent.name if inside.stem == "stage" else inside.stem
    own = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob(f"test_{name}.py"))
    folder = next(tests for pattern, tests in TESTS if inside.match(pattern) or pattern == "*")
    there = tuple(test for test in folder if (ROOT / test).exists())
    return (tuple(own), there) if own else (there,)


def fixed() -> list[Change]:
    """The mutants of ``mutants_fixed.toml``.

    Raises:
        SystemExit: where a text that is to be replaced is not in its file exactly once, or a test is gone.
    """
    changes, faults = [], []
    for entry in _entries("mutants_fixed.toml"):
        path = ROOT / entry["file"]
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(entry["before"]) != 1:
            faults.append(f"{entry['name']}: its text is {text.count(entry['before'])} times in {entry['file']}")
            continue
        faults += [f"{entry['name']}: {test} is gone" for test in entry["tests"] if not _is_there(test)]
        content = text.replace(entry["before"], entry["after"]).encode()
        line = text[: text.index(entry["before"])].count("\n") + 1
        before, after = (" ".join(str(entry[side]).split()) for side in ("before", "after"))
        tests = (tuple(entry["tests"]),)
        changes.append(Change(entry["name"], entry["file"], line, "chosen", before, after, tests, content))
    if faults:
        raise SystemExit("tools/mutants_fixed.toml is stale:\n" + "\n".join(faults))
    return changes


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (ROOT / file).exists() and (not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"))


def explained() -> dict[tuple[str, str, str], str]:
    """Why each mutant of ``mutants_explained.toml`` may survive, by file, lines before and lines after.

    Raises:
        SystemExit: for one whose lines are not in its file any more.
    """
    entries = _entries("mutants_explained.toml")
    texts = {entry["file"]: (ROOT / entry["file"]).read_text(encoding="utf-8") for entry in entries}
    stale = [entry for entry in entries if entry["before"] not in " ".join(texts[entry["file"]].split())]
    if stale:
        names = "\n".join(f"{entry['file']}: {entry['before']}" for entry in stale)
        raise SystemExit(f"tools/mutants_explained.toml is stale:\n{names}")
    return {(entry["file"], entry["before"], entry["after"]): entry["why"] for entry in entries}


def _entries(name: str) -> list[dict[str, Any]]:
    with (ROOT / "tools" / name).open("rb") as stream:
        return list(tomllib.load(stream).get("mutant", []))


class Copy:
    """A copy of the tree that mutants are written into, one at a time, and tests run in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            path = Path(name)
            if not name or not (ROOT / path).is_file() or any(path.is_relative_to(skip) for skip in LINKED_FOLDERS):
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).stat().st_size >= LINKED_BYTES:
                target.symlink_to(ROOT / path)
            else:
                shutil.copy2(ROOT / path, target)
        for path in LINKED_FOLDERS:
            (folder / path).symlink_to(ROOT / path)

    def failed(self, tests: Iterable[str], seconds: float) -> str:
        """Run the tests: the end of what they printed when one failed, ``""`` when none did.

        Raises:
            subprocess.TimeoutExpired: they took longer than `seconds`.
        """
        scratch = Path(tempfile.mkdtemp(prefix="mutants-", dir=self.folder.parent))
        scratch.chmod(0o755)  # a database that a test starts runs as another user
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(scratch),
        }
        call = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        process = subprocess.Popen(  # noqa: S603 (our own tests)
            call,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if process.returncode == 5:
            raise SystemExit(f"{' '.join(tests)} holds no test")
        return printed[-3000:] if process.returncode else ""

    def outcome(self, change: Change, usual: "Usual") -> str:
        """Whether the tests notice the change: ``killed``, ``stopped`` or ``survived``."""
        path = self.folder / change.file
        assert not path.is_symlink(), f"{path} is a link into the tree itself"
        before = path.read_bytes()
        path.write_bytes(change.content)
        try:
            for tests in change.tests:
                try:
                    if self.failed(tests, usual.limit(tests)):
                        return "killed"
                except subprocess.TimeoutExpired:
                    return "stopped"
        finally:
            path.write_bytes(before)
        return "survived"


class Usual:
    """How long calls of pytest take where nothing is wrong, each measured once; nothing may fail there.

    Args:
        copy: where they are run.
        calls: the calls; with `together` all of them are run as one, which is quicker and says less.
        together: see above.
    """

    def __init__(self, copy: Copy, calls: Iterable[tuple[str, ...]], *, together: bool) -> None:
        self._seconds: dict[tuple[str, ...], float] = {}
        wanted = sorted(set(calls))
        for group in [wanted] if together else [[call] for call in wanted]:
            tests = tuple(dict.fromkeys(test for call in group for test in call))
            started = time.monotonic()
            fault = copy.failed(tests, SELDOM_S)
            if fault:
                raise SystemExit(f"These tests fail without any mutant: {' '.join(tests)}\n{fault}")
            seconds = time.monotonic() - started
            self._seconds |= dict.fromkeys(group, seconds)
            _say(f"{seconds:5.0f} s without a mutant: {' '.join(tests)}")

    def limit(self, tests: tuple[str, ...]) -> float:
        """Seconds after which a call is stopped."""
        return max(LEAST_S, PATIENCE * self._seconds[tests])


def run(changes: Sequence[Change], jobs: int, *, together: bool = False) -> list[Verdict]:
    """Every change judged, in as many copies at a time as there are jobs; `together` as in :class:`Usual`."""
    reasons = explained()
    with tempfile.TemporaryDirectory(prefix="tunewright-mutants-") as folder:
        Path(folder).chmod(0o755)
        copies: SimpleQueue[Copy] = SimpleQueue()
        for job in range(jobs):
            (Path(folder) / str(job)).mkdir()
            copies.put(Copy(Path(folder) / str(job) / "tree"))
        first = copies.get()
        usual = Usual(first, [tests for change in changes for tests in change.tests], together=together)
        copies.put(first)

        def judged(change: Change) -> Verdict:
            copy = copies.get()
            started = time.monotonic()
            try:
                outcome = copy.outcome(change, usual)
            finally:
                copies.put(copy)
            fields = {key: value for key, value in vars(change).items() if key not in ("tests", "content")}
            why = reasons.get((change.file, change.before, change.after), "") if outcome == "survived" else ""
            verdict = Verdict(**fields, outcome=outcome, seconds=round(time.monotonic() - started, 1), explained=why)
            _say(_line(verdict))
            return verdict

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(judged, changes))


def _line(verdict: Verdict) -> str:
    text = (
        f"{verdict.outcome:8} {verdict.seconds:5.0f} s  {verdict.name or verdict.kind}  {verdict.file}:{verdict.line}"
    )
    if verdict.outcome != "survived":
        return text
    why = f"\n    because: {verdict.explained}" if verdict.explained else ""
    return f"{text}\n    before: {verdict.before}\n    after:  {verdict.after}{why}"


def written(verdicts: Sequence[Verdict], seed: int) -> tuple[str, str]:
    """The figures as Markdown and as JSON."""
    counts = {name: sum(each.outcome == name for each in verdicts) for name in ("killed", "stopped", "survived")}
    commit = _git("rev-parse", "HEAD").strip()
    survivors = [each for each in verdicts if each.outcome == "survived"]
    rows = [
        f"| {each.file}:{each.line} | {each.kind} | `{_cell(each.before)}` | `{_cell(each.after)}` | "
        f"{_cell(each.explained) or '**not explained**'} |"
        for each in survivors
    ]
    lines = [
        "# Mutants",
        "",
        f"`make mutants` (`python -m tools.mutants --count {len(verdicts)} --seed {seed}`), at commit {commit[:10]}.",
        f"Of {len(verdicts)} mutants of core, workflow, the stages' declarations and gates, tests killed",
        f"{counts['killed']}, {counts['stopped']} made tests run past {PATIENCE:g} times their usual time, and",
        f"{counts['survived']} survived. Target: at most {MOST_SURVIVORS} survive without an explanation in",
        "tools/mutants_explained.toml.",
        "",
        *(["| where | what | before | after | why it may |", "| --- | --- | --- | --- | --- |", *rows] if rows else []),
        *([""] if rows else []),
    ]
    document = {"commit": commit, "seed": seed, **counts, "mutants": [asdict(each) for each in verdicts]}
    return "\n".join(lines), json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _git(*words: str) -> str:
    program = shutil.which("git")
    assert program, "git is not installed"
    outcome = subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return outcome.stdout


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Judge a sample or the fixed mutants; the exit code."""
    parser = argparse.ArgumentParser(description="Whether the tests notice mutants of the program.")
    parser.add_argument("--count", type=int, default=60, help="mutants of the sample")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another sample")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="copies at a time")
    parser.add_argument("--fixed", action="store_true", help="the mutants of tools/mutants_fixed.toml instead")
    parser.add_argument("--list", action="store_true", help="only say which mutants these are")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder of a sample's figures")
    options = parser.parse_args()
    changes = fixed() if options.fixed else sample(options.count, options.seed)
    if options.list:
        for change in changes:
            _say(f"{change.file}:{change.line} {change.name or change.kind}: {change.before} -> {change.after}")
        return 0
    verdicts = run(changes, options.jobs, together=options.fixed)
    survivors = [verdict for verdict in verdicts if verdict.outcome == "survived" and not verdict.explained]
    _say(f"{len(verdicts)} mutants, {len(survivors)} survived without an explanation.")
    if not options.fixed:
        for name, text in zip(("mutants.md", "mutants.json"), written(verdicts, options.seed), strict=True):
            (options.out / name).write_text(text, encoding="utf-8")
    return int(len(survivors) > (0 if options.fixed else MOST_SURVIVORS))


if __name__ == "__main__":
    sys.exit(main())
