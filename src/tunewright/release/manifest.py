"""SHA-256 of every file of a bundle, in the format that ``sha256sum -c`` reads."""

from pathlib import Path

from tunewright.core.digest import file_digest
from tunewright.core.errors import ExitCode, UserError

FILE = "SHA256SUMS"


def write_manifest(folder: Path) -> None:
    """List every file below `folder` with its digest."""
    lines = [f"{file_digest(path)[7:]}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")


def verify(folder: Path) -> None:
    """Refuse a bundle that is not the one that was made.

    Raises:
        UserError: E-REL-002 when it is no release, E-REL-003 naming every file changed, missing or added.
    """
    if not (folder / FILE).exists():
        raise UserError(
            "E-REL-002",
            f"{folder} is no release: it has no {FILE}.",
            fix="Name a folder below releases/ of a project.",
            exit_code=ExitCode.NOT_FOUND,
        )
    listed = {}
    for line in (folder / FILE).read_text(encoding="utf-8").splitlines():
        known, _, name = line.partition("  ")
        listed[name] = known
    found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    faults = [f"{name} is missing" for name in sorted(set(listed) - set(found))]
    faults += [f"{name} was added" for name in sorted(set(found) - set(listed))]
    faults += [
        f"{name} was changed"
        for name in sorted(set(found) & set(listed))
        if file_digest(found[name])[7:] != listed[name]
    ]
    if faults:
        raise UserError(
            "E-REL-003",
            f"{folder.name} is not the release that was made: {'; '.join(faults)}.",
            why="What was measured is not what would answer.",
            fix="Copy the release again from where it was made, or make it again with `tunewright release`.",
            exit_code=ExitCode.DENIED,
        )


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / FILE]
