"""A reportlab canvas that writes each page to the file as soon as it is finished.

reportlab keeps every page and picture until the end; a report of thousands of studies would not
fit. Here finished objects go straight to the stream, and only their offsets are kept. Links are
named destinations, because a page may point to one that is not written yet.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import IO, Any

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from screener.report import script, shaping, style
from screener.report.style import Type

rl_config.useA85 = 0  # binary streams: a fifth smaller than reportlab's text encoding

_WRITTEN_AT_ONCE = (
    pdfdoc.PDFPage,
    pdfdoc.PDFStream,
    pdfdoc.PDFImageXObject,
    pdfdoc.LinkAnnotation,
)

RISE = 0.2
"""Of a tone above a vowel sign, in sizes of the type."""


class _Stamp:
    """The document's time, in the form reportlab wants it."""

    def __init__(self, moment: datetime) -> None:
        offset = moment.utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset else 0
        self.t = moment.timestamp()
        self.YMDhms = moment.timetuple()[:6]
        self.dhh, self.dmm = int(minutes / 60), abs(minutes) % 60


class _File(pdfdoc.PDFFile):  # type: ignore[misc]
    """Counts and digests bytes on their way to the stream, instead of keeping them."""

    def __init__(self, stream: IO[bytes], version: tuple[int, int]) -> None:
        self._stream = stream
        self.digest = hashlib.md5(usedforsecurity=False)
        self.offset = 0
        self.add(b"%%PDF-%d.%d\n%%\xe2\xe3\xcf\xd3\n" % version)

    def write(self, content: bytes) -> None:
        self.digest.update(content)
        self._stream.write(content)


class _Document(pdfdoc.PDFDocument):  # type: ignore[misc]
    """A PDF document whose finished objects are already in the file."""

    def __init__(self, stream: IO[bytes], generated_at: datetime) -> None:
        super().__init__(compression=1, invariant=0, pdfVersion=(1, 7), lang="en")
        self._timeStamp = _Stamp(generated_at)
        self._file = _File(stream, (1, 7))
        self._next = 1
        self._deferred: list[int] = []

    def flush(self) -> None:
        """Write what a finished page has completed; keep what may still change."""
        while self._next in self.numberToId:
            number = self._next
            self._next += 1
            if isinstance(self.idToObject[self.numberToId[number]], _WRITTEN_AT_ONCE):
                self._write(number)
            else:
                self._deferred.append(number)

    def _write(self, number: int) -> None:
        name = self.numberToId[number]
        text = pdfdoc.PDFIndirectObject(name, self.idToObject[name]).format(self)
        self.idToOffset[name] = self._file.add(text)
        self.idToObject[name] = None  # the name stays taken, the content is let go

    def SaveToFile(self, filename: object, canvas: Canvas) -> None:  # noqa: N802, ARG002
        """Write the rest: fonts, outline, page tree, cross-reference table and trailer."""
        for font in self.delayedFonts:
            font.addObjects(self)
        self.Reference(self.Catalog)
        self.Reference(self.info)
        self.Outlines.prepare(self, canvas)
        self.flush()
        while self._deferred:
            self._write(self._deferred.pop(0))
            self.flush()
        table = pdfdoc.PDFCrossReferenceTable()
        table.addsection(0, [self.numberToId[number] for number in range(1, self._next)])
        start = self._file.add(table.format(self))
        mark = self._file.digest.hexdigest().encode()
        trailer = pdfdoc.PDFTrailer(
            startxref=start,
            Size=self._next,
            Root=self.Reference(self.Catalog),
            Info=self.Reference(self.info),
            ID=b"[<%b> <%b>]" % (mark, mark),
        )
        self._file.add(trailer.format(self))


class Sheet(Canvas):  # type: ignore[misc]
    """A canvas in points from the lower left corner, with text placed by the top of its line."""

    def __init__(
        self, stream: IO[bytes], size: tuple[float, float], generated_at: datetime
    ) -> None:
        super().__init__(stream, pagesize=size, pageCompression=1, initialFontName=style.TEXT)
        self._doc = _Document(stream, generated_at)
        self._named: dict[str, Any] = {}
        self._here: set[str] = set()
        self.setViewerPreference("DisplayDocTitle", "true")

    def showPage(self) -> None:  # noqa: N802
        """Finish the page and hand it to the file."""
        super().showPage()
        self._doc.flush()
        self._here.clear()

    def first_here(self, name: str) -> bool:
        """Whether this is asked for the first time on this page: for what it needs only once."""
        first = name not in self._here
        self._here.add(name)
        return first

    def save(self) -> None:
        """Finish the document."""
        self._doc.Catalog.Dests = pdfdoc.PDFDictionary(self._named)
        self._doc.SaveToFile(None, self)

    def anchor(self, name: str, top: float) -> None:
        """Let links and bookmarks find this place."""
        self._named[name] = self.bookmarkPage(name, fit="XYZ", left=0, top=top + 12)

    def bookmark(self, name: str, title: str, level: int) -> None:
        """List an anchored place in the outline; what is below it stays folded at first."""
        self.addOutlineEntry(title, name, level, closed=True)

    def link(self, words: str, name: str, box: tuple[float, float, float, float]) -> None:
        """Make a box lead to an anchor; ``words`` say where to, for those who hear the page."""
        link = pdfdoc.LinkAnnotation(box, words, pdfdoc.PDFName(name), "[0 0 0]")
        self._addAnnotation(link)

    def rule(
        self, x: float, y: float, length: float, weight: float = 0.4, colour: HexColor = style.RULE
    ) -> None:
        """A horizontal line."""
        self.setStrokeColor(colour)
        self.setLineWidth(weight)
        self.line(x, y, x + length, y)

    def fill(self, x: float, y: float, w: float, h: float, colour: Color) -> None:
        """A filled rectangle without an outline."""
        self.setFillColor(colour)
        self.rect(x, y, w, h, stroke=0, fill=1)

    def write(self, text: str, x: float, top: float, kind: Type, align: str = "left") -> None:
        """One line of legible text; ``x`` is its left edge, its right edge or its middle."""
        text = script.seen(style.legible(text, kind.font))
        if align != "left":
            x -= style.width(text, kind) / (1 if align == "right" else 2)
        self.setFillColor(kind.colour)
        baseline = top - (kind.leading + 0.72 * kind.size) / 2
        for font, part in style.runs(text, kind.font):
            self._run(part, x, baseline, replace(kind, font=font))
            x += style.width(part, replace(kind, font=font))

    def _run(self, text: str, x: float, baseline: float, kind: Type) -> None:
        """Text of one typeface; a mark on top of a mark is raised above it."""
        self.setFont(kind.font, kind.size)
        if shaping.is_word(text):
            self._word(text, x, baseline, kind)
            return
        for number, part in enumerate(script.HIGH_MARK.split(text)):
            rise = RISE * kind.size if number % 2 else 0.0
            if part:
                self.drawString(x, baseline + rise, part, charSpace=kind.tracking)
            x += style.width(part, kind)

    def _word(self, text: str, x: float, baseline: float, kind: Type) -> None:
        """A word by its glyphs, which stand for no letters: what they mean is told to readers."""
        meant = (b"\xfe\xff" + text.encode("utf-16-be")).hex()
        self._code.append(f"/Span <</ActualText <{meant}>>> BDC")
        glyphs = shaping.shaped(text, kind.font, kind.size)
        self.drawString(x, baseline, glyphs, charSpace=kind.tracking)
        self._code.append("EMC")

    def picture(self, jpeg: bytes, x: float, y: float, w: float, h: float) -> None:
        """A JPEG, embedded as it is, and only once however often it is drawn."""
        name = hashlib.sha256(jpeg).hexdigest()
        inside = self._doc.getXObjectName(name)
        if inside not in self._doc.idToObject:
            image = pdfdoc.PDFImageXObject(name)
            image.loadImageFromJPEG(BytesIO(jpeg))
            self._doc.Reference(image, inside)
        self.saveState()
        self.transform(w, 0, 0, h, x, y)
        self._code.append(f"/{inside} Do")
        self.restoreState()
        self._formsinuse.append(name)
