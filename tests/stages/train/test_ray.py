"""`--on ray`: two processes on a cluster of two nodes, which are two processes of this machine."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.stages.train.sums import events_of, said, write_project

from tunewright.stages.train.launchers import ray as on_ray


@pytest.fixture
def cluster(monkeypatch):
    """The address of a cluster whose two nodes have a processor each."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'tunewright[ray]'")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    yield made.address
    made.shutdown()


@pytest.mark.slow
def test_two_nodes_train_together(tmp_path: Path, cluster: str, monkeypatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    project = write_project(tmp_path / "sums")
    code, document = said(project, "train", "--on", "ray", "--processes", "2")
    assert code == 0, document
    assert Path(document["data"]["folder"], "model.safetensors").exists()
    assert events_of(project)[-1]["data"]["status"] == "succeeded"


def test_the_driver_is_one_command_that_keeps_statistics_to_itself(monkeypatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "alpha:6379")
    (command,) = on_ray.commands(Path("/x y"), on_ray.Options(processes=3))
    assert command.where == "the Ray cluster at alpha:6379"
    assert "RAY_USAGE_STATS_ENABLED=0" in command.line
    assert command.line[-4:] == ("-m", "tunewright.stages.train.launch.ray_driver", "/x y", "3")
    assert sys.executable in command.line
    monkeypatch.delenv("RAY_ADDRESS")
    assert on_ray.commands(Path("/x"), on_ray.Options())[0].where == "a Ray cluster of this machine"
