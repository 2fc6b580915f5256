import json

import pytest

from screener.text import cell, closest, json_line, plain, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zażółć  ▲ 胸", "Zażółć  ▲ 胸"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("caf\udce9", r"caf\udce9"),
        ("\x9b31m", r"\x9b31m"),
    ],
)
def test_nothing_in_a_text_steers_the_terminal(text, shown):
    assert visible(text) == shown


def test_plain_text_fits_any_encoding():
    assert plain("caf\udce9 ż") == r"caf\xe9 ż"
    assert plain(plain("caf\udce9")) == plain("caf\udce9")


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("ward/film.png", 13, "ward/film.png"),
        ("ward/film_0001_pa.png", 12, "ward/…pa.png"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_what_is_too_long_loses_its_middle(text, most, shown):
    assert shortened(text, most) == shown


def test_a_mistyped_word_is_answered_with_what_is_nearest():
    assert closest("lsit", ["scan", "List"]) == "; did you mean 'List'?"
    assert closest("zzz", ["scan", "list"]) == ""


STEERING = "a\x1b]0;t\x07\x9b31m\u202eb\u2028\x7fż\u3000胸"


def test_json_has_no_byte_that_steers_and_loses_none():
    line = json_line({"path": STEERING, "n": [1.5, None]})
    assert json.loads(line) == {"path": STEERING, "n": [1.5, None]}
    assert line.isprintable() or set(filter(lambda c: not c.isprintable(), line)) == {"\u3000"}
    assert "ż\u3000胸" in line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (STEERING, "a\\x1b]0;t\\x07\\x9b31m\\u202eb\\u2028\\x7fż\u3000胸"),
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("\t=1", "\\t=1"),
        ("caf\udce9", "caf\udce9"),
        (-0.5, -0.5),
        (None, None),
    ],
)
def test_a_cell_steers_no_terminal_and_is_no_formula(value, shown):
    assert cell(value) == shown
