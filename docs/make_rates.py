"""What bundled weights reach in hospitals that were not seen, in the README and on the pages.

    make docs

Written between marks, from the card of the weights and nothing else; a test fails when a page no
longer says what the card does. What a card has no figures for is said to be not measured.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

sys.path.insert(0, str(Path(__file__).parents[1]))

from screener import rates
from screener.card import WeightsCard, load_card
from screener.network.weights import bundled
from trainer.pages.card import rate_tables, rows_of, unseen

DOCS = Path(__file__).parent
PAGES = (DOCS.parent / "README.md", DOCS / "what-a-score-means.md")
PART = re.compile(r"(<!-- rates of ([\w-]+) -->\n).*?(<!-- end of rates -->)", re.DOTALL)
WIDTH = 104
UNSORTED = (
    "The films of hospitals never learnt from are not sorted by what they showed, but by label."
)


def renewed(page: str) -> str:
    """A page's text with what the cards say between its marks."""
    return PART.sub(lambda found: f"{found[1]}\n{_said(found[2])}\n\n{found[3]}", page)


def _said(name: str) -> str:
    """The figures of some bundled weights, what reaches each band before everything else."""
    return "\n".join(lines(load_card(bundled(name)))).strip()


def lines(card: WeightsCard) -> Iterator[str]:
    """The rates, or what the card has in their stead; then what they come from."""
    section = unseen(card)
    known = list(rate_tables(card))
    yield _filled(rates.SAID if known else UNSORTED)
    for table in known or section.tables[-1:]:
        yield from ("", f"{table.caption}:", "", *rows_of(table))
    yield from ("", _filled(section.text))


def _filled(text: str) -> str:
    return fill(text, WIDTH, break_on_hyphens=False)


if __name__ == "__main__":
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        path.write_text(renewed(text), encoding="utf-8", newline="\n")
