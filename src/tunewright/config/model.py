"""The whole configuration: one section a room, gates between them, and where state is kept."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.gate import parse_bar
from tunewright.stages.audit.settings import AuditSettings
from tunewright.stages.clean.settings import CleanSettings
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.intake.settings import DataSettings
from tunewright.stages.plan.settings import PlanSettings
from tunewright.stages.release.settings import ReleaseSettings
from tunewright.stages.report.settings import ReportSettings
from tunewright.stages.split.settings import SplitSettings
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.settings import SweepSettings

#: Bars that hold unless the project says otherwise. 85 is the playbook's; why a release may be as good as the best
#: baseline but not worse, and never against its own verdict: docs/decisions/004.
GATES: dict[str, str] = {"audit.quality_score": ">= 85", "evaluate.gain": ">= -0.02", "evaluate.verdict": ">= 1"}


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


class Config(Frozen):
    """Everything one project can set."""

    version: Literal[1] = Field(1, description="Version of this file's format.")
    name: str = Field("project", description="Name of the project; releases are called after it.", min_length=1)
    seed: int = Field(0, description="Random seed of every step.", ge=0, lt=2**31)
    data: DataSettings = DataSettings()
    audit: AuditSettings = AuditSettings()
    clean: CleanSettings = CleanSettings()
    split: SplitSettings = SplitSettings()
    plan: PlanSettings = PlanSettings()
    train: TrainSettings = TrainSettings()
    sweep: SweepSettings = SweepSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    release: ReleaseSettings = ReleaseSettings()
    report: ReportSettings = ReportSettings()
    gates: Mapping[str, Bar] = Field(GATES, description="A bar for each measured figure that stops the flow.")
    state: StateSettings = StateSettings()

    @field_validator("gates", mode="before")
    @classmethod
    def _over_the_defaults(cls, given: Any) -> Any:
        return {**GATES, **given} if isinstance(given, Mapping) else given

    @field_validator("gates")
    @classmethod
    def _known(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        for gate in given:
            if gate not in GATES:
                raise ValueError(f"unknown gate {gate!r}; known: {', '.join(GATES)}")
        return given
