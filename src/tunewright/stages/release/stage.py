"""Package the candidate with its proof."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Candidate
from tunewright.core.digest import digest
from tunewright.core.outputs import Outputs
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.release.results import ReleaseResult, release_result
from tunewright.stages.release.settings import ReleaseSettings


def releases(context: StageContext) -> Path:
    """Where the project's releases lie."""
    return context.folder / "releases"


def settings(_: Outputs, context: StageContext) -> Mapping[str, Any]:
    """The project's name, which releases are called after, and the settings of the model card."""
    return {"name": context.project, **context.settings(ReleaseSettings).model_dump(mode="json")}


def inputs(outputs: Outputs, _: StageContext) -> Mapping[str, str]:
    """The candidate, its scorecard, what every gate said, and the data that it came from."""
    return {
        "candidate": outputs[Candidate].digest,
        "scorecard": outputs[Scorecard].digest,
        "verdicts": digest([verdict.key_content() for verdict in outputs.sorted_verdicts()]),
        "data": digest(outputs.data_digests()),
    }


def make(outputs: Outputs, context: StageContext, _: Work) -> Release:
    """The candidate as a bundle below ``releases/``."""
    from tunewright.stages.release.api import release

    return release(
        outputs[Candidate],
        outputs[Scorecard],
        outputs.sorted_verdicts(),
        outputs.data_digests(),
        context.corpus(outputs.dataset),
        name=context.project,
        folder=releases(context),
        settings=context.settings(ReleaseSettings),
        progress=context.progress,
    )


def restore(release: Release, context: StageContext) -> Release | None:
    """The release where its bundle lies; None when somebody removed that."""
    folder = releases(context) / release.name
    return release.at(folder) if folder.exists() else None


STAGE = StepSpec(
    name="release",
    version=1,
    output=Release,
    needs=(Candidate, Scorecard),
    sections={"release": ReleaseSettings},
    behind_gates=True,
    settings=settings,
    inputs=inputs,
    make=make,
    result=release_result,
    result_type=ReleaseResult,
    restore=restore,
)
