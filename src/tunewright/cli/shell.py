"""How one call of the program was asked to speak: its project, and one way to show a value or an error."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.cli.options import CommonOptions
from tunewright.core.errors import UserError

if TYPE_CHECKING:
    from tunewright.core.gate import Override
    from tunewright.core.progress import Progress
    from tunewright.project import Project


@dataclass
class Shell:
    """One call of the program; until its verb has been parsed, the options are the defaults.

    ``main`` makes it and hands it on as the object of typer's context, so that errors are printed as was asked for.
    """

    verb: str = ""
    options: CommonOptions = field(default_factory=CommonOptions)
    warnings: list[str] = field(default_factory=list)

    def begin(self, verb: str, options: CommonOptions) -> None:
        """Take on what was parsed, and obey the options that concern the whole process."""
        self.verb = verb
        self.options = options
        if options.no_color:
            os.environ["NO_COLOR"] = "1"
        from tunewright.core.offline import go_offline, is_offline

        if options.offline or is_offline():
            go_offline()

    @property
    def folder(self) -> Path:
        """The project folder that was named, as it was typed."""
        return self.options.project

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: both ends are a terminal, and ``--yes`` was not given."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.options.yes and not self.options.json

    def project(self, overrides: "dict[str, Override] | None" = None, *, settings: Sequence[str] = ()) -> "Project":
        """The project in the folder that was named.

        Args:
            overrides: a person's decision to pass a gate, by gate.
            settings: ``section.key=value`` texts of the verb's own options; those of ``--set`` are over them.
        """
        from tunewright.cli.progress import step_line
        from tunewright.project import Project

        return Project.open(
            self.folder,
            sets=(*settings, *self.options.set),
            overrides=overrides,
            progress=self.progress(),
            step_seen=lambda outcome: None if self.options.quiet else step_line(outcome),
        )

    def progress(self) -> "Progress":
        """Where long work reports: a bar on a terminal, a line each half minute elsewhere."""
        from tunewright.cli.progress import listener

        return listener(quiet=self.options.quiet)

    def show(self, value: Any, table: Callable[[Any], None]) -> None:
        """Print a verb's result on stdout: its `table` for people, one JSON document for programs."""
        if self.options.json:
            from tunewright.cli.envelope import success

            print(success(self.verb, value, self.warnings))
        else:
            table(value)

    def warn(self, line: str) -> None:
        """Say `line` on stderr, and in the document where JSON was asked for; call it before the result is shown."""
        from tunewright.cli.tables import print_warning

        self.warnings.append(line)
        print_warning(line)

    def fail(self, error: UserError, *, json: bool = False) -> None:
        """Print an error on stderr, and as a document on stdout when JSON was asked for.

        Args:
            error: every fault that there is.
            json: print the document all the same, where the options could not be parsed.
        """
        if self.options.json or json:
            from tunewright.cli.envelope import failure

            print(failure(self.verb, error))
        from tunewright.cli.tables import print_error

        print_error(error)
