"""What is evaluated: the engine that answers, what the answers are for, and the untuned model beside it."""

from dataclasses import dataclass

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.digest import digest
from tunewright.core.engine_ref import ENGINE_FOR_TASK, EngineRef
from tunewright.core.errors import UserError
from tunewright.core.scorecard import Decision
from tunewright.models.files import ModelFiles
from tunewright.models.registry import find_base


@dataclass(frozen=True)
class Subject:
    """One engine under evaluation.

    Attributes:
        plan: the task, the labels, the base model and the seed.
        engine: what answers.
        digest: what the scorecard is about: the candidate's digest, or that of the engine for this plan.
        in_place: whether the engine was asked in the place of a candidate of its own.
    """

    plan: Plan
    engine: EngineRef
    digest: str
    in_place: bool = False

    @classmethod
    def of(cls, candidate: Candidate) -> "Subject":
        """A candidate, which answers by its own engine."""
        return cls(candidate.run.plan, candidate.engine, candidate.digest)

    @classmethod
    def instead(cls, engine: EngineRef, plan: Plan) -> "Subject":
        """An engine in the place of the candidate that the plan would make."""
        return cls(plan, engine, digest([engine.digest, plan.digest]), in_place=True)

    @property
    def about(self) -> str:
        """What answers, in words."""
        return f"the engine {self.engine.engine}" if self.in_place else "the tuned candidate"

    @property
    def base_engine(self) -> str:
        """The engine that the untuned base model answers by: the candidate's own, or the usual one of the task."""
        return ENGINE_FOR_TASK[self.plan.task] if self.in_place else self.engine.engine

    def base(self) -> ModelFiles:
        """The base model, as it was when training was planned.

        Raises:
            UserError: E-EVAL-003 when its weights are others than the plan says.
        """
        files = find_base(self.plan.base, self.base_engine)
        if files.digest_of_weights != self.plan.base_digest:
            raise UserError(
                "E-EVAL-003",
                f"The base model {self.plan.base} has changed since training: its digest is "
                f"{files.digest_of_weights[:19]}…, planned was {self.plan.base_digest[:19]}….",
                why="The baselines would be those of another model, and the gain would compare two different things.",
                fix="Restore the base model's files, or run `tunewright train` again.",
            )
        return files

    def decided(self, decision: Decision, words: str) -> tuple[Decision, str]:
        """A decision and its sentence; whatever the figures say, what an engine in a candidate's place did not ship."""
        if not self.in_place:
            return decision, words
        return "do not ship", (
            f"The engine {self.engine.engine} answered in a candidate's place, so nothing here can be released. {words}"
        )
