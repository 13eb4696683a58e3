"""The Trainer of one process among several: its share of each step's rows, everybody's gradients, one checkpoint.

transformers' Trainer believes to be alone; what crosses processes is in the methods here.
Only the trainer imports this file, where there are several processes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253

from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.train.data.batches import in_parts
from tunewright.stages.train.distributed import sharding
from tunewright.stages.train.distributed.process_group import Idle, Team, step, team
from tunewright.stages.train.loop.callbacks import require_finite
from tunewright.stages.train.loop.job import Batch, Steps
from tunewright.stages.train.loop.trainer import WEIGHTS, OurTrainer
from tunewright.stages.train.weights.trained import trained_of

OPTIMIZER, SCHEDULE = "optimizer.pt", "scheduler.pt"


@dataclass
class Shares(Steps):
    """The steps of a run, of whose batches this process computes its share."""

    team: Team

    def batch(self, step: int) -> list[Batch]:
        """This process's share of the batch of a step, in parts of like length."""
        parts = in_parts(self.job.rows(step), self.parts * self.team.size)
        return [
            self.job.batch(rows, step) if counts else Idle(self.job.batch(rows, step))
            for rows, counts in self.team.turns(parts)
        ]


class TeamTrainer(OurTrainer):
    """Our Trainer where others hold the rest of the rows, and perhaps of the model."""

    _gathered: tuple[dict[str, torch.Tensor], dict[str, Any]]

    def training_step(self, model: Any, inputs: list[int], num_items_in_batch: Any = None) -> Any:
        """Gradients of this process's share of a step, added to the others'.

        Raises:
            UserError: E-TRAIN-024 when a part does not fit. The others are in the midst of it, so it cannot be halved.
        """
        model.eval()
        made = self.train_dataset.batch(*inputs)
        parts = [self._prepare_inputs(part) for part in made]
        try:
            loss = step(self.job, model, parts, [not isinstance(part, Idle) for part in made], team())
        except torch.OutOfMemoryError as error:
            raise UserError(
                "E-TRAIN-024",
                f"A part of step {self.state.global_step + 1} does not fit into the memory of process {team().rank}'s "
                f"GPU: {str(error).split('. ', 1)[0]}.",
                why="The others compute the same part, so it cannot be made smaller now. The last checkpoint is kept.",
                fix="Go on from it with more processes; or raise accumulation, or lower max_tokens, and begin anew.",
                exit_code=ExitCode.RESOURCES,
            ) from error
        require_finite("loss", loss, self.job, self.state.global_step)
        self.history.saw(loss)
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        if not sharding.is_divided(self.model):
            return super()._clip_grad_norm(model)
        norm = sharding.clip(self.model, self.job.clip)
        require_finite("gradient", norm, self.job, self.state.global_step)
        return norm

    def validated(self) -> tuple[float, float]:
        """What the first process found: two GPUs may disagree in the last bit, and on what is best."""
        return team().agreed(super().validated())

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """All gather, the first writes, the others wait."""
        first = team().first
        weights = {}
        for name, values in trained_of(self.model).items():
            gathered = sharding.whole(values)
            if first:
                weights[name] = gathered.cpu().contiguous()
        self._gathered = weights, sharding.optimizer_state(self.optimizer, keep=first)
        if first:
            super()._save_checkpoint(model, trial)
        del self._gathered
        team().wait()

    def _get_output_dir(self, trial: Any) -> str:
        return super()._get_output_dir(trial) if team().first else str(self.args.output_dir)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what was gathered."""
        assert output_dir
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._gathered[0], folder / WEIGHTS)
        self.history.write(folder)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        torch.save(self._gathered[1], Path(output_dir) / OPTIMIZER)
        torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULE)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        kept = torch.load(Path(checkpoint) / OPTIMIZER, map_location="cpu", weights_only=True)
        sharding.put_optimizer_state(self.optimizer, kept)
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULE, weights_only=True))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        own = dict(self.model.named_parameters())
        for name, values in load_file(Path(resume_from_checkpoint) / WEIGHTS).items():
            sharding.put(own[name], values)
