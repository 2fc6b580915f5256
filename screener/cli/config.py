"""``screener config``: every setting, its value and where that comes from."""

from __future__ import annotations

import json

import click

from screener import config, console
from screener.cli import options
from screener.cli.table import table


@click.group(invoke_without_command=True)
@options.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show every setting and where it comes from.

    An option of a command comes first, then SCREENER_NAME in the environment, then screener.toml
    in the working directory, then the user's screener.toml, then the default.
    """
    if context.invoked_subcommand:
        return
    loaded = config.load()
    if as_json:
        values = {name: {"value": v.value, "origin": v.origin} for name, v in loaded.values.items()}
        console.say(json.dumps({"schema": 1, "settings": values, "keymap": dict(loaded.keymap)}))
        return
    about = {setting.name: setting.about for setting in config.SETTINGS}
    rows = [(name, str(v.value), v.origin, about[name]) for name, v in loaded.values.items()]
    rows += [(f"keymap.{name}", key, "file", "") for name, key in loaded.keymap.items()]
    for line in table(("setting", "value", "origin", "what it is"), rows):
        console.say(line)


@command.command()
def path() -> None:
    """Print the files that are read, the stronger first."""
    for file in config.files():
        console.say(f"{file.absolute()}{'' if file.exists() else '  (not there)'}")
