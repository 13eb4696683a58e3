"""A candidate on the rows it has never seen, beside what needs no tuning."""

from contextlib import closing

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.corpus import Corpus
from tunewright.core.engine_ref import EngineRef
from tunewright.core.progress import SILENT, Progress
from tunewright.core.scorecard import Scorecard
from tunewright.models.registry import open_engine
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.evaluate.subject import Subject


def evaluate(
    candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, *, progress: Progress = SILENT
) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`; baselines learn from its training rows."""
    return _evaluate(Subject.of(candidate), corpus, settings, progress)


def evaluate_engine(
    engine: EngineRef, plan: Plan, corpus: Corpus, settings: EvaluateSettings, *, progress: Progress = SILENT
) -> Scorecard:
    """The scorecard of an engine in the place of the candidate that `plan` would make, such as echo in a demo.

    It names the engine, decides against shipping whatever the figures say, and is refused by ``release``.
    """
    return _evaluate(Subject.instead(engine, plan), corpus, settings, progress)


def _evaluate(subject: Subject, corpus: Corpus, settings: EvaluateSettings, progress: Progress) -> Scorecard:
    with closing(open_engine(subject.engine)) as engine:
        if subject.plan.task == "classify":
            from tunewright.stages.evaluate.classify import evaluate_labels

            return evaluate_labels(subject, engine, corpus, settings, progress)
        from tunewright.stages.evaluate.reply import evaluate_replies

        return evaluate_replies(subject, engine, corpus, settings, progress)
