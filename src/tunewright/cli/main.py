"""The program: verbs in the order of the work, errors in one voice, exit codes that say what happened.

Result types are named in quotes: importing them would load polars before `--help` is printed.
"""

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunewright.cli import runs
from tunewright.cli.launch import DryRun, Hosts, On, Processes, launch_sets
from tunewright.cli.shell import Shell, current, interactive, verb
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.version import __version__

if TYPE_CHECKING:
    from tunewright.config.results import ConfigResult
    from tunewright.core.error_catalog import ExplainResult
    from tunewright.stages.audit.results import AuditResult
    from tunewright.stages.clean.results import CleanResult
    from tunewright.stages.evaluate.results import EvaluateResult
    from tunewright.stages.plan.results import PlanResult
    from tunewright.stages.release.results import ReleaseResult
    from tunewright.stages.report.results import ReportResult
    from tunewright.stages.review.results import (
        ReviewImportResult,
        ReviewNextResult,
        ReviewSampleResult,
        ReviewStatusResult,
    )
    from tunewright.stages.split.results import SplitResult
    from tunewright.stages.train.results import LaunchResult, TrainResult
    from tunewright.stages.train.sweep.results import SweepResult
    from tunewright.workflow.results import (
        DiffResult,
        EventsResult,
        InitResult,
        PredictResult,
        RunResult,
        StatusResult,
        UndoResult,
        VersionsResult,
        WhyResult,
    )

app = typer.Typer(
    name="tunewright",
    help="From raw tickets to a proven fine-tuned model: audit → clean → split → plan → train → evaluate → release.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Show, check and describe tunewright.yaml.", no_args_is_help=True)
app.add_typer(config_app, name="config", rich_help_panel="Project")
review_app = typer.Typer(help="Let people read a sample; what they say corrects the score.", no_args_is_help=True)
app.add_typer(review_app, name="review", rich_help_panel="Steps")
app.add_typer(runs.app, name="runs", rich_help_panel="Project")

Gates = Annotated[
    list[str] | None, typer.Option("--override", metavar="GATE", help="Go on past this gate; needs --why.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, kept in the record.")]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="Last day on which the override holds.")]


def _overrides(gates: list[str] | None, why: str, until: str) -> dict[str, Any]:
    from tunewright.project import override

    return {gate: override(why, until=until or None) for gate in gates or ()}


@app.command(rich_help_panel="Start")
@verb
def init(
    shell: Shell,
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")],
    data: Annotated[Path, typer.Option("--data", help="Your export: CSV, XLSX, JSONL, JSON or Parquet.")],
    task: Annotated[str, typer.Option(help="classify, reply or extract, when the guess is wrong.")] = "auto",
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="ROLE=COLUMN", help="Such as prompt=Message.")
    ] = None,
) -> "InitResult":
    """Make a project: guess format, columns and task, show five rows, write tunewright.yaml."""
    from tunewright.cli.ask import confirm_proposal
    from tunewright.workflow.init import propose, write

    proposal = propose(folder, data, task=task, mapping=tuple(map_ or ()))
    if interactive():
        proposal = confirm_proposal(proposal)
    return write(proposal, accept=shell.yes or interactive())


@app.command(rich_help_panel="Start")
@verb
def run(
    shell: Shell,
    on: On = "",
    processes: Processes = 0,
    hosts: Hosts = "",
    dry_run: DryRun = False,
    override: Gates = None,
    why: Why = "",
    until: Until = "",
) -> "RunResult | LaunchResult":
    """Walk the whole way to a release and its report, stopping at a gate that fails (exit code 3)."""
    shell.sets = launch_sets(on, processes, hosts) + shell.sets
    project = shell.project(_overrides(override, why, until))
    return project.run(dry_run=True) if dry_run else project.run()


@app.command(rich_help_panel="Steps")
@verb
def audit(
    shell: Shell,
    file: Annotated[Path | None, typer.Argument(help="Any file; without it, the project's data.")] = None,
    findings: Annotated[
        Path | None, typer.Option("--findings", help="Write every finding to this .csv or .parquet.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report to this .html.")] = None,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", help="Exit with 3 when the score is below this.")
    ] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="ROLE=COLUMN", help="Such as prompt=Message.")
    ] = None,
) -> "AuditResult":
    """Audit the data: every defect with its line, and one quality score with an interval."""
    if file is None:
        return shell.project().audit(findings=findings, report=report, fail_under=fail_under)
    from tunewright.workflow.audit_file import audit_file

    return audit_file(
        file,
        mapping=tuple(map_ or ()),
        sets=shell.sets,
        findings=findings,
        report=report,
        fail_under=fail_under,
        confirmed=shell.yes,
        progress=shell.progress(),
    )


@app.command(rich_help_panel="Steps")
@verb
def clean(
    shell: Shell,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change.")] = False,
) -> "CleanResult":
    """Make the safe fixes as a new version of the data; the old one stays."""
    return shell.project().clean(preview=preview)


@app.command(rich_help_panel="Steps")
@verb
def undo(shell: Shell, why: Why = "") -> "UndoResult":
    """Take the cleaning back; `clean` makes it again."""
    return shell.project().undo(why=why)


@app.command(rich_help_panel="Steps")
@verb
def split(shell: Shell) -> "SplitResult":
    """Divide the cleaned data into train, validation and test; copies never straddle."""
    return shell.project().split()


@app.command(rich_help_panel="Steps")
@verb
def plan(shell: Shell) -> "PlanResult":
    """Say how the model would be trained and at what cost; nothing is spent."""
    return shell.project().plan()


@app.command(rich_help_panel="Steps")
@verb
def train(
    shell: Shell,
    on: On = "",
    processes: Processes = 0,
    hosts: Hosts = "",
    dry_run: DryRun = False,
    override: Gates = None,
    why: Why = "",
    until: Until = "",
) -> "TrainResult | LaunchResult":
    """Train the candidate; Ctrl-C saves, and the next call goes on."""
    shell.sets = launch_sets(on, processes, hosts) + shell.sets
    project = shell.project(_overrides(override, why, until))
    return project.train(dry_run=True) if dry_run else project.train()


@app.command(rich_help_panel="Steps")
@verb
def sweep(
    shell: Shell,
    rank: Annotated[str, typer.Option("--rank", metavar="4,8,16", help="Ranks to try [sweep.ranks].")] = "",
    full: Annotated[bool, typer.Option("--full", help="Tune every weight beside them, where it fits.")] = False,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Take every rank to its end instead of leaving most early.")
    ] = False,
    override: Gates = None,
    why: Why = "",
    until: Until = "",
) -> "SweepResult":
    """Find the rank worth training: quality, forgetting, memory and time of each; Ctrl-C keeps what is measured."""
    from tunewright.stages.train.sweep.settings import parsed_ranks

    project = shell.project(_overrides(override, why, until))
    return project.sweep(parsed_ranks(rank), full=full, exhaustive=exhaustive)


@app.command(rich_help_panel="Steps")
@verb
def evaluate(shell: Shell, override: Gates = None, why: Why = "", until: Until = "") -> "EvaluateResult":
    """Measure the candidate beside baselines that need no tuning."""
    return shell.project(_overrides(override, why, until)).evaluate()


@app.command(rich_help_panel="Steps")
@verb
def release(shell: Shell, override: Gates = None, why: Why = "", until: Until = "") -> "ReleaseResult":
    """Package the candidate with its proof."""
    return shell.project(_overrides(override, why, until)).release()


@app.command(rich_help_panel="Steps")
@verb
def report(shell: Shell) -> "ReportResult":
    """Write the report of how far the project is."""
    return shell.project().report()


@app.command(rich_help_panel="Use")
@verb
def predict(
    shell: Shell,
    release: Annotated[Path, typer.Argument(help="A release folder.")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSONL, JSON, Parquet or TXT.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of printing; never overwritten.")
    ] = None,
    column: Annotated[str, typer.Option(help="The column to read, when the guess is wrong.")] = "",
) -> "PredictResult":
    """Label or answer the rows of a file with a release."""
    from tunewright.workflow.predict import predict_file

    return predict_file(release, file, output=output, column=column or None, progress=shell.progress())


@app.command(rich_help_panel="Project")
@verb
def status(shell: Shell) -> "StatusResult":
    """Say which steps are done for the present file and settings."""
    return shell.project().status()


@app.command(rich_help_panel="Project")
@verb
def why(shell: Shell, step: Annotated[str, typer.Argument(help="Such as train.")]) -> "WhyResult":
    """Say which input of a step differs from the last time."""
    return shell.project().why(step)


@app.command(rich_help_panel="Project")
@verb
def events(shell: Shell) -> "EventsResult":
    """List what happened here: who, when, what, and the reason where a person overrode."""
    return shell.project().events()


@app.command(rich_help_panel="Project")
@verb
def versions(shell: Shell) -> "VersionsResult":
    """List every version of the data, with who made it and why."""
    return shell.project().versions()


@app.command(rich_help_panel="Project")
@verb
def diff(
    shell: Shell,
    before: Annotated[int, typer.Argument(help="A version number.")],
    after: Annotated[int, typer.Argument(help="Another one.")],
) -> "DiffResult":
    """Show what differs between two versions of the data."""
    return shell.project().diff(before, after)


@app.command(rich_help_panel="Project")
@verb
def explain(shell: Shell, code: Annotated[str, typer.Argument(help="Such as E-DATA-014.")]) -> "ExplainResult":
    """Explain an error code."""
    from tunewright.core.error_catalog import explain

    return explain(code)


@config_app.command("show")
@verb
def config_show(
    shell: Shell,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
) -> "ConfigResult":
    """Show the settings in force."""
    from tunewright.config.show import show

    return show(shell.folder, sets=shell.sets, origin=origin)


@config_app.command("validate")
@verb
def config_validate(shell: Shell) -> "ConfigResult":
    """Check the settings; every fault is shown at once."""
    from tunewright.config.show import show

    return show(shell.folder, sets=shell.sets, origin=False)


@config_app.command("schema")
@verb
def config_schema(shell: Shell) -> "ConfigResult":
    """Print the JSON schema of tunewright.yaml, for editors."""
    from tunewright.config.schema import schema_result

    return schema_result()


@review_app.command("sample")
@verb
def review_sample(
    shell: Shell,
    n: Annotated[int, typer.Option("--n", help="Rows to draw; 500 to 1,000 decide most gates.")] = 1000,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write them to this .json (Label Studio), .csv or .xlsx.")
    ] = None,
) -> "ReviewSampleResult":
    """Draw rows for people to read: of every kind of finding and class, and some at random."""
    return shell.project().review_sample(n, to=to)


@review_app.command("import")
@verb
def review_import(
    shell: Shell,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Label Studio exports, CSV or XLSX.")],
    reviewer: Annotated[str, typer.Option(help="Who filled in rows that name nobody [the file's name].")] = "",
) -> "ReviewImportResult":
    """Take in what reviewers said, and say what it does to the score."""
    return shell.project().review_import(files, reviewer=reviewer)


@review_app.command("next")
@verb
def review_next(
    shell: Shell,
    reviewer: Annotated[str, typer.Option(help="Who reads [you].")] = "",
) -> "ReviewNextResult":
    """Review here, one row at a time; every answer is kept at once, and the next call goes on."""

    def say(text: str) -> None:
        print(text, end="" if text.endswith(" ") else "\n", file=sys.stderr, flush=True)

    return shell.project().review_next(sys.stdin, say, reviewer=reviewer)


@review_app.command("status")
@verb
def review_status(shell: Shell) -> "ReviewStatusResult":
    """Say how far the review is, the corrected score, and how many more rows would decide the gate."""
    return shell.project().review_status()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"tunewright {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the program and end the process with the code that says how it went."""
    sys.exit(call())


def call(arguments: list[str] | None = None) -> int:
    """Run the program on `arguments` and give its exit code."""
    from typer.exceptions import Abort, Exit, TyperException

    try:
        code = app(args=arguments, standalone_mode=False)
    except Exit as ended:
        code = ended.exit_code
    except UserError as error:
        current.fail(error)
        code = error.exit_code
    except TyperException as error:
        current.json = current.json or "--json" in (sys.argv if arguments is None else arguments)
        current.fail(UserError("E-CLI-001", error.format_message(), fix=_usage_fix(error)))
        code = ExitCode.USAGE
    except (KeyboardInterrupt, Abort):
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:  # `tunewright events | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    except (OSError, MemoryError) as error:
        code = _machine(error)
    except Exception as error:
        code = _bug(error)
    if code == ExitCode.INTERRUPTED:  # typer turns Ctrl-C into an Exit with this code, and says nothing
        print("\nInterrupted. What was done is kept; the same command goes on from there.", file=sys.stderr)
    return int(code) if isinstance(code, int) else int(ExitCode.OK)


def _usage_fix(error: Any) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "tunewright")
    return f"{path} --help"


def _machine(error: OSError | MemoryError) -> int:
    """What the machine refused: a permission, room on a disk, memory; any other such error is our fault."""
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        fault = UserError(
            "E-CLI-009",
            f"This machine does not allow it{where}: {os.strerror(number)}.",
            why="What was done before is kept.",
            fix="Give yourself the right to read and write there, or work in another folder.",
            exit_code=ExitCode.DENIED,
        )
    elif number in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
        fault = UserError(
            "E-CLI-010",
            f"The machine has run out{where}: {os.strerror(number)}.",
            why="What was done before is kept.",
            fix="Free some room, or move to a larger machine; the same command goes on from there.",
            exit_code=ExitCode.RESOURCES,
        )
    else:
        return _bug(error)
    current.fail(fault)
    return int(fault.exit_code)


def _bug(error: Exception) -> int:
    """Our fault: the traceback goes to a file, the user gets one sentence."""
    import traceback
    from datetime import UTC, datetime

    text = "".join(traceback.format_exception(error))
    folder = current.folder / ".tunewright" / "logs"
    if not folder.parent.is_dir():
        import tempfile

        folder = Path(tempfile.gettempdir()) / "tunewright-logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    log.write_text(text, encoding="utf-8")
    if current.verbose:
        print(text, file=sys.stderr)
    current.fail(
        UserError(
            "E-BUG-001",
            f"Tunewright failed where it should not: {type(error).__name__}: {error}",
            why="This is our fault, not yours. What was done before is kept.",
            fix=f"Send us {log}; run with --verbose to see it here.",
            exit_code=ExitCode.BUG,
        )
    )
    return int(ExitCode.BUG)


if __name__ == "__main__":
    main()
