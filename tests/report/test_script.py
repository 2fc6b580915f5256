"""Names from right to left, as they are seen on paper."""

import builtins

import pytest

from screener.report import script, style


@pytest.fixture
def installed():
    pytest.importorskip("bidi", reason="the names extra is not installed")
    pytest.importorskip("arabic_reshaper", reason="the names extra is not installed")


@pytest.fixture
def missing(monkeypatch):
    """As on a machine without the extra."""
    real = builtins.__import__

    def refusing(name, *rest, **more):
        if name in ("arabic_reshaper", "bidi"):
            raise ImportError(name)
        return real(name, *rest, **more)

    script._turns.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refusing)
    yield
    script._turns.cache_clear()


def test_hebrew_is_turned_and_what_stands_around_it_is_not(installed):
    assert script.seen("P-12 דוד כהן x") == "P-12 ןהכ דוד x"


def test_arabic_letters_are_joined(installed):
    initial, medial, final = "\ufedb", "\ufe98", "\ufe90"
    assert script.seen(script.joined("كتب")) == final + medial + initial


def test_vowel_signs_stay(installed):
    assert "\u064e" in script.joined("كَتب")


def test_joining_twice_changes_nothing(installed):
    once = script.joined("محمد بن لاحق")
    assert script.joined(once) == once


@pytest.mark.parametrize("name", ["محمد بن لاحق", "דוד כהן", "عبد الله"])
def test_the_typefaces_have_every_form(installed, name):
    style.register_fonts()
    assert "U+" not in style.legible(name, style.TEXT) + style.legible(name, style.STRONG)


def test_without_the_extra_the_letters_are_told_by_their_codes(missing):
    style.register_fonts()
    assert style.legible("דוד a", style.TEXT) == "(U+05D3)(U+05D5)(U+05D3) a"
    assert script.seen("דוד a") == "דוד a"
