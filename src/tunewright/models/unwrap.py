"""A model and what is put around it."""

from typing import Any


def without_adapters(model: Any) -> Any:
    """The transformers model under PEFT's adapters; `model` itself where there are none."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
