"""Progress on stderr: a bar with an ETA on a terminal, one plain line each half minute elsewhere."""

import os
import sys
import time
from typing import Any

from tunewright.core.durations import terminal_duration
from tunewright.core.progress import SILENT, Progress
from tunewright.core.store import Outcome

LINE_EVERY_S = 30.0


def listener(*, quiet: bool) -> Progress:
    """The progress listener that fits where stderr goes."""
    if quiet:
        return SILENT
    plain = not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or "CI" in os.environ
    return PlainProgress() if plain else BarProgress()


def step_line(outcome: Outcome[Any]) -> None:
    """Say that a step is there: made now, or found as it was made before."""
    duration = terminal_duration(outcome.seconds)
    how = f"found, made before in {duration}" if outcome.hit else duration
    print(f"  ✓ {outcome.step.name:<9} {how}", file=sys.stderr, flush=True)


class PlainProgress:
    """Lines for logs: the start of long work, then one line each half minute with an ETA."""

    def __init__(self) -> None:
        self._stack: list[dict[str, Any]] = []

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Remember what began; nothing is printed until it proves long."""
        now = time.monotonic()
        self._stack.append({"what": what, "total": total, "unit": unit, "done": 0.0, "from": now, "printed": now})

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Count, and print when half a minute has passed."""
        if not self._stack:
            return
        job = self._stack[-1]
        job["done"] += amount
        now = time.monotonic()
        if now - job["printed"] < LINE_EVERY_S:
            return
        job["printed"] = now
        self.say(f"{job['what']}: {_share(job)}{_eta(job, now)}{f', {note}' if note else ''}")

    def finish(self) -> None:
        """Forget what was started last."""
        if self._stack:
            self._stack.pop()

    def say(self, line: str) -> None:
        """Print one line."""
        print(f"  {line}", file=sys.stderr, flush=True)


class BarProgress:
    """Bars for people."""

    def __init__(self) -> None:
        self._stack: list[tuple[Any, Any]] = []

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Show a bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        )
        if self._stack:  # rich allows one live display; an inner job shows in place of the outer one
            self._stack[-1][0].stop()
        bar.start()
        self._stack.append((bar, bar.add_task(what, total=total, note="")))

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Move the bar."""
        if self._stack:
            bar, task = self._stack[-1]
            bar.update(task, advance=amount, **({"note": note} if note else {}))

    def finish(self) -> None:
        """Remove the bar."""
        if self._stack:
            self._stack.pop()[0].stop()
            if self._stack:
                self._stack[-1][0].start()

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        if self._stack:
            self._stack[-1][0].console.print(f"  {line}", markup=False, highlight=False)
        else:
            print(f"  {line}", file=sys.stderr, flush=True)


def _share(job: dict[str, Any]) -> str:
    if not job["total"]:
        return f"{job['done']:,.0f} {job['unit']}"
    return f"{job['done']:,.0f} of {job['total']:,.0f} {job['unit']}"


def _eta(job: dict[str, Any], now: float) -> str:
    if not job["total"] or not job["done"]:
        return ""
    left = (now - job["from"]) / job["done"] * (job["total"] - job["done"])
    return f", about {terminal_duration(max(left, 0))} left"
