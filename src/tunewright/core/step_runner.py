"""Steps through the store: what was made before is read, what was not is made once, and both are recorded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tunewright.core.events import Events
from tunewright.core.frozen import Frozen
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.core.store import Outcome, Step, Store

Value = TypeVar("Value", bound=Frozen)


class StepNotCached(Exception):
    """A step whose output is not in the store, met on a walk that only looks."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.name)
        self.step = step


class StepRunner:
    """The steps of one project, each kept by the digest of what made it.

    Args:
        store: where outputs are kept.
        events: where every step is recorded.
        context: what stages are handed; while it only looks, nothing is made or recorded.
        step_seen: called with each step's outcome as it happens.
    """

    def __init__(
        self,
        store: Store,
        events: Events,
        context: StageContext,
        *,
        step_seen: Callable[[Outcome[Any]], None] = lambda _: None,
    ) -> None:
        self.store = store
        self.events = events
        self.context = context
        self._step_seen = step_seen

    def run(self, spec: StepSpec[Value], outputs: Outputs) -> Outcome[Value]:
        """The output of `spec`, given what the steps before it gave.

        Raises:
            StepNotCached: it is not there, and this walk only looks.
        """
        step = spec.step(outputs, self.context)
        before = self.store.get(step, spec.output)
        if before is not None and spec.restore(before.value, self.context) is None:
            if self.context.looking:
                raise StepNotCached(step)
            self.store.invalidate(step)
        outcome = self.cached(step, spec.output, lambda work: spec.make(outputs, self.context, Work(step, work)))
        spec.restore(outcome.value, self.context)
        return outcome

    def cached(self, step: Step, kind: type[Value], make: Callable[[Path], Value]) -> Outcome[Value]:
        """The output of `step`, made by `make` in a folder of its own unless it is in the store.

        Raises:
            StepNotCached: it is not there, and this walk only looks.
        """
        if self.context.looking:
            before = self.store.get(step, kind)
            if before is None:
                raise StepNotCached(step)
            return before
        outcome = self.store.cached(step, kind, make)
        self.events.append(
            "step.hit" if outcome.hit else "step.made",
            step.name,
            key=step.key,
            digests={**step.inputs, "value": outcome.value.digest},
            detail={"seconds": round(outcome.seconds, 3)},
        )
        self._step_seen(outcome)
        return outcome
