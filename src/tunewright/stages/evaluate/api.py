"""A candidate on the rows it has never seen, beside what needs no tuning."""

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.progress import SILENT, Progress
from tunewright.core.scorecard import Scorecard
from tunewright.stages.evaluate.settings import EvaluateSettings


def evaluate(
    candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, *, progress: Progress = SILENT
) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`; baselines learn from its training rows."""
    if candidate.task == "classify":
        from tunewright.stages.evaluate.classify import evaluate_classifier

        return evaluate_classifier(candidate, corpus, settings, progress)
    from tunewright.stages.evaluate.reply import evaluate_replies

    return evaluate_replies(candidate, corpus, settings, progress)
