"""``tunewright evaluate``: the scorecard, systems in lines while their figures fit beside each other."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.options import EngineName, OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import ends, escape, mark, new_console, new_table
from tunewright.core.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from tunewright.stages.evaluate.results import EvaluateResult

#: Metrics beside the main one that a line of 100 letters holds; more have a line each.
MOST_COLUMNS = 4


def evaluate_table(value: "EvaluateResult") -> None:
    """The figures of every system, and the decision."""
    console = new_console()
    console.print(_by_metric(value) if len(_other_metrics(value)) > MOST_COLUMNS else _by_system(value))
    console.print(f"[bold]{value.decision}[/]: {escape(value.words)}{mark(value.verdict)}")


def _by_system(value: "EvaluateResult") -> "Table":
    table = new_table("system", value.metric, "95 % interval", *_other_metrics(value))
    for line in value.systems:
        scores = {score.metric: score for score in line.scores}
        main = scores.pop(value.metric)
        rest = (f"{scores[name].value:.3f}" if name in scores else "–" for name in _other_metrics(value))
        table.add_row(line.system, f"{main.value:.3f}", ends(main), *rest)
    return table


def _by_metric(value: "EvaluateResult") -> "Table":
    """The same turned over, for more metrics than a line of the screen holds."""
    own, *others = ({score.metric: score for score in line.scores} for line in value.systems)
    heads = ("metric", value.systems[0].system, "95 % interval", *(line.system for line in value.systems[1:]))
    table = new_table(*heads)
    for name in (value.metric, *_other_metrics(value)):
        rest = (f"{scores[name].value:,.3f}" if name in scores else "–" for scores in others)
        table.add_row(name, f"{own[name].value:,.3f}", ends(own[name]), *rest)
    return table


def _other_metrics(value: "EvaluateResult") -> list[str]:
    return [score.metric for score in value.systems[0].scores if score.metric != value.metric]


@command("evaluate", panel="Steps", table=evaluate_table)
def evaluate(shell: Shell, gates: OverrideOptions, engine: EngineName = "") -> "EvaluateResult":
    """Measure the candidate beside baselines that need no tuning."""
    if engine and gates.override:
        raise UserError(
            "E-CLI-001",
            "--override has no effect with --engine: no gate is judged on an engine in a candidate's place.",
            fix="Leave out --override, or --engine.",
        )
    result = shell.project(gates.by_gate()).evaluate(engine=engine)
    if engine:
        shell.warn(
            f"The engine {engine} was measured, not a candidate: no gate was judged, and nothing can be released."
        )
    return result


COMMANDS = (evaluate,)
