"""``screener completion``: the script that teaches a shell to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from screener import console


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    For bash, put into ~/.bashrc: eval "$(screener completion bash)"
    """
    group = context.find_root()
    maker = get_completion_class(shell)
    if maker is None:
        raise click.UsageError(f"No completion for {shell}.")
    console.say(maker(group.command, {}, "screener", "_SCREENER_COMPLETE").source())
