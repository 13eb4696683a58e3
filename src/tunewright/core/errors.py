"""Errors a user can act on: what happened, why it matters, the exact fix, and a code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says when it ends; documented under `tunewright help exit-codes`."""

    OK = 0
    BUG = 1
    USAGE = 2
    GATE_FAILED = 3
    DENIED = 4
    NOT_FOUND = 5
    RESOURCES = 6
    RETRYABLE = 7
    INTERRUPTED = 130


class UserError(Exception):
    """Something the user can mend, told in one breath and never with a traceback.

    Args:
        code: catalog code such as ``E-DATA-014``; its long text is in ``codes/<AREA>.yaml``.
        what: what happened, naming the user's own file, line, row or key.
        why: why it matters.
        fix: the exact command or edit that mends it.
        exit_code: how the process ends when nobody handles the error.
    """

    def __init__(
        self, code: str, what: str, *, why: str = "", fix: str = "", exit_code: ExitCode = ExitCode.USAGE
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.why = why
        self.fix = fix
        self.exit_code = exit_code

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        if self.why:
            lines.append(f"Why: {self.why}")
        if self.fix:
            lines.append(f"Fix: {self.fix}")
        return "\n  ".join(lines)


class UserErrors(UserError):
    """Several faults shown together, so that one edit mends them all."""

    def __init__(self, faults: list[UserError]) -> None:
        assert faults
        self.faults = tuple(faults)
        first = faults[0]
        super().__init__(first.code, first.what, why=first.why, fix=first.fix, exit_code=first.exit_code)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class GateFailed(UserError):
    """A gate stopped the flow before money was spent."""

    def __init__(self, code: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(code, what, why=why, fix=fix, exit_code=ExitCode.GATE_FAILED)


class DamagedOutput(UserError):
    """A kept output of a step is not the one that was made, so nothing is built on it."""

    def __init__(self, code: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(code, what, why=why, fix=fix, exit_code=ExitCode.DENIED)


def did_you_mean(word: str, known: list[str] | tuple[str, ...]) -> str:
    """A closing sentence naming the nearest known word, or all of them when none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(sorted(known))}." if known else ""
