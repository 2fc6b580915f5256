"""What the command lines of ``screener`` and ``trainer`` have in common as programs.

A group that loads a command only when it is asked for, and the one place where an exception becomes
a message and an exit code.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module

import click
from click.shell_completion import CompletionItem, shell_complete

from screener import console
from screener.console import ExitCode
from screener.errors import ScreenerError
from screener.text import closest

DEBUG = click.Option(
    ["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error."
)
"""Looked for by :func:`run`, before or after the command's name."""


STREAMS = {1: "stdout", 2: "stderr"}
"""By descriptor."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What there is no room for."""
ELSEWHERE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR,
    errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP,
)  # fmt: skip
"""What no file can be read from or written to, and no trying again helps."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: whoever started the program wants it to end."""


class LazyGroup(click.Group):
    """Commands named in a table, each in a module ``package.name`` as ``command``."""

    def __init__(
        self,
        package: str,
        commands: Mapping[str, str],
        help: str,  # noqa: A002
        settings: Callable[[], Mapping[str, object]] | None = None,
        unconfigured: Collection[str] = (),
        examples: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Make a group.

        Args:
            package: of the modules; a hyphen in a command's name is ``_`` in its module's.
            commands: name and what it does in one line, in the order of ``--help``.
            help: what the program is for.
            settings: reads defaults for the options of a command, by the options' names.
            unconfigured: commands that must work with damaged settings.
            examples: of each command, by its words; "" for the program itself.
        """
        super().__init__(
            help=help,
            params=[DEBUG],
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.package = package
        self.table = commands
        self.settings = settings
        self.unconfigured = unconfigured
        self.examples = examples or {}
        self.program = package.partition(".")[0]
        self.epilog = self._epilogue("", console.EXIT_CODES)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; of one there is not, say which may have been."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}{closest(args[0], self.table) or '.'}")
        return super().resolve_command(ctx, args)

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
        command.epilog = self._epilogue(cmd_name, console.EXIT_CODES)
        for name, inner in getattr(command, "commands", {}).items():
            inner.epilog = self._epilogue(f"{cmd_name} {name}")
        if self.settings and cmd_name not in self.unconfigured:
            ctx.default_map = {cmd_name: self.settings()}
        for each in (command, *getattr(command, "commands", {}).values()):
            if DEBUG not in each.params:
                each.params.append(DEBUG)
        return command

    def _epilogue(self, words: str, *more: str) -> str:
        """What a command's help ends with: how it is typed, then more."""
        lines = [f"  {self.program} {line}" for line in self.examples.get(words, ())]
        examples = ["\n".join(["\b", "Examples:", *lines])] if lines else []
        return "\n\n".join([*examples, *more])

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
    _open_streams()
    console.forgive_encodings()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    with _terminable():
        try:
            code = _invoke(group, name, arguments, debug=debug)
        except BrokenPipeError as error:
            code = _left(error, name, debug=debug)
        return _flushed(code)


def _invoke(group: click.Group, name: str, arguments: list[str], *, debug: bool) -> int:
    """Run a group; gives the exit code of what it did or of what stopped it.

    Not by click's own ``main``, which gives every broken pipe an exit code of its own.

    Raises:
        BrokenPipeError: whoever was at the other end of a pipe has gone.
    """
    variable = f"_{name.upper()}_COMPLETE"
    try:
        if instruction := os.environ.get(variable):
            return shell_complete(group, {}, name, variable, instruction)
        with group.make_context(name, arguments) as context:
            group.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, EOFError, KeyboardInterrupt) as error:
        return _interrupted(error)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (the outermost boundary)
        return _failed(error, name, debug=debug)
    return ExitCode.DONE


def _open_streams() -> None:
    """A program started without stdout or stderr writes to nowhere, not into its next file."""
    for name in STREAMS.values():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the program as Ctrl-C does, so that nothing is left behind."""

    def terminate(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupted(error: BaseException) -> ExitCode:
    if isinstance(error, EOFError) or isinstance(error.__context__, EOFError):
        console.note("")  # ends the line of the question
        console.failure("a question was asked and stdin holds no answer; answer it or see --help")
        return ExitCode.USAGE
    hints = getattr(error, "__notes__", ())  # of the command, such as how to go on
    if isinstance(error, Terminated) or isinstance(error.__context__, Terminated):
        console.note("; ".join(["terminated", *hints]))
        return ExitCode.TERMINATED
    console.note("; ".join(["interrupted", *hints]))
    return ExitCode.INTERRUPTED


def _left(error: BrokenPipeError, name: str, *, debug: bool) -> int:
    """End silently where the reader of stdout or stderr, such as head, has had enough."""
    if any(map(_has_no_reader, STREAMS)):
        return ExitCode.DONE
    return _failed(error, name, debug=debug)


def _has_no_reader(descriptor: int) -> bool:
    if not hasattr(select, "poll"):  # Windows cannot be asked
        return True
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0))


def _flushed(code: int) -> int:
    """Write out what waits, here where it can still fail in an orderly way; gives the exit code."""
    for descriptor, name in STREAMS.items():
        try:
            getattr(sys, name).flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # Python flushes again at its end
            if not isinstance(error, BrokenPipeError):
                console.failure(f"{name}: {error.strerror}; write to another place")
                code = ExitCode.FAILED
    return code


def _failed(error: Exception, name: str, *, debug: bool) -> ExitCode:
    """Say what went wrong and return the exit code it has."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, ScreenerError):
        for line in str(error).splitlines():
            console.failure(line)
        return console.exit_code(error)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else name
        console.failure(f"{error.format_message()} See '{command} --help'.")
        return ExitCode.USAGE
    if isinstance(error, OSError) and (known := _of_the_system(error)):
        return known
    console.failure(
        f"unexpected {type(error).__name__}: {error}; please report it with what --debug shows"
    )
    return ExitCode.FAILED


def _of_the_system(error: OSError) -> ExitCode | None:
    """Say what a file system does not do; None where it is nothing that a user could mend."""
    if error.errno in FULL:
        where = error.filename or "what is being written"
        console.failure(f"{where}: {error.strerror}; make room and run the command again")
        return ExitCode.FAILED
    if error.errno in ELSEWHERE and isinstance(error.filename, str | bytes):
        where = os.fsdecode(error.filename)
        console.failure(f"{where}: {error.strerror}; name another place, or change what is there")
        return ExitCode.USAGE
    return None
