"""Settings of the train room: the ``train:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from tunewright.core.frozen import Frozen


class TrainSettings(Frozen):
    """What is trained, from what, and how often it is made safe."""

    method: str | Mapping[str, Mapping[str, Any] | None] = Field(
        "auto", description="auto, the name of a method, or one name with its options: {encoder: {epochs: 6}}."
    )
    encoder: str = Field(
        "all-MiniLM-L6-v2",
        min_length=1,
        description="Pre-trained encoder of a classifier: the bundled one, a folder, or a Hugging Face Hub id.",
    )
    base: str = Field(
        "", description="Pre-trained causal language model of answers: a folder, or a Hugging Face Hub id."
    )
    checkpoint_seconds: float = Field(
        30.0, gt=0, description="A checkpoint is written at least this often, and at each validation."
    )

    @field_validator("method")
    @classmethod
    def _one_method(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and len(given) != 1:
            raise ValueError("name exactly one method, such as {encoder: {epochs: 6}}")
        return given

    @property
    def method_name(self) -> str:
        """The method's name, or ``auto``."""
        return self.method if isinstance(self.method, str) else next(iter(self.method))

    @property
    def method_options(self) -> Mapping[str, Any]:
        """The options given for the method; the rest are its defaults."""
        if isinstance(self.method, str):
            return {}
        return dict(self.method[self.method_name] or {})
