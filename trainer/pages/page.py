"""One self-contained HTML page: headings, tables, figures. No scripts, nothing fetched.

Everything that is put in is escaped; pictures are embedded as PNG. The research-only warning stands
at the top and the bottom of each page.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from screener.study import RESEARCH_ONLY
from screener.whole import replace_text

_STYLE = """
:root { color-scheme: light; --ink: #1d2430; --soft: #5b6675; --line: #d8dde4; --tint: #f4f6f9; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .6rem;
  border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .5rem 0; }
.warning { border-left: 4px solid #b3541e; background: #fdf3ec; padding: .5rem .9rem;
  max-width: none; }
.verdict { border-left: 4px solid #2d5f9a; background: #eef4fb; padding: .5rem .9rem;
  max-width: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .4rem; }
th, td { padding: .32rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; overflow-wrap: break-word; }
thead th { vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { border-bottom: 2px solid var(--soft); }
tbody th { font-weight: 500; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .88rem; max-width: 46rem; }
.gallery { display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--least)), 1fr));
  gap: 1rem; }
.gallery figure { margin: 0; }
.gallery img { width: 100%; }
pre { background: var(--tint); padding: .8rem 1rem; overflow-x: auto; font-size: .85rem;
  line-height: 1.45; }
footer { color: var(--soft); font-size: .85rem; margin-top: 3rem; }
@media screen and (max-width: 48rem) { main { padding: 1.2rem 1rem 3rem; }
  table, caption, thead, tbody, tr, th, td { display: block; } thead { display: none; }
  tbody tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  tbody th, td { border: 0; padding: .1rem 0; text-align: left; }
  td { display: grid; grid-template-columns: minmax(7rem, 38%) 1fr; gap: .6rem; }
  td::before { content: attr(data-title); color: var(--soft); } }
@media print { h2, table, figure { break-inside: avoid; } main { padding: 0; } }
"""


class Page:
    """A page that is written from top to bottom."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]
        if subtitle:
            self.text(subtitle)
        self._parts.append(f'<p class="warning">{escape(RESEARCH_ONLY)}</p>')

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def verdict(self, text: str) -> None:
        """A paragraph that stands out."""
        self._parts.append(f'<p class="verdict">{escape(text)}</p>')

    def link(self, target: str, text: str) -> None:
        """A paragraph that leads to a file beside the page."""
        self._parts.append(f'<p><a href="{escape(target, quote=True)}">{escape(text)}</a></p>')

    def code(self, text: str) -> None:
        """Text as it stands in a file."""
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = ""
    ) -> None:
        """A table; the first cell of a row is its heading, and a narrow screen's row is a card."""
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
        body = "".join(f"<tr>{_cells(row, columns)}</tr>" for row in rows)
        above = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._parts.append(
            f'<div class="scroll"><table>{above}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def figure(self, png: bytes, caption: str) -> None:
        """A picture with its caption, which is also its text for those who cannot see it."""
        self._parts.append(_figure(png, caption))

    def gallery(self, pictures: Iterable[tuple[bytes, str]], width: str = "26rem") -> None:
        """Pictures side by side, each with a caption and at least as wide as a CSS length."""
        inside = "".join(_figure(png, caption) for png, caption in pictures)
        self._parts.append(f'<div class="gallery" style="--least: {width}">{inside}</div>')

    def html(self) -> str:
        """The whole document."""
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head>\n<body><main>\n"
            + "\n".join(self._parts)
            + f"\n<footer>{escape(RESEARCH_ONLY)}</footer>\n</main></body></html>\n"
        )

    def write(self, path: Path) -> None:
        """Write the document to a file."""
        replace_text(path, self.html())


def _cells(row: Sequence[object], columns: Sequence[str]) -> str:
    first, *rest = row
    cells = "".join(
        f'<td data-title="{escape(title, quote=True)}">{escape(str(cell))}</td>'
        for cell, title in zip(rest, columns[1:], strict=True)
    )
    return f'<th scope="row">{escape(str(first))}</th>{cells}'


def _figure(png: bytes, caption: str) -> str:
    text = escape(caption, quote=True)
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'
