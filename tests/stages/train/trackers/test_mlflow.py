"""Figures and settings are in a real MLflow store on this machine, one MLflow run for all attempts of a run."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mlflow", reason='MLflow is not installed: pip install "tunewright[mlflow]"')
pytest.importorskip("alembic", reason='MLflow has no SQL store without alembic: pip install "tunewright[mlflow]"')

from tunewright.stages.train.trackers.mlflow import TAG, Options, track


@pytest.fixture
def client(tmp_path: Path):
    from mlflow.tracking import MlflowClient

    return lambda: MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")


def runs(client, experiment: str = "tunewright") -> list:
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id]))


def test_figures_settings_and_the_end_are_in_the_store(tmp_path: Path, client) -> None:
    facts = {"seed": "3", "train.method.lora.rank": "8", "base weights": "sha256:1"}
    log, end = track("run-7", tmp_path, facts, Options(), done=0)
    log(1, {"train_loss": 2.5})
    log(2, {"train_loss": 2.25, "full_valid_loss": 2.0})
    end("succeeded")
    (run,) = runs(client())
    assert run.info.status == "FINISHED"
    assert run.data.params == facts
    assert run.data.tags[TAG] == "run-7"
    history = client().get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == [(1, 2.5), (2, 2.25)]


def test_a_run_that_goes_on_goes_on_in_the_same_mlflow_run(tmp_path: Path, client) -> None:
    log, end = track("run-7", tmp_path, {"seed": "3"}, Options(), done=0)
    log(1, {"train_loss": 2.5})
    end("paused")
    assert runs(client())[0].info.status == "KILLED"
    log, end = track("run-7", tmp_path, {"seed": "3"}, Options(), done=1)
    log(2, {"train_loss": 2.25})
    end("failed")
    (run,) = runs(client())
    assert run.info.status == "FAILED"
    assert [point.step for point in client().get_metric_history(run.info.run_id, "train_loss")] == [1, 2]
    track("run-8", tmp_path, {"seed": "3"}, Options(), done=0)
    assert len(runs(client())) == 2


def test_the_options_name_another_store_and_experiment(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path / 'other.db'}"
    _, end = track("run-7", tmp_path / "home", {}, Options(uri=uri, experiment="desk"), done=0)
    end("succeeded")
    assert len(runs(MlflowClient(tracking_uri=uri), "desk")) == 1
    assert not (tmp_path / "home" / "mlflow.db").exists()


def test_usage_statistics_are_off(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tunewright.stages.train.trackers.mlflow import Options, track
track("run-7", Path(sys.argv[1]), {}, Options(), done=0)
from mlflow.telemetry import get_telemetry_client
print(get_telemetry_client())
"""
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "None"
