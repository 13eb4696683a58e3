"""What every verb of the shell shares: its common options, and one way to show a value or an error."""

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunewright.core.errors import CutShort, UserError

if TYPE_CHECKING:
    from tunewright.core.gate import Override
    from tunewright.core.progress import Progress
    from tunewright.project import Project

#: The name of each verb's result type in ``results.py``; the JSON schemas are made from it.
RESULTS: dict[str, str] = {}


@dataclass
class Shell:
    """How one call of the program was asked to speak."""

    folder: Path = field(default_factory=Path)
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    sets: tuple[str, ...] = ()
    verb: str = ""
    warnings: list[str] = field(default_factory=list)

    def project(self, overrides: "dict[str, Override] | None" = None) -> "Project":
        """The project in the folder that was named."""
        from tunewright.cli.progress import step_line
        from tunewright.project import Project

        return Project.open(
            self.folder,
            sets=self.sets,
            overrides=overrides,
            progress=self.progress(),
            step_seen=lambda outcome: None if self.quiet else step_line(outcome),
        )

    def progress(self) -> "Progress":
        """Where long work reports: a bar on a terminal, a line each half minute elsewhere."""
        from tunewright.cli.progress import listener

        return listener(quiet=self.quiet)

    def show(self, value: Any) -> None:
        """Print a verb's result on stdout: tables for people, one JSON document for programs."""
        if self.json:
            from tunewright.cli.envelope import success

            print(success(self.verb, value, self.warnings))
            return
        from tunewright.cli.render import render

        render(value)

    def fail(self, error: UserError) -> None:
        """Print an error on stderr, and as a document on stdout when JSON was asked for."""
        if self.json:
            from tunewright.cli.envelope import failure

            print(failure(self.verb, error))
        from tunewright.cli.render import render_error

        render_error(error)


#: The shell of the call in progress; ``main`` needs it to print errors as they were asked for.
current = Shell()

COMMON = {
    "project": Annotated[Path, typer.Option("--project", "-C", help="The project folder.", rich_help_panel="Common")],
    "json": Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel="Common")
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel="Common")],
    "verbose": Annotated[
        bool, typer.Option("--verbose", help="Show a traceback when we are at fault.", rich_help_panel="Common")
    ],
    "yes": Annotated[
        bool, typer.Option("--yes", "-y", help="Take the defaults; ask nothing.", rich_help_panel="Common")
    ],
    "set": Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting over tunewright.yaml, such as seed=1.",
            rich_help_panel="Common",
        ),
    ],
    "offline": Annotated[
        bool,
        typer.Option("--offline", help="Refuse every connection that leaves this machine.", rich_help_panel="Common"),
    ],
    "no_color": Annotated[bool, typer.Option("--no-color", help="Plain text, no color.", rich_help_panel="Common")],
}
DEFAULTS: dict[str, Any] = {"project": Path(), "set": []}


def verb(function: Callable[..., Any]) -> Callable[..., None]:
    """A command made of `function`: it gains the common options, and what it returns is shown.

    `function` takes the :class:`Shell` first and its own options after it.
    """
    own = list(inspect.signature(function).parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS.get(name, False), annotation=kind)
        for name, kind in COMMON.items()
    ]
    name = function.__name__.rstrip("_").replace("_", "-")
    RESULTS[name] = inspect.signature(function).return_annotation

    def command(**given: Any) -> None:
        shared = {key: given.pop(key) for key in COMMON}
        _begin(name, shared)
        try:
            value = function(current, **given)
        except CutShort as cut:
            current.show(cut.result)
            raise
        if value is not None:
            current.show(value)

    command.__name__ = function.__name__
    command.__doc__ = function.__doc__
    command.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*own, *common)}
    return command


def _begin(name: str, shared: dict[str, Any]) -> None:
    current.verb = name
    current.folder = shared["project"]
    current.json = shared["json"]
    current.quiet = shared["quiet"]
    current.verbose = shared["verbose"]
    current.yes = shared["yes"]
    current.sets = tuple(shared["set"])
    current.warnings.clear()
    if shared["no_color"]:
        os.environ["NO_COLOR"] = "1"
    from tunewright.core.offline import go_offline, is_offline

    if shared["offline"] or is_offline():
        go_offline()


def interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal, and ``--yes`` was not given."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not current.yes and not current.json
