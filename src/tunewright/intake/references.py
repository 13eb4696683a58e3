"""The user's own documents, as texts."""

from pathlib import Path


def read_references(path: Path) -> tuple[str, ...]:
    """Texts of a folder of .txt files, or the lines of one file."""
    if path.is_dir():
        return tuple(p.read_text(encoding="utf-8") for p in sorted(path.glob("*.txt")))
    return tuple(line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
