"""A model's weights as bf16 safetensors shards small enough to be committed, and back into plain transformers."""
# ruff: noqa: TID253 (this file is imported only where a model is trained)

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch

#: Mean size of a shard in bytes, at most; half of a large weight may come on top.
SHARD = 14_500_000


def save(model: Any, folder: Path, *, shard: int = SHARD) -> list[str]:
    """Write the weights (tied ones once) and their index into `folder`; the names of the files.

    Shards hold the weights in their order, are of about one size, and are named as transformers names them.
    """
    from safetensors.torch import save_file

    weights = {name: w.detach().to("cpu", torch.bfloat16).contiguous() for name, w in model.named_parameters()}
    size = sum(w.nbytes for w in weights.values())
    count = -(-size // shard)
    parts: list[dict[str, Any]] = [{} for _ in range(count)]
    before = 0
    for name, weight in weights.items():
        # The shard in which the middle of the weight falls, so no shard is more than half a weight above the mean.
        parts[min(count - 1, int((before + weight.nbytes / 2) / (size / count)))][name] = weight
        before += weight.nbytes
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"model-{at:05d}-of-{len(parts):05d}.safetensors" for at in range(1, len(parts) + 1)]
    index = {
        "metadata": {"total_size": size},
        "weight_map": {key: name for name, part in zip(names, parts, strict=True) for key in part},
    }
    with tempfile.TemporaryDirectory() as work:
        for name, part in zip(names, parts, strict=True):
            save_file(part, Path(work) / name, metadata={"format": "pt"})
            shutil.copyfile(Path(work) / name, folder / name)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return names
