"""Pieces that several sections of the report are made of: headings, boxes, lists of facts."""

from __future__ import annotations

from collections.abc import Iterable

from screener.report import style
from screener.report.content import SECTIONS
from screener.report.layout import Block, Frame, lines, stack
from screener.report.pdf import Sheet


def heading(key: str, frame: Frame, *, fresh: bool = True) -> Block:
    """The heading of a section, with its bookmark; begins a page where ``fresh``."""

    def draw(sheet: Sheet, top: float) -> None:
        sheet.write(SECTIONS[key], frame.left, top, style.HEADING)

    return Block(24, draw, before=34, keep=110, anchor=key, title=SECTIONS[key], fresh=fresh)


def subheading(text: str, frame: Frame) -> Block:
    """The heading of a part of a section."""

    def draw(sheet: Sheet, top: float) -> None:
        sheet.write(text, frame.left, top, style.SUBHEADING)

    return Block(15, draw, before=14, keep=40)


def boxed(title: str, text: str, frame: Frame) -> Block:
    """A warning that cannot be overlooked, in black on every printer."""
    left, room = frame.left + 14, frame.width - 28
    inside = stack(
        [*lines(title, style.SUBHEADING, left, room), *lines(text, style.BODY, left, room)]
    )
    height = inside.height + 20

    def draw(sheet: Sheet, top: float) -> None:
        sheet.setStrokeColor(style.INK)
        sheet.setLineWidth(0.8)
        sheet.rect(frame.left, top - height, frame.width, height)
        sheet.fill(frame.left, top - height, 4, height, style.INK)
        inside.draw(sheet, top - 10)

    return Block(height, draw)


def facts(named: Iterable[tuple[str, str]], frame: Frame) -> Block:
    """Names on the left, values on the right, kept together."""
    indent = 92.0
    blocks = []
    for name, value in named:
        first, *rest = lines(value, style.TABLE, frame.left + indent, frame.width - indent)

        def draw(sheet: Sheet, top: float, name: str = name, first: Block = first) -> None:
            sheet.write(name.upper(), frame.left, top - 1, style.LABEL)
            first.draw(sheet, top)

        blocks.append(Block(first.height, draw, before=3))
        blocks += rest
    return stack(blocks)
