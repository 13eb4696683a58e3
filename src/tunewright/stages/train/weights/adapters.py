"""Adapters on a causal model's linear layers, and how they are stepped: what LoRA and QLoRA share.

Only the recipes import this file, inside the function that trains.
"""

from typing import Any

from tunewright.core.candidate import Plan
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.options import AdapterOptions
from tunewright.stages.train.weights.adapted_linear import fuse
from tunewright.stages.train.weights.trained import decayed


def adapted(model: Any, plan: Plan, options: AdapterOptions, group: ProcessGroup = ALONE) -> Any:
    """`model`, its weights frozen, with fp32 adapters on every linear layer but the output's."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(plan.seed)  # the adapters' first matrices are random
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha_ratio * options.rank,
        use_dora=options.dora,
        use_rslora=options.rslora,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with_adapters = get_peft_model(model, config)
    if group.is_alone and next(model.parameters()).device.type == "cpu":
        fuse(with_adapters)
    return with_adapters


def groups_of(model: Any, options: AdapterOptions) -> list[dict[str, Any]]:
    """Optimizer groups; with LoRA+ (arXiv 2402.12354) the second matrices, which start at 0, learn faster."""
    if options.lora_plus_ratio == 1:
        return decayed(model)
    faster = options.lora_plus_ratio * options.learning_rate
    second = decayed(model, lambda name: "lora_B" in name)
    return [*decayed(model, lambda name: "lora_B" not in name), *({**group, "lr": faster} for group in second)]
