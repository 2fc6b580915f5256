"""Names in scripts that the shipped typefaces lack, set in fonts that are found."""

import re
import shutil
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfbase.pdfmetrics import stringWidth

from screener.report import script, style, typefaces, write_report
from screener.report.pdf import Sheet
from tests.report.conftest import MADE

NAME = "山田太郎 かな 홍길동 ไทย"
WITHOUT_INK = "\u3164"
SYSTEM = [*typefaces._usual(), Path("/usr/share/fonts-droid-fallback")]


@pytest.fixture(autouse=True)
def shipped():
    style.register_fonts()


def font_with(characters, path):
    """A copy of a shipped font whose capital letters stand for these; blank where without ink.

    It says that it shapes Devanagari.
    """
    data = (style.FONTS / f"{style.TEXT}.ttf").read_bytes().replace(b"cyrl", b"dev2")
    glyphs = {c: 3 if c == WITHOUT_INK else 36 + n % 26 for n, c in enumerate(characters)}
    groups = [struct.pack(">3I", ord(c), ord(c), g) for c, g in sorted(glyphs.items())]
    table = struct.pack(">2H2HI", 0, 1, 3, 10, 12)
    table += struct.pack(">2H3I", 12, 0, 16 + 12 * len(groups), 0, len(groups)) + b"".join(groups)
    entry = data.index(b"cmap", 12, 12 + 16 * struct.unpack(">H", data[4:6])[0])
    end = data + bytes(-len(data) % 4)
    place = struct.pack(">2I", len(end), len(table))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(end[: entry + 8] + place + end[entry + 16 :] + table)
    return path


def drawn(path, *lines):
    with path.open("wb") as stream:
        sheet = Sheet(stream, (300, 200), datetime(2026, 1, 1, tzinfo=UTC))
        for number, line in enumerate(lines):
            sheet.write(line, 10, 180 - 20 * number, style.NAME)
        sheet.showPage()
        sheet.save()
    return PdfReader(path).pages[0]


def text_of(page):
    """Its text on one line; the reader breaks lines between typefaces."""
    return " ".join(page.extract_text().replace("\n", "").split())


def test_what_a_found_font_has_is_set_and_measured_in_it(fonts_in, tmp_path):
    font_with(NAME.replace(" ", ""), tmp_path / "fonts" / "deep" / "any.ttf")
    fonts_in(tmp_path / "fonts")
    line = f"Jan {NAME} 丐"
    legible = style.legible(line, style.STRONG)
    assert legible == f"Jan {NAME} (U+4E10)"
    parts = list(style.runs(legible, style.STRONG))
    assert [part for _, part in parts][:3] == ["Jan ", "山田太郎", " "]
    assert parts[0][0] == style.STRONG != parts[1][0]
    whole = sum(stringWidth(part, font, style.NAME.size) for font, part in parts)
    assert style.width(legible, style.NAME) == pytest.approx(whole)
    assert text_of(drawn(tmp_path / "out.pdf", line)) == legible


def test_a_found_font_is_embedded_as_a_subset_without_its_place(fonts_in, tmp_path):
    found = font_with("山田", tmp_path / "fonts" / "any.ttf")
    fonts_in(tmp_path / "fonts")
    page = drawn(tmp_path / "out.pdf", "Jan 山田")
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)
    assert (tmp_path / "out.pdf").stat().st_size < found.stat().st_size / 5
    assert str(tmp_path).encode() not in (tmp_path / "out.pdf").read_bytes()


def test_two_files_of_one_name_inside_draw_their_own_glyphs(fonts_in, tmp_path):
    font_with("山", tmp_path / "a.ttf")
    font_with("홍길동", tmp_path / "b.ttf")
    fonts_in(tmp_path)
    page = drawn(tmp_path / "out.pdf", "Jan 山 홍길동")
    assert text_of(page) == "Jan 山 홍길동"
    names = [font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values()]
    assert len(set(names)) == len(names) == 3


def test_a_tone_above_a_vowel_stands_higher_than_one_alone(fonts_in, tmp_path):
    font_with("ที่นำ้ม", tmp_path / "a.ttf")
    fonts_in(tmp_path)
    places = re.compile(rb"1 0 0 1 \S+ (\S+) Tm")
    plain = places.findall(drawn(tmp_path / "1.pdf", "ที น").get_contents().get_data())
    stacked = places.findall(drawn(tmp_path / "2.pdf", "ที่ น้ำ").get_contents().get_data())
    assert len(set(plain)) == 1
    assert sorted({float(place) - float(plain[0]) for place in stacked}) == [
        *(0, pytest.approx(0.2 * style.NAME.size))
    ]
    assert script.HIGH_MARK.split("ม่ที") == ["ม่ที"]


def test_known_fonts_come_first_then_plain_cuts(fonts_in, tmp_path):
    for name in ("a-bold.ttf", "b.ttf", "wqy-zenhei.ttc"):
        (tmp_path / name).touch()
    assert [path.name for path in typefaces._ordered([tmp_path])] == [
        *("wqy-zenhei.ttc", "b.ttf", "a-bold.ttf")
    ]


def test_fonts_that_cannot_be_embedded_or_read_are_passed_over(tmp_path):
    good = font_with("山", tmp_path / "z.ttf")
    (tmp_path / "a.ttf").write_bytes(b"OTTO" + good.read_bytes()[4:])
    (tmp_path / "b.ttc").write_bytes(b"ttcf\0")
    (tmp_path / "c.ttf").write_bytes(good.read_bytes()[:3000])
    (tmp_path / "d.ttf").symlink_to(tmp_path / "gone")
    found = typefaces.Typefaces([tmp_path])
    assert found.holding("山")
    assert [typeface.path for typeface in found._read] == [good]


def test_a_glyph_without_ink_is_no_glyph(fonts_in, tmp_path):
    font_with("山" + WITHOUT_INK, tmp_path / "any.ttf")
    fonts_in(tmp_path)
    assert style.legible(f"山{WITHOUT_INK}", style.TEXT) == "山(U+3164)"


def test_the_choice_does_not_depend_on_what_was_asked_before(tmp_path):
    font_with("山", tmp_path / "a.ttf")
    font_with("山田", tmp_path / "b.ttf")
    one, other = typefaces.Typefaces([tmp_path]), typefaces.Typefaces([tmp_path])
    assert [one.holding(c) for c in "山田"] == [other.holding(c) for c in "田山"][::-1]


@pytest.mark.parametrize("name", ["\u1112\u1161", "\u1825"])
def test_what_is_not_set_letter_by_letter_is_told_by_its_code(fonts_in, tmp_path, name):
    font_with(name, tmp_path / "any.ttf")
    fonts_in(tmp_path)
    assert all(typefaces.installed().holding(c) for c in name)
    assert not any(script.is_set_by_letter(c) for c in name)
    assert style.legible(name[:1], style.TEXT) == f"(U+{ord(name[0]):04X})"


def test_nothing_is_looked_for_without_need(fonts_in, tmp_path):
    font_with("山", tmp_path / "any.ttf")
    fonts_in(tmp_path)
    style.legible("Żółć Ελληνικά", style.TEXT)
    assert typefaces.installed()._read == []


def test_a_report_with_a_found_font_is_the_same_again(fonts_in, results, tmp_path):
    font_with("山田太郎", tmp_path / "fonts" / "any.ttf")
    fonts_in(tmp_path / "fonts")
    one = write_report(results, tmp_path / "1.pdf", generated_at=MADE)
    fonts_in(tmp_path / "fonts")
    other = write_report(results, tmp_path / "2.pdf", generated_at=MADE)
    assert one.read_bytes() == other.read_bytes()
    assert any("山田" in page.extract_text() for page in PdfReader(one).pages)


def test_the_folder_of_the_setting_is_looked_in_first(monkeypatch, tmp_path):
    monkeypatch.setenv("SCREENER_FONTS", str(tmp_path))
    assert FOLDERS()[0] == tmp_path
    assert len(FOLDERS()) > 1


FOLDERS = typefaces.folders
"""As it is before the session's fixture hides it."""


def test_a_font_of_the_system_sets_names(fonts_in, tmp_path):
    names = ("droidsansfallback", "wqy-zenhei", "wqy-microhei", "msyh", "arial unicode")
    files = (path for place in SYSTEM for path in typefaces._files(place))
    real = next((path for path in files if path.name.lower().startswith(names)), None)
    if real is None:
        pytest.skip("no font of the system with Han letters is installed (fonts-wqy-zenhei)")
    shutil.copy(real, tmp_path)
    fonts_in(tmp_path)
    assert text_of(drawn(tmp_path / "out.pdf", "山田太郎 かな")) == "山田太郎 かな"
