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
        tables=(Table("Every rank, as far as it was taken", COLUMNS, tuple(_row(rank) for rank in swept.ranks)),),
    )


def _verdict(swept: Swept) -> str:
    """Which rank won, why and what the sweep cost, in a sentence; or why none won."""
    why = sample(swept.why, 300)
    if swept.winner is None:
        return f"No rank won: {why}."
    return f"Rank {swept.winner} won: {why}. All ranks together took {swept.cost:.2f} full runs."


def _meaning(swept: Swept) -> str:
    """What the columns of the table mean."""
    return (
        f"Log-likelihood is of the validation rows' answers; untuned it is {swept.untuned.value:.3f}. Forgotten is "
        "what the answers to general questions lost in likelihood. A rank that was left early was measured there."
    )


def _row(rank: SweptRank) -> tuple[Cell, ...]:
    """A line of the table, in ``COLUMNS``."""
    return (
        Badge(f"{rank.name}, chosen", "good") if rank.chosen else rank.name,
        Ranged(f"{rank.quality.value:.3f}", _ends(rank.quality.low, rank.quality.high)),
        Ranged(fmt.difference(rank.forgetting.value, "nats a token"), _ends(rank.forgetting.low, rank.forgetting.high)),
        "–" if rank.memory_gb is None else f"{rank.memory_gb:.1f}",
        f"{rank.minutes:.3g}",
        rank.claimed or "–",
        fmt.share(rank.share, 1),
    )


def _ends(low: float | None, high: float | None) -> str:
    """An interval with three decimals; empty where there is none."""
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
