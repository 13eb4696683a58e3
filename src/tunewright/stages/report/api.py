"""One self-contained HTML file: no script, no request, nothing that the reader's machine must fetch.

The page's policy forbids everything but its own style sheet; text of the user's data is masked, cut and escaped.
"""

from functools import cache
from typing import TYPE_CHECKING

from tunewright.stages.report import charts
from tunewright.stages.report.headline import headline
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.redact import sample
from tunewright.stages.report.sections import (
    audit,
    costs,
    data,
    evaluation,
    figures,
    gates,
    provenance,
    sweep,
    training,
)

if TYPE_CHECKING:
    from jinja2 import Environment, Template

#: In the order they are read; each says None where the material has nothing for it.
SECTIONS = (
    gates.section,
    data.intake,
    audit.section,
    data.cleaning,
    data.split,
    sweep.section,
    training.section,
    evaluation.section,
    evaluation.classes,
    evaluation.mistakes,
    figures.section,
    costs.section,
    provenance.section,
)


def render(material: ReportMaterial) -> str:
    """The report as one HTML document; the same material gives the same bytes."""
    sections = [section for make_section in SECTIONS if (section := make_section(material)) is not None]
    return _template().render(
        project=sample(material.project, 80),
        generated=material.generated,
        version=material.version,
        headline=headline(material),
        sections=sections,
        colors=charts.COLORS,
        stopped=sample(material.stopped, 400),
        release=sample(material.release.name, 80) if material.release else "",
    )


@cache
def _template() -> "Template":
    """The page's template, read once."""
    return _environment().get_template("report.html.j2")


def _environment() -> "Environment":
    """A template environment that escapes every value and fails on a name it does not know."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from tunewright.stages.report import format as fmt
    from tunewright.stages.report.page import Badge, Bar, Hash, Quote, Ranged

    environment = Environment(
        loader=PackageLoader("tunewright.stages.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kinds = {"badge": Badge, "bar": Bar, "hash": Hash, "quote": Quote, "ranged": Ranged}
    for name, kind in kinds.items():
        environment.tests[name] = lambda value, kind=kind: isinstance(value, kind)
    environment.filters["short"] = fmt.short
    return environment
