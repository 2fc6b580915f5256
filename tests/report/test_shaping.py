"""Names in scripts whose letters merge and change places: as they are written, or as codes."""

import re
import shutil

import pytest
from pypdf import PdfReader

from screener.report import shaping, style, typefaces
from tests.report.test_typefaces import SYSTEM, drawn, font_with, shipped

__all__ = ["shipped"]

NAMES = {
    "Devanagari": "श्रीकृष्ण क्षत्रिय",
    "Bengali": "অমিত কুমার",
    "Tamil": "தமிழ்ச்செல்வி",
    "Sinhala": "ශ්\u200dරී",
    "Khmer": "ខ្មែរ",
    "Myanmar": "မြန်မာ",
}


@pytest.fixture
def available():
    pytest.importorskip("uharfbuzz", reason="the names extra is not installed")


@pytest.fixture
def missing(monkeypatch):
    """As on a machine without the extra."""
    monkeypatch.setattr(shaping, "is_available", lambda: False)


def letters(*names):
    return "".join(sorted({c for name in names for c in name} - {" ", *shaping.JOINERS}))


def test_a_vowel_stands_before_the_letter_that_it_is_read_after(available, fonts_in, tmp_path):
    font_with(letters("किल"), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    assert style.legible("किल", style.TEXT) == "किल"
    ((font, part),) = style.runs("किल", style.TEXT)
    assert shaping.shaped(part, font, 10) == "िकल"


def test_a_typeface_that_does_not_say_how_a_script_is_shaped_does_not_set_it(
    available, fonts_in, tmp_path
):
    font_with(letters("মিকা"), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    assert style.legible("মি", style.TEXT) == "(U+09AE)(U+09BF)"


@pytest.mark.parametrize("name", NAMES.values())
def test_without_the_extra_each_letter_is_told_by_its_code(missing, fonts_in, tmp_path, name):
    font_with(letters(name), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    codes = "".join(" " if c == " " else f"(U+{ord(c):04X})" for c in name)
    assert style.legible(name, style.TEXT) == codes


def test_a_word_of_which_no_typeface_has_all_letters_is_told_whole(available, fonts_in, tmp_path):
    font_with("कि", tmp_path / "a.ttf")
    font_with("िल", tmp_path / "b.ttf")
    fonts_in(tmp_path)
    assert style.legible("कि किल x", style.TEXT) == "कि (U+0915)(U+093F)(U+0932) x"


def test_words_are_measured_as_they_are_drawn(available, fonts_in, tmp_path):
    font_with(letters("किल"), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    whole = style.width("Jan किल", style.NAME)
    parts = [style.run_width(part, font, 13) for font, part in style.runs("Jan किल", style.STRONG)]
    assert whole == pytest.approx(sum(parts))
    assert parts[1] > 13


def test_readers_are_told_the_word_and_not_its_glyphs(available, fonts_in, tmp_path):
    font_with(letters("किल"), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    content = drawn(tmp_path / "out.pdf", "Jan किल").get_contents().get_data()
    (meant,) = re.findall(rb"/Span <</ActualText <(\w+)>>> BDC", content)
    assert bytes.fromhex(meant.decode()).decode("utf-16") == "किल"
    assert content.count(b"BDC") == content.count(b"EMC")


def test_two_scripts_are_two_words_and_what_they_share_is_of_the_first():
    assert list(shaping.parts("a राम।তুমি b")) == [
        *(("a ", False), ("राम।", True), ("তুমি", True), (" b", False))
    ]


@pytest.mark.parametrize(("kind", "name"), NAMES.items())
def test_a_font_of_the_system_sets_names(available, fonts_in, tmp_path, kind, name):
    wanted = f"notosans{kind.lower()}-regular"
    files = (path for place in SYSTEM for path in typefaces._files(place))
    real = next((path for path in files if path.stem.lower() == wanted), None)
    if real is None:
        pytest.skip(f"no font of the system with {kind} letters is installed (fonts-noto-core)")
    shutil.copy(real, tmp_path)
    fonts_in(tmp_path)
    assert style.legible(name, style.TEXT) == name
    page = drawn(tmp_path / "out.pdf", name)
    assert all(
        "/FontFile2" in font.get_object()["/FontDescriptor"]
        for font in page["/Resources"]["/Font"].values()
    )
    assert style.width(name, style.NAME) < sum(
        style.width(letter, style.NAME) for letter in name if letter not in shaping.JOINERS
    )
    assert len(PdfReader(tmp_path / "out.pdf").pages) == 1


def test_no_letter_is_cut_from_its_marks(available, fonts_in, tmp_path):
    font_with(letters("कि"), tmp_path / "any.ttf")
    fonts_in(tmp_path)
    for room in range(40, 200):
        kept = style.shorten("कि" * 20, style.NAME, room)
        assert kept.removesuffix("…")[-1] == "ि", room
