"""The driver of a training on a Ray cluster: ``python -m tunewright.stages.train.launch.ray_driver FOLDER PROCESSES``.

Ray Train makes the process group, and each of its workers takes part as any other process would. Ctrl-C comes as a
byte on the standard input, as with the other launchers, and pauses the run through the file that the first process
looks at after each step.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tunewright.core.errors import UserError
from tunewright.core.offline import go_offline, is_offline
from tunewright.stages.train.launch.member import tell_fault, took_part
from tunewright.stages.train.launch.worker import FILE, GRACE_S, Handed
from tunewright.stages.train.runs import control


def main(folder: Path, processes: int) -> None:
    """Run the training that `folder` describes on the cluster, and wait for it.

    Raises:
        SystemExit: 1 when it went wrong; the folder says how.
    """
    handed = Handed.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    threading.Thread(target=_listen, args=(Path(handed.work),), name="listen", daemon=True).start()
    try:
        _fit(folder, processes)
    except BaseException as error:
        tell_fault(folder, error, who="driver")
        raise SystemExit(1) from error


def _fit(folder: Path, processes: int) -> None:
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
    """What each worker does."""
    if config["offline"]:
        go_offline()
    if not took_part(Path(config["folder"])):
        raise RuntimeError("this process failed; the folder that was handed over says how")


def _listen(work: Path) -> None:
    """Pause on Ctrl-C, and when the other side is gone; then end, if that is not heeded."""
    while os.read(0, 1):
        control.ask(work, "pause")
    control.ask(work, "pause")
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
