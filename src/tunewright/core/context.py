"""What a project knows beside its rows: documents of its domain, questions that must stay unseen, the model to tune."""

from dataclasses import dataclass

import polars as pl

from tunewright.core.digest import digest, frame_digest
from tunewright.core.frozen import Frozen


class Target(Frozen):
    """The model that is to be tuned, as far as rows must fit it.

    Attributes:
        method: the training method, such as ``encoder`` or ``lora``.
        base: model folder or Hub id; empty is the bundled encoder.
        max_tokens: tokens of one row that training will read.
    """

    method: str
    base: str
    max_tokens: int


@dataclass(frozen=True)
class Context:
    """What checks may hold the rows against; each part is there only when the user gave it.

    Attributes:
        references: texts of the user's own domain.
        evaluation: rows of a given evaluation file, in the columns of a dataset.
        target: the model to tune.
        reviews: what people decided about rows that they read: `example_id`, `content_digest` (of the row when it was
            read), `verdict` (``ok`` or ``defective``), `new_label` and `new_answer` where they gave one, `reviewer` and
            `note`.
    """

    references: tuple[str, ...] = ()
    evaluation: pl.DataFrame | None = None
    target: Target | None = None
    reviews: pl.DataFrame | None = None

    @property
    def digest(self) -> str:
        """One digest over all of it."""
        evaluation = "" if self.evaluation is None else frame_digest(self.evaluation)
        # Reviews join only where there are some: a project without any keeps the keys that it has.
        reviews = [] if self.reviews is None else [frame_digest(self.reviews)]
        return digest([list(self.references), evaluation, self.target and self.target.content(), *reviews])
