"""transformers' Trainer over our own batches: best weights kept, every kill survived to the last bit.

The Trainer owns optimizer, schedule, autocast, devices and random state. Ours are the batches (item i of its dataset
is only the number i), the loss, the validation, the history and the checkpoints; it logs and keeps nothing itself.
What comes after each step, and who is told, is in ``callbacks.py``.
Only the recipes import this file, inside the function that trains.
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from transformers import Trainer  # noqa: TID253

from tunewright.core.errors import ExitCode, UserError
from tunewright.models.cpu import return_memory
from tunewright.stages.train.loop.job import Batch, Job
from tunewright.stages.train.loop.losses import require_finite
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.weights.trained import trained_of

WEIGHTS = "weights.safetensors"


class OurTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our batches, loss, validation and checkpoints in its places for them."""

    job: Job
    history: History
    checkpoints: Checkpoints
    map_parts: Callable[..., Iterator[Any]]
    say: Callable[[str], None]
    optimizer: Any
    control: Any
    #: The optimizer as PyTorch knows it; accelerate wraps the Trainer's own.
    adam: Any
    _aside: Path
    #: The batch of the next step, on its GPU.
    _ahead: list[Batch] | None = None

    @functools.cached_property
    def trained(self) -> list[torch.nn.Parameter]:
        """The parameters that are trained; a walk through thousands of modules, so once."""
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def get_train_dataloader(self) -> Any:
        """The steps, in their order."""
        # A generator of its own: a loader without one draws its seed from the state that dropout uses.
        return torch.utils.data.DataLoader(
            self.train_dataset, batch_size=1, collate_fn=_only, generator=torch.Generator()
        )

    def training_step(self, model: Any, inputs: list[int], num_items_in_batch: Any = None) -> Any:
        """Gradients of one step; where a GPU's memory does not hold them, in twice as many parts from here on.

        The weights have not moved yet, so the step is the same but for the order of its sums.
        """
        (step,) = inputs
        batch, self._ahead = self._ahead or self.train_dataset.batch(step), None
        while True:
            try:
                loss = self._gradients(model, batch)
            except torch.OutOfMemoryError as error:
                fault = str(error).split(". ", 1)[0]
            else:
                self._look_ahead(step + 1)
                return loss
            batch = self._in_smaller_parts(fault)

    def _look_ahead(self, step: int) -> None:
        """Make the batch of the next step while a GPU computes this one, and send it after."""
        if self.args.device.type == "cuda" and step < self.job.steps:
            self._ahead = [_sent(part, self.args.device) for part in self.train_dataset.batch(step)]

    def _in_smaller_parts(self, fault: str) -> list[Batch]:
        """The batch of the step in hand, in twice as many parts.

        Raises:
            UserError: E-TRAIN-024 when each part is one row already.
        """
        steps, step = self.train_dataset, self.state.global_step
        for parameter in self.model.parameters():
            parameter.grad = None
        torch.cuda.empty_cache()
        if steps.parts >= len(self.job.rows(step)):
            raise UserError(
                "E-TRAIN-024",
                f"Step {step + 1} does not fit into the GPU's memory, even one row at a time: {fault}.",
                why="The checkpoint before it is kept.",
                fix="Lower max_tokens, set activation_checkpointing: full, use method qlora, "
                "or end other programs on the GPU.",
                exit_code=ExitCode.RESOURCES,
            )
        steps.parts *= 2
        self.say(f"Step {step + 1} did not fit into the GPU's memory; steps are computed in {steps.parts} parts now.")
        batch: list[Batch] = steps.batch(step)
        return batch

    def _gradients(self, model: Any, inputs: list[Batch]) -> Any:
        """Gradients of one batch, its parts side by side, each on one thread, and added in their order.

        An operation on a few hundred tokens is too small to share between threads: they would wait for each other
        after each one, and for whatever else the machine does.
        """
        if model.training:
            model.eval()  # dropout off: its random numbers would depend on which part comes first
        parts = [self._prepare_inputs(part) for part in inputs]
        sizes = [self.job.size(part) for part in parts]
        shares = [size / sum(sizes) for size in sizes]
        trained = self.trained

        def gradients(part: Batch, share: float) -> tuple[Any, Any]:
            loss = self.job.loss(model, part) * share
            return loss.detach(), torch.autograd.grad(loss, trained)

        results = self.map_parts(gradients, parts, shares)
        loss, totals = next(results)
        for part_loss, others in results:
            loss = loss + part_loss
            for total, other in zip(totals, others, strict=True):
                total.add_(other)
        for parameter, total in zip(trained, totals, strict=True):
            parameter.grad = total
        self.history.add_loss(loss)
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        """The gradient's norm, after which the optimizer is told whether it may take the step.

        A loss or gradient that is no number must not reach the weights. To look at it here would keep a GPU waiting for
        all that comes until the next batch; the optimizer looks where the numbers are, and the callback after the step.
        """
        norm = torch.nn.utils.clip_grad_norm_(self.trained, self.job.clip)
        self.history.norm = norm
        loss = self.history.loss
        self.adam.found_inf = (~torch.isfinite(norm.detach() + loss.to(norm.device))).float()
        return norm

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: nobody reads it, and the Trainer walks the whole model for it in each step."""
        return 0

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW on the job's groups, once."""
        if self.optimizer is None:
            self.optimizer = self.adam = torch.optim.AdamW(
                self.job.groups(), lr=self.job.learning_rate, weight_decay=self.job.weight_decay, fused=True
            )
        return self.optimizer

    def validation(self) -> tuple[float, float]:
        """Validation loss and metric of the model as it is."""
        return self.job.validate(self.model.eval())

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validate and write it down."""
        loss, metric = self.validation()
        return_memory()
        require_finite("validation loss", loss, self.job, self.state.global_step - 1)
        self.history.add_validation(self.state.global_step, loss, metric)
        metrics = {"eval_loss": loss, f"eval_{self.job.metric}": metric}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what is trained, and the history."""
        assert output_dir
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(trained_of(self.model), folder / WEIGHTS)
        self.history.write(folder)

    def _get_output_dir(self, trial: Any) -> str:
        """Where the Trainer writes: a folder beside the other checkpoints."""
        return str(self._aside)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint that is whole or absent."""
        with self.checkpoints.writing(self.state.global_step) as self._aside:
            super()._save_checkpoint(model, trial)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Take the weights from a checkpoint."""
        load_trained(self.model, Path(resume_from_checkpoint))


def load_trained(model: torch.nn.Module, folder: Path) -> None:
    """Put the trained parameters that the checkpoint in `folder` holds into `model`."""
    weights = load_file(folder / WEIGHTS)
    own = dict(model.named_parameters())
    assert set(weights) == set(trained_of(model)), "a checkpoint holds exactly the trained parameters"
    with torch.no_grad():
        for name, values in weights.items():
            own[name].copy_(values)


def _only(items: list[list[int]]) -> list[int]:
    """The one item of a batch."""
    return items[0]


def _sent(part: Batch, device: torch.device) -> Batch:
    """`part` on its way to a GPU; nothing waits until it has arrived."""
    return {
        name: values.pin_memory().to(device, non_blocking=True) if isinstance(values, torch.Tensor) else values
        for name, values in part.items()
    }
