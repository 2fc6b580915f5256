"""Every ``--help`` of both programs ends with examples, and each of them can be typed so."""

import shlex

import click
import pytest

from screener.cli.main import screener
from trainer.cli.main import trainer

PROGRAMS = {"screener": screener, "trainer": trainer}


def commands(context, words=""):
    """Every command below a group with its words, the group itself first."""
    yield words, context
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        inner = click.Context(context.command.get_command(context, name), context, name)
        yield from commands(inner, f"{words} {name}".strip())


def every():
    for name, group in PROGRAMS.items():
        for words, context in commands(
            click.Context(group, info_name=name, **group.context_settings)
        ):
            yield pytest.param(name, words, context, id=f"{name} {words}".strip())


def lines_of(context) -> list[str]:
    """The examples in the help, as they are shown."""
    shown = context.get_help().partition("Examples:\n")[2].partition("\n\n")[0]
    return [line.strip() for line in shown.splitlines()]


@pytest.mark.parametrize(("program", "words", "context"), every())
def test_every_help_has_examples_that_its_own_parser_takes(program, words, context):
    lines = lines_of(context)
    assert lines
    for line in lines:
        typed = shlex.split(line.partition(" > ")[0])
        assert " ".join(typed[: 1 + len(words.split())]) == f"{program} {words}".strip()
        parse(PROGRAMS[program], typed)


def parse(command, typed):
    """Find the command that is meant and read its options; values are not looked at."""
    context = click.Context(command, info_name=typed[0], **command.context_settings)
    rest = typed[1:]
    while isinstance(context.command, click.Group) and rest:
        name, inner, rest = context.command.resolve_command(context, rest)
        context = click.Context(inner, context, name)
    _, left, _ = context.command.make_parser(context).parse_args(list(rest))
    assert not left


def test_no_example_is_of_a_command_that_is_not_there():
    for name, group in PROGRAMS.items():
        known = {
            words
            for words, _ in commands(click.Context(group, info_name=name, **group.context_settings))
        }
        assert set(group.examples) <= known
