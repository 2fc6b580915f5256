"""Installed typefaces, for names in scripts that the shipped ones lack.

Nothing is looked for before a text needs it. Only TrueType outlines can be embedded: other fonts,
and those whose maker forbids it, are passed over. The same fonts give the same choice, whatever
was asked before, so that a report can be made again byte for byte.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont, TTFontFile

from screener import config

KNOWN = (
    *("droidsansfallbackfull.ttf", "droidsansfallback.ttf", "wqy-zenhei.ttc", "wqy-microhei.ttc"),
    *("msyh.ttc", "yugothr.ttc", "malgun.ttf", "leelawui.ttf", "simsun.ttc", "msgothic.ttc"),
    *("gulim.ttc", "tahoma.ttf", "arial unicode.ttf", "arialuni.ttf", "applegothic.ttf"),
    *("thonburi.ttc", "ipag.ttf", "nanumgothic.ttf", "notosansthai-regular.ttf", "loma.ttf"),
    *("nirmala.ttf", "nirmala.ttc", "mangal.ttf", "kohinoor.ttc", "notosansdevanagari-regular.ttf"),
    *("notosanslao-regular.ttf", "notosansethiopic-regular.ttf", "notosanshebrew-regular.ttf"),
)
"""Plain cuts with many names' letters, tried before all others, in this order."""
OTHER_CUT = re.compile(r"bold|italic|oblique|black|light|thin|mono|serif", re.IGNORECASE)
MOST_FILES = 20_000
MOST_READ = 400
"""About five seconds, once, where a character is in none of them."""
LARGEST = 64 << 20
FAULTS = (TTFError, OSError, ValueError, OverflowError, LookupError, TypeError, struct.error)
"""What reportlab raises for a font that it cannot take."""


def folders() -> tuple[Path, ...]:
    """The folder of the setting ``fonts``, then the system's usual ones; none need exist."""
    chosen = str(config.load().values["fonts"].value)
    return (*([Path(chosen)] if chosen else []), *_usual())


def _usual() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        windows = Path(os.environ.get("WINDIR") or "C:/Windows")
        return [windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    shared = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    system = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    return [*system, shared / "fonts", home / ".fonts"]


@cache
def installed() -> Typefaces:
    """Those of this machine, looked through once a process."""
    return Typefaces(folders())


@dataclass(frozen=True, slots=True)
class _Typeface:
    name: str
    path: Path
    characters: frozenset[str]
    """All that leave ink."""
    scripts: frozenset[str]
    """OpenType tags of those that it says how to shape."""


class Typefaces:
    """The typefaces below some folders; known ones are preferred, then earlier folders."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._unread = _readable(places)
        self._read: list[_Typeface] = []
        self._holding: dict[tuple[str, frozenset[str]], str | None] = {}
        self._registered: set[str] = set()

    def holding(self, characters: str, scripts: frozenset[str] = frozenset()) -> str | None:
        """The name, for reportlab, of the first typeface that has a glyph of each character.

        Args:
            characters: one or several.
            scripts: OpenType tags, of one of which the typeface must say how it is shaped.
        """
        wanted = characters, scripts
        if wanted not in self._holding:
            self._holding[wanted] = self._search(*wanted)
        return self._holding[wanted]

    def _search(self, characters: str, scripts: frozenset[str]) -> str | None:
        for typeface in self._all():
            is_shaping = not scripts or scripts & typeface.scripts
            if is_shaping and typeface.characters.issuperset(characters):
                self._register(typeface)
                return typeface.name
        return None

    def _all(self) -> Iterator[_Typeface]:
        yield from self._read
        for typeface in self._unread:
            self._read.append(typeface)
            yield typeface

    def _register(self, typeface: _Typeface) -> None:
        if typeface.name not in self._registered:
            font = TTFont(typeface.name, str(typeface.path))
            # Two files may have one name inside: in the PDF one would draw the other's glyphs.
            font.face.name = f"{typeface.name}-".encode() + font.face.name
            registerFont(font)
            self._registered.add(typeface.name)


def _readable(places: Sequence[Path]) -> Iterator[_Typeface]:
    for number, path in enumerate(islice(_ordered(places), MOST_READ)):
        try:
            yield _Typeface(f"found-{number}", path, *_content(path))
        except FAULTS:
            continue


def _ordered(places: Sequence[Path]) -> Iterator[Path]:
    """Font files, the known ones first."""
    files = [path for place in places for path in islice(_files(place), MOST_FILES)]
    yield from sorted(files, key=_rank)


def _rank(path: Path) -> tuple[int, bool]:
    name = path.name.lower()
    known = KNOWN.index(name) if name in KNOWN else len(KNOWN)
    return known, bool(OTHER_CUT.search(name))


def _files(place: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(place):
        below.sort()
        yield from (
            Path(folder, name) for name in sorted(names) if name.lower().endswith((".ttf", ".ttc"))
        )


def _content(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What the file, or its first typeface, draws with any ink at all, and what it shapes."""
    if path.stat().st_size > LARGEST:
        raise TTFError(f"{path} is too large")
    font = TTFontFile(str(path))
    starts = font.glyphPos
    characters = frozenset(
        chr(code)
        for code, glyph in font.charToGlyph.items()
        if glyph and starts[glyph] < starts[glyph + 1]
    )
    return characters, frozenset(_scripts(font))


def _scripts(font: TTFontFile) -> Iterator[str]:
    """The tags of its table of substitutions, where it has one."""
    if "GSUB" not in font.table:
        return
    content = font.get_table("GSUB")
    (at,) = struct.unpack_from(">H", content, 4)
    (count,) = struct.unpack_from(">H", content, at)
    for place in range(at + 2, at + 2 + 6 * count, 6):
        yield content[place : place + 4].decode("latin-1")
