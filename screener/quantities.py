"""The numbers that options of both programs take: kinds of click that refuse what is none."""

from __future__ import annotations

from typing import Any

import click


class Number(click.FloatRange):
    """A number within a range; what is no number, which compares with nothing, is in none."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 (as click has it)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """The value as a float, if it is one of the range."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is no number.", param, ctx)
        return number


MANY = click.IntRange(1, 2**40)
"""How many studies, pixels and the like can be asked for."""
AT_ONCE = click.IntRange(1, 4096)
"""How many processes, radiographs and views at once can be asked for."""
SEED = click.IntRange(0, 2**40)
"""What a draw begins with."""
