import pytest

from screener.text import plain, visible


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
