"""Losses, validation figures and settings as a run of MLflow, in a SQLite file of the project unless told otherwise."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import Field

from tunewright.core.frozen import Frozen

NEEDS = ("mlflow", "alembic")
EXTRA = "mlflow"

#: What MLflow calls the states that a run is left in.
STATES = {"succeeded": "FINISHED", "paused": "KILLED", "cancelled": "KILLED"}
TAG = "tunewright.run"


class Options(Frozen):
    """Which store."""

    uri: str = Field("", description="Tracking URI; empty is a SQLite file in .tunewright/trackers of the project.")
    experiment: str = Field("tunewright", min_length=1, description="Name of the experiment.")


def track(
    run: str, home: Path, facts: Mapping[str, str], options: Options, *, done: int
) -> tuple[Callable[[int, Mapping[str, float]], None], Callable[[str], None]]:
    """Two functions: one takes the figures of a step, the other ends the mirror with the run's state.

    Args:
        run: the run's id; a resumed run goes on in the MLflow run that has it as a tag.
        home: folder of all mirrors.
        facts: settings of the run.
        options: which store.
        done: steps that are there already.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it reports its use unless told not to
    from mlflow.tracking import MlflowClient

    home.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=options.uri or f"sqlite:///{home / 'mlflow.db'}")
    known = client.get_experiment_by_name(options.experiment)
    experiment = known.experiment_id if known else client.create_experiment(options.experiment)
    earlier = client.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{run}'", max_results=1)
    if earlier:
        mirror = earlier[0].info.run_id
        client.update_run(mirror, status="RUNNING")
    else:
        mirror = client.create_run(experiment, run_name=run[:12], tags={TAG: run}).info.run_id
        for name, value in facts.items():
            client.log_param(mirror, name, value)

    def log(step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            client.log_metric(mirror, name, value, step=step)

    return log, lambda status: client.set_terminated(mirror, status=STATES.get(status, "FAILED"))
