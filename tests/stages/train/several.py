"""Several processes that train together, started without a launcher; and one of them, run as a program."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.corpus import Corpus
from tunewright.stages.train.distributed.process_group import ProcessGroup
from tunewright.stages.train.launch.worker import ROWS, WorkerInput
from tunewright.stages.train.settings import TrainSettings


def hand_over(corpus: Corpus, plan: Plan, work: Path, **settings: object) -> Path:
    """The folder that processes would be given to carry out `plan` in `work`."""
    folder = work / "handed"
    folder.mkdir(parents=True)
    corpus.scan().collect().write_parquet(folder / ROWS)
    WorkerInput(
        plan=plan,
        dataset=corpus.dataset,
        evidence=None,
        work=str(work),
        settings=TrainSettings(**settings),
        home=None,
        origins={},
    ).save(folder)
    return folder


def together(folders: list[Path], *, processes: int = 2, die_after: int = 0) -> list[str]:
    """Let the processes carry out each folder in turn; what each process printed. They have to end well.

    With `die_after` they break off the first folder after the checkpoint of that step, as by a kill, and what is left
    of it is copied into the work folders beside it whose name begins with its own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.stages.train.several", str(die_after), *map(str, folders)],
            env={
                **os.environ,
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(processes),
                "LOCAL_WORLD_SIZE": str(processes),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
            },
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(processes)
    ]
    said = [one.communicate(timeout=300)[0] for one in started]
    for one, text in zip(started, said, strict=True):
        assert one.returncode == 0, text
    return said


def made_in(folder: Path) -> Candidate:
    """The candidate that the processes made of `folder`."""
    import json

    from tunewright.stages.train.launch.worker import PROGRESS_FILE

    last = json.loads((folder / PROGRESS_FILE).read_text().splitlines()[-1])
    return Candidate.model_validate_json(last["end"]["candidate"]).at(folder.parent)


def main(die_after: int, folders: list[Path]) -> None:
    """Take part in all of them."""
    from tunewright.stages.train.distributed.process_group import init_process_group
    from tunewright.stages.train.launch.worker import run_worker

    with init_process_group() as group:
        if die_after:
            broken_off(die_after, folders[0], group)
            work = folders[0].parent
            for other in work.parent.glob(f"{work.name}-*") if group.is_leader else []:
                shutil.copytree(work, other, ignore=shutil.ignore_patterns("handed"), dirs_exist_ok=True)
            group.barrier()
        for folder in folders[1:] if die_after else folders:
            run_worker(folder, group)


def broken_off(step: int, folder: Path, group: ProcessGroup) -> None:
    """Take part until `step`, and leave no word."""
    from tunewright.stages.train.launch.worker import run_worker
    from tunewright.stages.train.loop.callbacks import TrainingCallback

    kept = TrainingCallback.on_save

    def on_save(self: TrainingCallback, args: object, state: object, control: object, **more: object) -> None:
        kept(self, args, state, control, **more)
        if state.global_step == step:
            raise BrokenOffError

    TrainingCallback.on_save = on_save
    try:
        run_worker(folder, group)
    except BrokenOffError:
        TrainingCallback.on_save = kept


class BrokenOffError(Exception):
    """Neither an end nor a fault."""


if __name__ == "__main__":
    main(int(sys.argv[1]), [Path(one) for one in sys.argv[2:]])
