"""What the steps of one walk gave, by the class of the value."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tunewright.core.dataset import Dataset
from tunewright.core.gate import Verdict
from tunewright.core.store import Outcome

Value = TypeVar("Value")
Provider = Callable[["Outputs"], Any]


class MissingOutput(LookupError):
    """A value that no step before this one gave."""

    def __init__(self, kind: type, given_by: Mapping[type, str]) -> None:
        step = given_by.get(kind)
        super().__init__(f"{kind.__name__} is given by {step or 'no step'}, which was not reached")
        self.kind = kind
        self.step = step


class Outputs:
    """A typed map: ``outputs[Cleaned]`` is the newest `Cleaned`, or an error that names the missing step.

    Args:
        given_by: the step that gives each class, for the error.
        providers: values that the workflow works out from others when they are asked for.

    Attributes:
        outcomes: every step that was reached, in order, with its key.
        verdicts: what each gate said, by its name, in the order in which they were judged.
        data: versions of the data, by what they are called, the newest last.
    """

    def __init__(self, given_by: Mapping[type, str], providers: Mapping[type, Provider] | None = None) -> None:
        self._given_by = given_by
        self._providers = providers or {}
        self._values: dict[type, list[Any]] = {}
        self.outcomes: list[Outcome[Any]] = []
        self.verdicts: dict[str, Verdict] = {}
        self.data: dict[str, Dataset] = {}

    def __getitem__(self, kind: type[Value]) -> Value:
        value = self.get(kind)
        if value is None:
            raise MissingOutput(kind, self._given_by)
        return value

    def get(self, kind: type[Value]) -> Value | None:
        """The newest value of class `kind`; None where no step gave one and nothing provides it."""
        values = self._values.get(kind)
        if values:
            newest: Value = values[-1]
            return newest
        provider = self._providers.get(kind)
        return provider(self) if provider else None

    def first(self, kind: type[Value]) -> Value | None:
        """The earliest value of class `kind`, such as the audit of the data as it came; None where there is none."""
        values = self._values.get(kind)
        return values[0] if values else None

    def count(self, kind: type) -> int:
        """How many values of class `kind` steps gave."""
        return len(self._values.get(kind, ()))

    def add(self, value: object, *, data: str = "") -> None:
        """Take in `value`; `data` is what the version of the data is called that it brings."""
        self._values.setdefault(type(value), []).append(value)
        if data:
            self.data.pop(data, None)
            self.data[data] = value.dataset  # type: ignore[attr-defined]  # what brings data has it

    @property
    def dataset(self) -> Dataset:
        """The newest version of the data.

        Raises:
            MissingOutput: none was read yet.
        """
        if not self.data:
            raise MissingOutput(Dataset, self._given_by)
        return next(reversed(self.data.values()))

    @property
    def last_key(self) -> str:
        """Key of the last step that was reached; empty before the first."""
        return self.outcomes[-1].step.key if self.outcomes else ""

    def sorted_verdicts(self) -> tuple[Verdict, ...]:
        """What each gate said, in the order of their names."""
        return tuple(self.verdicts[gate] for gate in sorted(self.verdicts))

    def data_digests(self) -> dict[str, str]:
        """Digest of each version of the data, by what it is called."""
        return {name: dataset.digest for name, dataset in self.data.items()}
