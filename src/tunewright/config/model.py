"""The whole configuration: the sections that stages declare, the bars of their gates, and where state is kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, create_model, field_validator

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.gate import parse_bar
from tunewright.order import gates, stages

#: Bars that hold unless the project says otherwise, by gate.
BARS: dict[str, str] = {gate.name: gate.bar for gate in gates()}
#: Names that gates had before, and what they are called now.
FORMER_GATES: dict[str, str] = {gate.former: gate.name for gate in gates() if gate.former}
#: The class of each section that a stage declares, in the order of the stages.
SECTIONS: dict[str, type[Frozen]] = {name: kind for stage in stages() for name, kind in stage.sections.items()}

Section = TypeVar("Section", bound=Frozen)


def _readable(bar: str) -> str:
    try:
        parse_bar(bar)
    except UserError as error:
        raise ValueError(f"{error.what} {error.fix}") from None
    return bar


Bar = Annotated[str, AfterValidator(_readable)]


class StateSettings(Frozen):
    """Where the record of events is kept."""

    url: str = Field("", description="SQLAlchemy URL of the event database; empty is SQLite inside the project.")


class _Start(Frozen):
    """What stands before the sections of the stages."""

    version: Literal[1] = Field(1, description="Version of this file's format.")
    name: str = Field("project", description="Name of the project; releases are called after it.", min_length=1)
    seed: int = Field(0, description="Random seed of every step.", ge=0, lt=2**31)


class _Complete(Frozen):
    """What is checked and read across sections; the sections themselves are fields of `Config`."""

    if TYPE_CHECKING:
        version: int
        name: str
        seed: int
        gates: Mapping[str, str]
        state: StateSettings

    def section(self, kind: type[Section]) -> Section:
        """The section that `kind` describes.

        Raises:
            LookupError: no stage declares it.
        """
        for name, known in SECTIONS.items():
            if known is kind:
                section: Section = getattr(self, name)
                return section
        raise LookupError(f"no stage declares a section of class {kind.__name__}")

    @field_validator("gates", mode="before", check_fields=False)
    @classmethod
    def _over_the_defaults(cls, bars: Any) -> Any:
        if not isinstance(bars, Mapping):
            return bars
        return {**BARS, **{FORMER_GATES.get(name, name): bar for name, bar in bars.items()}}

    @field_validator("gates", check_fields=False)
    @classmethod
    def _known(cls, bars: Mapping[str, str]) -> Mapping[str, str]:
        for name in bars:
            if name not in BARS:
                raise ValueError(f"unknown gate {name!r}; known: {', '.join(BARS)}")
        return bars


if TYPE_CHECKING:

    class Config(_Complete):
        """Everything one project can set."""

        def __getattr__(self, section: str) -> Any: ...

else:
    _FIELDS: dict[str, Any] = {
        **{name: (kind, kind()) for name, kind in SECTIONS.items()},
        "gates": (Mapping[str, Bar], Field(BARS, description="A bar for each measured figure that stops the flow.")),
        "state": (StateSettings, StateSettings()),
    }
    Config = create_model(
        "Config",
        __base__=(_Complete, _Start),
        __doc__="Everything one project can set.",
        __module__=__name__,
        **_FIELDS,
    )
