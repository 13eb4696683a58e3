"""Which rank was worth training: each rank's quality, forgetting, memory and time beside what the playbook says."""

from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import ReportMaterial, Swept, SweptRank
from tunewright.stages.report.page import Badge, Cell, Column, Ranged, Section, Table
from tunewright.stages.report.redact import sample

COLUMNS = (
    Column("Rank", head=True),
    Column("Log-likelihood, nats a token", numeric=True),
    Column("Forgotten, nats a token", numeric=True),
    Column("Memory, GB", numeric=True),
    Column("Minutes for 1,000 steps", numeric=True),
    Column("The playbook says"),
    Column("Taken to"),
)


def section(material: ReportMaterial) -> Section | None:
    """The sweep, where one was made of these rows and this base."""
    swept = material.swept
    if swept is None:
        return None
    return Section(
        id="sweep",
        title="Which rank",
        lead=(_verdict(swept), _meaning(swept)),
        tables=(Table("Every rank, as far as it was taken", COLUMNS, tuple(_row(one) for one in swept.ranks)),),
    )


def _verdict(swept: Swept) -> str:
    why = sample(swept.why, 300)
    if swept.winner is None:
        return f"No rank won: {why}."
    return f"Rank {swept.winner} won: {why}. All ranks together took {swept.cost:.2f} full runs."


def _meaning(swept: Swept) -> str:
    return (
        f"Log-likelihood is of the validation rows' answers; untuned it is {swept.untuned.value:.3f}. Forgotten is "
        "what the answers to general questions lost in likelihood. A rank that was left early was measured there."
    )


def _row(one: SweptRank) -> tuple[Cell, ...]:
    return (
        Badge(f"{one.name}, chosen", "good") if one.chosen else one.name,
        Ranged(f"{one.quality.value:.3f}", _ends(one.quality.low, one.quality.high)),
        Ranged(fmt.difference(one.forgetting.value, "nats a token"), _ends(one.forgetting.low, one.forgetting.high)),
        "–" if one.memory_gb is None else f"{one.memory_gb:.1f}",
        f"{one.minutes:.3g}",
        one.claimed or "–",
        fmt.share(one.share, 1),
    )


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
