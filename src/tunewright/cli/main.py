"""The program: verbs in the order of the work, errors in one voice, exit codes that say what happened."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tunewright.cli.command import Group
from tunewright.cli.commands import commands
from tunewright.cli.shell import Shell
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.version import __version__

ABOUT = "From raw tickets to a proven fine-tuned model: audit → clean → split → plan → train → evaluate → release."


def program() -> typer.Typer:
    """The program with every verb; the object of its context is a :class:`Shell`."""
    app = typer.Typer(
        name="tunewright",
        help=ABOUT,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_version)
    groups: dict[Group, typer.Typer] = {}
    for verb in commands():
        parent = app
        if verb.group:
            if verb.group not in groups:
                groups[verb.group] = typer.Typer(help=verb.group.about, no_args_is_help=True)
                app.add_typer(groups[verb.group], name=verb.group.name, rich_help_panel=verb.group.panel)
            parent = groups[verb.group]
        parent.command(verb.word, rich_help_panel=verb.panel or None)(verb.function())
    return app


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

    shell = Shell()
    try:
        code = program()(args=arguments, standalone_mode=False, obj=shell)
    except Exit as ended:
        code = ended.exit_code
    except UserError as error:
        shell.fail(error)
        code = error.exit_code
    except TyperException as error:
        fault = UserError("E-CLI-001", error.format_message(), fix=_usage_fix(error))
        shell.fail(fault, json="--json" in (sys.argv if arguments is None else arguments))
        code = ExitCode.USAGE
    except (KeyboardInterrupt, Abort):
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:  # `tunewright events | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    except (OSError, MemoryError) as error:
        code = _machine(shell, error)
    except Exception as error:
        code = _bug(shell, error)
    if code == ExitCode.INTERRUPTED:  # typer turns Ctrl-C into an Exit with this code, and says nothing
        print("\nInterrupted. What was done is kept; the same command goes on from there.", file=sys.stderr)
    return int(code) if isinstance(code, int) else int(ExitCode.OK)


def _usage_fix(error: Any) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "tunewright")
    return f"{path} --help"


def _machine(shell: Shell, error: OSError | MemoryError) -> int:
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
        return _bug(shell, error)
    shell.fail(fault)
    return int(fault.exit_code)


def _bug(shell: Shell, error: Exception) -> int:
    """Our fault: the traceback goes to a file, the user gets one sentence."""
    import traceback
    from datetime import UTC, datetime

    text = "".join(traceback.format_exception(error))
    folder = shell.folder / ".tunewright" / "logs"
    if not folder.parent.is_dir():
        import tempfile

        folder = Path(tempfile.gettempdir()) / "tunewright-logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    log.write_text(text, encoding="utf-8")
    if shell.options.verbose:
        print(text, file=sys.stderr)
    shell.fail(
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
