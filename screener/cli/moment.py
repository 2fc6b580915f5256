"""``--since``: a day, a time, or the last scan, as an option takes it and as a run of the store.

Reads what is typed and looks it up; refuses what is neither.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from screener.results.store import Store

Since = datetime | Literal["last"]


def _read(ctx: click.Context, param: click.Parameter, value: str | None) -> Since | None:
    """The word "last", or a day or time as ISO 8601 has them."""
    if value is None:
        return None
    if value == "last":
        return "last"
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        words = f"{value!r} is no time; write 2026-03-02, 2026-03-02T14:30, or last."
        raise click.BadParameter(words, ctx, param) from None


since_option = click.option(
    "--since",
    metavar="DATE|last",
    callback=_read,
    help="Only studies with a file that was first found since then, or by the last scan.",
)


def run_of(store: Store, since: Since) -> int:
    """The first run that counts."""
    from screener.results.since import latest, run_since

    return latest(store) if since == "last" else run_since(store, since)
