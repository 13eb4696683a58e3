"""The Trainer of one process among several: its share of each step's rows, everybody's gradients, one checkpoint.

transformers' Trainer believes to be alone; what crosses processes is in the methods here.
Only the trainer imports this file, where there are several processes.
"""

from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253

from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.train.data.batches import in_parts
from tunewright.stages.train.distributed import sharding
from tunewright.stages.train.distributed.gradients import PaddingBatch, distributed_step
from tunewright.stages.train.loop.job import Batch, Steps
from tunewright.stages.train.loop.losses import require_finite
from tunewright.stages.train.loop.trainer import WEIGHTS, OurTrainer
from tunewright.stages.train.weights.trained import trained_of

OPTIMIZER, SCHEDULE = "optimizer.pt", "scheduler.pt"


class ShardedSteps(Steps):
    """The steps of a run, of whose batches this process computes its share."""

    def batch(self, step: int) -> list[Batch]:
        """This process's share of the batch of a step, in parts of like length."""
        parts = in_parts(self.job.rows(step), self.parts * self.job.group.size)
        return [
            self.job.batch(rows, step) if counts else PaddingBatch(self.job.batch(rows, step))
            for rows, counts in self.job.group.shard(parts)
        ]


class DistributedTrainer(OurTrainer):
    """Our Trainer where others hold the rest of the rows, and perhaps of the model."""

    _gathered: tuple[dict[str, torch.Tensor], dict[str, Any]]

    def training_step(self, model: Any, inputs: list[int], num_items_in_batch: Any = None) -> Any:
        """Gradients of this process's share of a step, added to the others'.

        Raises:
            UserError: E-TRAIN-024 when a part does not fit. The others are in the midst of it, so it cannot be halved.
        """
        model.eval()
        parts = [self._on_device(part) for part in self.train_dataset.batch(*inputs)]
        try:
            loss = distributed_step(model, parts, self.job.loss, self.job.size, self.job.group)
        except torch.OutOfMemoryError as error:
            raise UserError(
                "E-TRAIN-024",
                f"A part of step {self.state.global_step + 1} does not fit into the memory of process "
                f"{self.job.group.rank}'s GPU: {str(error).split('. ', 1)[0]}.",
                why="The others compute the same part, so it cannot be made smaller now. The last checkpoint is kept.",
                fix="Go on from it with more processes; or raise accumulation, or lower max_tokens, and begin anew.",
                exit_code=ExitCode.RESOURCES,
            ) from error
        require_finite("loss", loss, self.job, self.state.global_step)
        self.history.add_loss(loss)
        return loss

    def _on_device(self, part: Batch) -> Batch:
        """`part` where the model is; padding stays padding."""
        prepared: Batch = self._prepare_inputs(dict(part))
        return PaddingBatch(prepared) if isinstance(part, PaddingBatch) else prepared

    def _clip_grad_norm(self, model: Any) -> Any:
        """The gradient's norm over all processes, after scaling it down.

        Raises:
            UserError: E-TRAIN-015 when it is no number.
        """
        if not sharding.is_sharded(self.model):
            return super()._clip_grad_norm(model)
        norm = sharding.clip_grad_norm(self.model, self.job.clip)
        require_finite("gradient", norm, self.job, self.state.global_step)
        return norm

    def validation(self) -> tuple[float, float]:
        """What the leader found: two GPUs may disagree in the last bit, and on what is best."""
        return self.job.group.broadcast(super().validation())

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """All gather, the leader writes, the others wait."""
        leads = self.job.group.is_leader
        weights = {}
        for name, values in trained_of(self.model).items():
            gathered = sharding.unsharded(values)
            if leads:
                weights[name] = gathered.cpu().contiguous()
        self._gathered = weights, sharding.optimizer_state(self.optimizer, keep=leads)
        if leads:
            super()._save_checkpoint(model, trial)
        del self._gathered
        self.job.group.barrier()

    def _get_output_dir(self, trial: Any) -> str:
        """Where the Trainer is to write; others than the leader write nothing."""
        return super()._get_output_dir(trial) if self.job.group.is_leader else str(self.args.output_dir)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what was gathered."""
        assert output_dir
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._gathered[0], folder / WEIGHTS)
        self.history.write(folder)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        """Write the optimizer's state as it was gathered, and the schedule's."""
        torch.save(self._gathered[1], Path(output_dir) / OPTIMIZER)
        torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULE)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """Take this process's part of the optimizer's state from a checkpoint, if there is one."""
        if checkpoint is None:
            return
        state = torch.load(Path(checkpoint) / OPTIMIZER, map_location="cpu", weights_only=True)
        sharding.load_optimizer_state(self.optimizer, state)
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULE, weights_only=True))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Take this process's part of the weights from a checkpoint."""
        own = dict(self.model.named_parameters())
        for name, values in load_file(Path(resume_from_checkpoint) / WEIGHTS).items():
            sharding.copy_shard(own[name], values)
