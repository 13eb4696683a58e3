"""Settings of the train stage: the ``train:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from tunewright.core.frozen import Frozen

#: The setting that names the base model, by the engine that what is trained answers by.
BASE_SETTINGS = {"classifier": "encoder", "causal_lm": "base"}


class Notify(Frozen):
    """Who is told of a run's changes of state; addresses and secrets stay in the environment."""

    url_env: str = Field(
        min_length=1, description="Environment variable with the address to post to: https, or this machine."
    )
    secret_env: str = Field("", description="Environment variable with the secret that posts are signed with.")


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
        "",
        description="Pre-trained causal language model of answers: a folder, a Hugging Face Hub id, starter-8m or "
        "starter-28m; empty takes the bundled starter-8m.",
    )
    checkpoint_seconds: float = Field(
        30.0, gt=0, description="A checkpoint is written at least this often, and at each validation."
    )
    validate_every: float = Field(
        1.0, gt=0, le=1, description="Share of an epoch after which the validation rows are read; 1: after each epoch."
    )
    spike_size: float = Field(
        8.0, ge=0, description="A loss this many spreads above the running median is a spike, and said; 0 sees none."
    )
    spike_patience: int = Field(20, ge=0, description="Spikes in a row that end a run as diverged; 0 never ends it.")
    own_process: bool = Field(
        True, description="Train in a process of its own: its memory is given back, and a crash becomes an error."
    )
    launch: str | Mapping[str, Mapping[str, Any] | None] = Field(
        "", description="Train in several processes: local, ray or ssh; or one with options: {local: {processes: 2}}."
    )
    notify: Notify | None = Field(None, description="Post changes of state: {url_env: NAME_OF_A_VARIABLE}.")
    trackers: Mapping[str, Mapping[str, Any] | bool | None] | tuple[str, ...] = Field(
        (), description="Mirrors of the figures, such as [tensorboard]; or a table of them with their options."
    )

    @field_validator("method")
    @classmethod
    def _one_method(cls, method: Any) -> Any:
        if isinstance(method, Mapping) and len(method) != 1:
            raise ValueError("name exactly one method, such as {encoder: {epochs: 6}}")
        return method

    @property
    def method_name(self) -> str:
        """The method's name, or ``auto``."""
        return self.method if isinstance(self.method, str) else next(iter(self.method))

    def base_name(self, engine: str) -> str:
        """The base model that is named for what `engine` answers by; empty where none is named."""
        return str(getattr(self, BASE_SETTINGS.get(engine, "base")))

    @property
    def method_options(self) -> Mapping[str, Any]:
        """The options given for the method; the rest are its defaults."""
        if isinstance(self.method, str):
            return {}
        return dict(self.method[self.method_name] or {})

    @field_validator("launch")
    @classmethod
    def _one_launcher(cls, launch: Any) -> Any:
        if isinstance(launch, Mapping) and len(launch) != 1:
            raise ValueError("name exactly one launcher, such as {local: {processes: 2}}")
        return launch

    @property
    def launcher(self) -> str:
        """What starts the processes; empty where the training is in one."""
        return self.launch if isinstance(self.launch, str) else next(iter(self.launch))

    @property
    def launcher_options(self) -> Mapping[str, Any]:
        """The options given for the launcher; the rest are its defaults."""
        return {} if isinstance(self.launch, str) else dict(self.launch[self.launcher] or {})

    @property
    def chosen_trackers(self) -> dict[str, dict[str, Any]]:
        """The trackers that are on, with the options given for them."""
        if isinstance(self.trackers, tuple):
            return {name: {} for name in self.trackers}
        return {
            name: dict(options) if isinstance(options, Mapping) else {}
            for name, options in self.trackers.items()
            if options is not False
        }
