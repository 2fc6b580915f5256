"""What the command lines of ``screener`` and ``trainer`` have in common as programs.

A group that loads a command only when it is asked for, and the one place where an exception becomes
a message and an exit code.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from screener import console
from screener.console import ExitCode
from screener.errors import ScreenerError

DEBUG = click.Option(
    ["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error."
)
"""Looked for by :func:`run`, before or after the command's name."""


class LazyGroup(click.Group):
    """Commands named in a table, each in a module ``package.name`` as ``command``."""

    def __init__(
        self,
        package: str,
        commands: Mapping[str, str],
        help: str,  # noqa: A002
        settings: Callable[[], Mapping[str, object]] | None = None,
        unconfigured: Collection[str] = (),
    ) -> None:
        """Make a group.

        Args:
            package: of the modules; a hyphen in a command's name is ``_`` in its module's.
            commands: name and what it does in one line, in the order of ``--help``.
            help: what the program is for.
            settings: reads defaults for the options of a command, by the options' names.
            unconfigured: commands that must work with damaged settings.
        """
        super().__init__(
            help=help,
            epilog=console.EXIT_CODES,
            params=[DEBUG],
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.package = package
        self.table = commands
        self.settings = settings
        self.unconfigured = unconfigured

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names in their order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command, and give it the options and the epilogue all have."""
        if cmd_name not in self.table:
            return None
        module = import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        command.name = cmd_name
        command.epilog = console.EXIT_CODES
        if self.settings and cmd_name not in self.unconfigured:
            ctx.default_map = {cmd_name: self.settings()}
        for each in (command, *getattr(command, "commands", {}).values()):
            if DEBUG not in each.params:
                each.params.append(DEBUG)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names without loading a command."""
        names = [
            CompletionItem(name, help=line)
            for name, line in self.table.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def run(group: click.Group, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a group and return the exit code; whatever went wrong is told in one line.

    Args:
        group: of commands.
        name: of the program.
        arguments: after the program's name; those of the process if None.
    """
    console.forgive_encodings()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = group.main(arguments, name, standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        console.note("interrupted")
        return ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except (BrokenPipeError, SystemExit):  # the reader, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 (the outermost boundary)
        if "--debug" in arguments:
            traceback.print_exc()
        return _failed(error, name)
    return code if isinstance(code, int) else ExitCode.DONE


def _failed(error: Exception, name: str) -> ExitCode:
    """Say what went wrong and return the exit code it has."""
    if isinstance(error, ScreenerError):
        console.failure(str(error))
        return console.exit_code(error)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else name
        console.failure(f"{error.format_message()} See '{command} --help'.")
        return ExitCode.USAGE
    console.failure(
        f"unexpected {type(error).__name__}: {error}; please report it with what --debug shows"
    )
    return ExitCode.FAILED
