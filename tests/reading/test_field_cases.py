"""Films that users of other programs reported as read wrongly come out as their table says."""

import csv

import numpy as np
import pytest

from screener.marks import ADULT_AGE
from screener.reading import pixels
from screener.reading.decode import Decoded, Limits, decode
from screener.reading.survey import survey
from screener.study import Outcome, Projection

LIMITS = Limits(input_size=32)
REFUSED = {
    "jpeg-zeros-from-90.dcm": "cut short: about 10 %",
    "jpegll-cut-90-eoi.dcm": "cut short: about 10 %",
    "jpeg-zeros-from-85.jpg": "cut short: about 14 %",
    "j2k-width-height-swapped.dcm": "420 x 300 pixels, its compressed data 300 x 420",
    "rgb-16-bit.png": "16 bits with several channels",
}
"""Part of the reason; each film of the table that is not here is scored."""
TWINS = {
    "lut-first-implicit.dcm": "lut-first-explicit.dcm",
    "lut-bits-lie-m1.dcm": "lut-bits-true-m1.dcm",
    "lut-data-ss.dcm": "lut-data-ow.dcm",
}
STUDIES = {
    "two-patients-one-study": [45.0, 9.0], "two-patients-no-uid": [37.0, 37.0],
    "age-on-second-file": [9.0], "child-by-acquisition-date": [5.0],
}  # fmt: skip
"""Ages of the studies in each folder."""


@pytest.fixture(scope="module")
def surveyed(field_cases):
    walk = survey([field_cases])
    while True:
        try:
            next(walk)
        except StopIteration as end:
            return end.value


def test_the_table_has_no_case_that_is_not_looked_at(field_cases):
    with (field_cases / "index.csv").open(newline="", encoding="utf-8") as table:
        cases = {row["case"] for row in csv.DictReader(table)}
    seen = REFUSED.keys() | TWINS.keys() | set(TWINS.values()) | STUDIES.keys()
    seen |= {"decimal-comma.dcm", "offset-table-lists-fragments.dcm", "padding-wrong-sign.dcm"}
    assert cases - seen == {"orientation-single.dcm"}


def test_each_film_is_scored_or_refused_as_it_should(surveyed):
    ended = {one.path.name: one.reason for one in surveyed.refusals}
    for radiograph in surveyed.radiographs:
        outcome = decode(radiograph, LIMITS)
        if not isinstance(outcome, Decoded):
            assert outcome.outcome is Outcome.UNREADABLE
            ended[radiograph.path.name] = outcome.reason
    del ended["README.md"], ended["index.csv"]
    assert ended.keys() == REFUSED.keys()
    assert all(REFUSED[name] in reason for name, reason in ended.items())


def test_twins_give_the_same_gray(field_cases):
    for one, other in TWINS.items():
        np.testing.assert_array_equal(
            pixels.load(field_cases / one), pixels.load(field_cases / other)
        )
        assert np.ptp(pixels.load(field_cases / one)) == 1.0


def test_patients_and_ages_are_told(surveyed):
    found = {}
    for study in surveyed.studies:
        names = {one.path.parent.name for one in study.radiographs}
        for name in names & STUDIES.keys():
            found.setdefault(name, []).append(study.age)
            assert len({one.patient_id for one in study.radiographs}) == 1
    assert found == STUDIES
    assert all(min(found[name]) < ADULT_AGE for name in STUDIES if name != "two-patients-no-uid")


def test_one_orientation_is_no_lateral(surveyed):
    (film,) = [one for one in surveyed.radiographs if one.path.name == "orientation-single.dcm"]
    assert film.projection is not Projection.LATERAL


def test_padding_of_the_wrong_sign_is_black(field_cases):
    gray = pixels.load(field_cases / "padding-wrong-sign.dcm")
    plain = pixels.load(field_cases / "offset-table-lists-fragments.dcm")
    assert (gray == 0).sum() > (plain == 0).sum()
    assert len(np.unique(gray)) > 3000
