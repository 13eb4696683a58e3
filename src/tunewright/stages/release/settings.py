"""Settings of the release stage: the ``release:`` section of tunewright.yaml."""

from pydantic import Field

from tunewright.core.frozen import Frozen


class ReleaseSettings(Frozen):
    """What goes into the bundle."""

    license: str = Field("", description="License of the released model, for the model card; empty names the base's.")
    intended_use: str = Field("", description="A sentence for the model card on what the model is for.")
