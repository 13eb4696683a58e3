"""The untuned model that a candidate was trained from, and that baselines answer with."""

from tunewright.core.candidate import Candidate
from tunewright.core.errors import UserError
from tunewright.models.files import ModelFiles, find_encoder, find_model


def base_of(candidate: Candidate) -> ModelFiles:
    """The base model of `candidate`, as it was when training was planned.

    Raises:
        UserError: E-EVAL-003 when its weights are others than the plan says.
    """
    plan = candidate.run.plan
    found = find_encoder(plan.base) if candidate.kind == "encoder" else find_model(plan.base)
    if found.digest_of_weights != plan.base_digest:
        raise UserError(
            "E-EVAL-003",
            f"The base model {plan.base} has changed since training: its digest is {found.digest_of_weights[:19]}…, "
            f"planned was {plan.base_digest[:19]}….",
            why="The baselines would be those of another model, and the gain would compare two different things.",
            fix="Restore the base model's files, or run `tunewright train` again.",
        )
    return found
