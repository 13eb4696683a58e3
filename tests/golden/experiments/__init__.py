"""The golden experiments: defects planted in a clean base, a check run on it, figures held against their bars.

The tests run them small; ``benchmarks/golden.py`` runs them at 10,000 rows. Bars are those of the checks' first
targets, fixed on seeds 0 and 1 and reported on seeds 2 to 4. Each file here lists its own in ``EXPERIMENTS``.
"""

import pkgutil
from importlib import import_module

from tests.golden.trial import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    experiment.__name__: experiment
    for module in pkgutil.iter_modules(__path__)
    for experiment in import_module(f"{__name__}.{module.name}").EXPERIMENTS
}
