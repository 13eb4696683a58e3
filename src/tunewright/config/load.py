"""Reading a configuration: defaults < file < environment < --set, every fault at once.

The environment speaks as ``TUNEWRIGHT_<SECTION>__<KEY>``; ``--set`` as ``section.key=value``; both values are
read as YAML scalars.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from tunewright.config.model import FORMER_GATES, Config
from tunewright.config.plugins import plugin_faults, wrong_value
from tunewright.config.source import Path_, Source, parsed, read_source
from tunewright.core.errors import UserError, UserErrors, did_you_mean
from tunewright.core.renamed_options import METHODS, old_words

FILE = "tunewright.yaml"
PREFIX = "TUNEWRIGHT_"


@dataclass(frozen=True)
class Loaded:
    """A configuration, where each of its values came from, and what a person should know of it.

    Attributes:
        config: the values.
        origins: where each value came from that is no default, by its path.
        notices: sentences about words that have another name now.
    """

    config: Config
    origins: Mapping[Path_, str]
    notices: tuple[str, ...] = ()

    def origin(self, path: Path_) -> str:
        """Where the value at `path` came from: ``default``, ``file line 12``, ``environment …`` or ``--set``."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return "default"


def load(project: Path, *, sets: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Loaded:
    """The configuration of the project in folder `project`.

    Raises:
        UserErrors: every fault of the file, the environment and ``--set`` together.
    """
    source = read_source(project / FILE)
    return resolve(source, sets=sets, environment=os.environ if environment is None else environment)


def resolve(source: Source, *, sets: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Loaded:
    """The configuration that `source` and what stands above it amount to."""
    faults = list(source.faults)
    merged = _copy(source.value)
    origins = {path: f"{FILE} line {line}" for path, line in source.lines.items()}
    for path, value, origin in (*_from_environment(environment or {}), *_from_sets(sets, faults)):
        _put(merged, path, value)
        origins = {known: text for known, text in origins.items() if known[: len(path)] != path}
        origins[path] = origin
    loaded, more = _validate(merged, origins)
    faults += more
    if faults:
        raise UserErrors(faults)
    assert loaded is not None
    return Loaded(loaded, _of_leaves(origins, merged), tuple(_notices(merged, origins)))


def _notices(merged: dict[str, Any], origins: Mapping[Path_, str]) -> Iterator[str]:
    """A sentence for each gate, and each option of a training method, that is called by the name it had before."""
    bars = merged.get("gates")
    for name in bars if isinstance(bars, dict) else ():
        if name in FORMER_GATES:
            where = origins.get(("gates", name), FILE)
            yield f"{where}: the gate {name} is called {FORMER_GATES[name]} now; the old name still works."
    train = merged.get("train")
    methods = train.get("method") if isinstance(train, dict) else None
    for method, options in methods.items() if isinstance(methods, dict) else ():
        if method in METHODS and isinstance(options, dict):
            for old, new in old_words(options).items():
                yield f"{FILE}: train.method.{method}: {old} is written {new} now; the old words still work."


def _of_leaves(origins: Mapping[Path_, str], merged: dict[str, Any]) -> dict[Path_, str]:
    """Without the sections: what a section leaves out is a default, though the section itself has a line."""
    sections = {path[:end] for path in origins for end in range(1, len(path))}
    return {path: text for path, text in origins.items() if path not in sections or not _is_section(merged, path)}


def _is_section(merged: Any, path: Path_) -> bool:
    for key in path:
        merged = merged.get(key) if isinstance(merged, dict) else None
    return isinstance(merged, dict)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[Path_, Any, str]]:
    for name in sorted(environment):
        if name.startswith(PREFIX) and "__" in name:
            parts = tuple(part.lower() for part in name.removeprefix(PREFIX).split("__"))
            yield _joined(parts), _scalar(environment[name]), f"environment {name}"


def _from_sets(sets: Sequence[str], faults: list[UserError]) -> Iterator[tuple[Path_, Any, str]]:
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            faults.append(UserError("E-CFG-007", f"--set {text!r} is not KEY=VALUE.", fix="--set train.method=encoder"))
            continue
        yield _joined(tuple(key.strip().split("."))), _scalar(value), f"--set {key.strip()}"


def _scalar(text: str) -> Any:
    """`text` as YAML would read it; what is no YAML, such as a bar ``>= 85``, is the text itself."""
    try:
        return parsed(text)
    except yaml.YAMLError:
        return text


def _joined(path: Path_) -> Path_:
    """Gate names carry a dot themselves: ``gates.audit.quality_score`` is two keys, not three."""
    return (path[0], ".".join(path[1:])) if path[0] == "gates" and len(path) > 1 else path


def _put(target: dict[str, Any], path: Path_, value: Any) -> None:
    for key in path[:-1]:
        inner = target.get(key)
        if not isinstance(inner, dict):
            # `method: encoder` is short for `method: {encoder: {}}`; an option set below it keeps the name.
            inner = {inner: {}} if isinstance(inner, str) else {}
            target[key] = inner
        target = inner
    target[path[-1]] = value


def _copy(value: Any) -> Any:
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value


def _validate(merged: dict[str, Any], origins: Mapping[Path_, str]) -> tuple[Config | None, list[UserError]]:
    faults: list[UserError] = []
    config = None
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        faults += [_fault(problem, merged, origins) for problem in error.errors()]
    faults += [_placed(path, fault, origins) for path, fault in plugin_faults(merged)]
    return config, faults


def _fault(problem: Any, merged: dict[str, Any], origins: Mapping[Path_, str]) -> UserError:
    path = tuple(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = known_keys(path[:-1])
        return _placed(
            path,
            UserError("E-CFG-001", f'unknown "{".".join(path)}".', fix=did_you_mean(path[-1], known)),
            origins,
        )
    return _placed(path, wrong_value(".".join(path), problem), origins)


def _placed(path: Path_, fault: UserError, origins: Mapping[Path_, str]) -> UserError:
    for end in range(len(path), 0, -1):
        if path[:end] in origins:
            return UserError(fault.code, f"{origins[path[:end]]}: {fault.what}", why=fault.why, fix=fault.fix)
    return fault


def known_keys(section: Path_) -> list[str]:
    """The keys a section may have."""
    model: type[BaseModel] = Config
    for key in section:
        field = model.model_fields.get(key)
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
