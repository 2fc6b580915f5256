"""Text as it is set: every character shown, every line within its room."""

import pytest
from reportlab.pdfbase.pdfmetrics import getFont

from screener.report import style, wording
from screener.study import Band

ALPHABETS = "Zażółć gęślą jaźń ĄĆĘŁŃÓŚŹŻ Ελληνικά ώ Кириллица Ёё 0123456789 ٠١٢٣٤٥٦٧٨٩"
SIGNS = "▲◆●○→←↑×±≥≤–—·…’“”□ <b>&"


@pytest.fixture(autouse=True)
def fonts():
    style.register_fonts()


@pytest.mark.parametrize("font", [style.TEXT, style.STRONG])
def test_the_typefaces_have_every_glyph_a_report_needs(font):
    assert style.legible(ALPHABETS + SIGNS, font) == ALPHABETS + SIGNS


def test_the_light_cut_has_titles_and_numbers():
    text = f"{wording.TITLE} 0123456789.,"
    assert style.legible(text, style.LIGHT) == text


def test_what_the_typeface_lacks_is_told_by_its_code_and_never_a_box():
    told = style.legible("漢 a\x00\udcff", style.TEXT)
    assert told == "(U+6F22) a(U+0000)(U+DCFF)"
    assert style.legible(told, style.TEXT) == told


@pytest.mark.parametrize("name", ["漢字", "かな", "한글", "ไทย", "नाम", "𠮷"])
def test_names_in_any_script_can_be_told_apart(name):
    told = [style.legible(text, style.TEXT) for text in (name, name[::-1] + "a", "別")]
    assert len(set(told)) == 3
    assert not any("□" in text or "\ufffd" in text for text in told)


def test_lines_keep_within_their_room():
    lines = style.wrap("one two three " * 40, style.BODY, 100)
    assert all(style.width(line, style.BODY) <= 100 for line in lines)
    assert " ".join(lines).split() == ["one", "two", "three"] * 40


def test_a_word_too_long_for_a_line_is_broken_and_none_of_it_lost():
    lines = style.wrap("x" * 500, style.BODY, 100)
    assert "".join(lines) == "x" * 500
    assert len(lines) > 10


def test_own_line_ends_are_kept():
    assert style.wrap("one\n\ntwo", style.BODY, 100) == ["one", "", "two"]


def test_shortening_ends_in_an_ellipsis():
    short = style.shorten("a long name " * 20, style.BODY, 80)
    assert short.endswith("…")
    assert style.width(short, style.BODY) <= 80


@pytest.mark.parametrize("band", Band)
def test_bands_are_legible_on_white(band):
    assert contrast(style.BAND_COLOURS[band]) >= 4.5
    assert getFont(style.STRONG).face.charToGlyph.get(ord(band.glyph))


def contrast(colour):
    """Against white, after WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.rgb()]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
