"""Every command's help on one page: ``docs/commands.md``.

    make docs

Rendered from the programs themselves, without anybody's settings; a test fails when the page is no
longer what they say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import copy
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from screener import console
from screener.cli.main import screener
from screener.program import LazyGroup
from trainer.cli.main import trainer

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 96
HEAD = """# All commands

What `--help` says, of both programs and each of their commands. Made by `make docs`, not by hand.
The defaults are those without settings; `screener config` shows yours.
"""


def rendered() -> str:
    """The whole page."""
    programs = {"screener": screener, "trainer": trainer}
    sections = [part for name, group in programs.items() for part in _program(name, group)]
    return "\n".join([HEAD, *sections])


def _program(name: str, group: LazyGroup) -> Iterator[str]:
    program = copy(group)
    program.settings = None
    context = click.Context(
        program, info_name=name, terminal_width=WIDTH, **program.context_settings
    )
    yield f"## {name}\n\n{_help(context)}"
    for command in program.table:
        yield from _command(context, command)


def _command(above: click.Context, name: str) -> Iterator[str]:
    assert isinstance(above.command, click.Group)
    found = above.command.get_command(above, name)
    assert found is not None
    command = copy(found)
    # the exit codes stand with the program
    command.epilog = (found.epilog or "").removesuffix(console.EXIT_CODES).rstrip()
    context = click.Context(command, above, name)
    yield f"### {context.command_path}\n\n{_help(context)}"
    for inner in getattr(command, "commands", {}):
        yield from _command(context, inner)


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help().rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8", newline="\n")
