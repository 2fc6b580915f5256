"""Filters as one types them."""

import pytest

from screener.errors import ConfigurationError
from screener.results.selection import Filter
from screener.results.typed import EXAMPLE, parsed, rest, spelled
from screener.study import Band, Projection

LINES = {
    EXAMPLE: Filter(
        bands=(Band.PRIORITY,), review="unreviewed", views=(Projection.AP,), ages=((">", 60),)
    ),
    "band:elevated,priority": Filter(bands=(Band.PRIORITY, Band.ELEVATED)),
    "band:priority band:elevated": Filter(bands=(Band.PRIORITY, Band.ELEVATED)),
    "BAND:Priority Unreviewed": Filter(bands=(Band.PRIORITY,), review="unreviewed"),
    "view:lat": Filter(views=(Projection.LATERAL,)),
    "age:40-60": Filter(ages=((">=", 40), ("<=", 60))),
    "age:7": Filter(ages=(("=", 7),)),
    "age:>=18 age:<65": Filter(ages=((">=", 18), ("<", 65))),
    "lines in place": Filter("lines in place"),
    '"reviewed" "band:x" twice': Filter("reviewed band:x twice"),
    "12:30 O'Brien a=b": Filter("12:30 O'Brien a=b"),
    "": Filter(),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_means_a_filter(line):
    assert parsed(line) == LINES[line]


@pytest.mark.parametrize("wanted", LINES.values(), ids=LINES)
def test_what_is_spelled_means_the_same(wanted):
    assert parsed(spelled(wanted)) == wanted
    assert parsed(rest(wanted), wanted) == wanted


def test_bands_state_and_order_stay_where_the_line_says_nothing_of_them():
    before = Filter("x", (Band.ROUTINE,), "flagged", "date", descending=True)
    assert parsed("y", before) == Filter("y", (Band.ROUTINE,), "flagged", "date", descending=True)
    assert parsed("all band:other", before).review == "all"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bnad:priority", "band"),
        ("foo:bar", "text goes in quotes"),
        ("band:prioriti", "priority"),
        ("view:xy", "pa, ap, lat"),
        ("age:old", "age:>60"),
        ("age:>40-60", "age:40-60"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_cure(line, said):
    with pytest.raises(ConfigurationError, match=said):
        parsed(line)
