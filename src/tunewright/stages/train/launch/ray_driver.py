"""The driver of a training on a Ray cluster: ``python -m tunewright.stages.train.launch.ray_driver FOLDER PROCESSES``.

Ray Train makes the process group, and each of its workers takes part as any other process would. Ctrl-C comes as a
byte on the standard input, as with the other launchers, and pauses the run through the file that the first process
looks at after each step.
"""

import os
import sys
from pathlib import Path
from typing import Any

from tunewright.core.errors import UserError
from tunewright.core.offline import go_offline, is_offline
from tunewright.stages.train.launch.listening import listen
from tunewright.stages.train.launch.member import record_fault, run_member
from tunewright.stages.train.launch.worker import WorkerInput
from tunewright.stages.train.runs import control


def main(folder: Path, processes: int) -> None:
    """Run the training that `folder` describes on the cluster, and wait for it.

    Raises:
        SystemExit: 1 when it went wrong; the folder says how.
    """
    work = Path(WorkerInput.load(folder).work)
    listen(lambda: control.ask(work, "pause"))
    try:
        _fit(folder, processes)
    except BaseException as error:
        record_fault(folder, error, process="driver")
        raise SystemExit(1) from error


def _fit(folder: Path, processes: int) -> None:
    """Have Ray Train run that many workers, 0 for one on each GPU.

    Raises:
        UserError: E-LAUNCH-001 when their number is not given and the cluster has no GPU to count.
    """
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    ray.init(address=os.environ.get("RAY_ADDRESS") or "local", include_dashboard=False)
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if not processes and not gpus:
        raise UserError(
            "E-LAUNCH-001",
            "How many processes are to train is not said, and the cluster has no GPU to count.",
            why="On CPUs no number goes without saying.",
            fix="--on ray --processes 2",
        )
    TorchTrainer(
        _work,
        train_loop_config=work_config(str(folder)),
        torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
        scaling_config=ScalingConfig(num_workers=processes or gpus, use_gpu=gpus > 0),
        run_config=RunConfig(name="ray", storage_path=str(folder)),
    ).fit()


def work_config(folder: str) -> dict[str, Any]:
    """What each worker is told; the cluster's processes have an environment of their own, without our ``--offline``."""
    return {"folder": folder, "offline": is_offline()}


def _work(config: dict[str, Any]) -> None:
    """What each worker does.

    Raises:
        RuntimeError: it failed.
    """
    if config["offline"]:
        go_offline()
    if not run_member(Path(config["folder"])):
        raise RuntimeError("this process failed; the folder that was handed over says how")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
