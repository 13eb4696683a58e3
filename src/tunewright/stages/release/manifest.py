"""SHA-256 of every file of a bundle, in the format that ``sha256sum -c`` reads.

The list shows that a bundle is whole and as it was made. It does not show who made it: whoever changes a file can
change the list too, so compare the digest of the list itself where that matters.
"""

from pathlib import Path

from tunewright.core.candidate import Candidate
from tunewright.core.digest import file_digest
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.release import Release

FILE = "SHA256SUMS"
RELEASE_FILE = "release.json"


def write_manifest(folder: Path) -> None:
    """List every file below `folder` with its digest."""
    lines = [f"{file_digest(path)[7:]}  {name}\n" for name, path in _files(folder).items()]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")


def verify(folder: Path) -> None:
    """Refuse a bundle that is not the one that was made.

    Raises:
        UserError: E-REL-002 when it is no release, E-REL-003 naming every file changed, missing or added.
    """
    if not (folder / FILE).is_file():
        raise UserError(
            "E-REL-002",
            f"{folder} is no release: it has no {FILE}.",
            fix="Name a folder below releases/ of a project.",
            exit_code=ExitCode.NOT_FOUND,
        )
    listed = _listed(folder)
    present = _files(folder)
    faults = [f"{name} is missing" for name in sorted(set(listed) - set(present))]
    faults += [f"{name} was added" for name in sorted(set(present) - set(listed))]
    both = sorted(set(listed) & set(present))
    faults += [f"{name} is a link" for name in both if present[name].is_symlink()]
    faults += [f"{name} was changed" for name in both if file_digest(present[name])[7:] != listed[name]]
    faults = faults or _disagreements(folder, listed)
    if faults:
        raise UserError(
            "E-REL-003",
            f"{folder.name} is not the release that was made: {'; '.join(faults)}.",
            why="What was measured is not what would answer.",
            fix="Copy the release again from where it was made, or make it again with `tunewright release`.",
            exit_code=ExitCode.DENIED,
        )


def _listed(folder: Path) -> dict[str, str]:
    lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: known for known, _, name in (line.partition("  ") for line in lines)}


def _disagreements(folder: Path, listed: dict[str, str]) -> list[str]:
    """Model files that are not those the release itself names: a weight swapped together with the list."""
    if RELEASE_FILE not in listed:
        return [f"{RELEASE_FILE} is missing"]
    release = Release.model_validate_json((folder / RELEASE_FILE).read_text(encoding="utf-8"))
    start = f"{Candidate.MODEL_FOLDER}/"
    packaged = {name.removeprefix(start): f"sha256:{known}" for name, known in listed.items() if name.startswith(start)}
    named = dict(release.weights)
    return [
        f"{start}{name} is not the file that {RELEASE_FILE} names"
        for name in sorted(set(packaged) | set(named))
        if packaged.get(name) != named.get(name)
    ]


def _files(folder: Path) -> dict[str, Path]:
    """Everything below `folder` but folders and the list itself, by name; a link counts as a file."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or not path.is_dir()) and path != folder / FILE
    }
