"""Pictures for the screens: read once, and by nothing that takes the review along."""

import numpy as np

from screener.reading import decode, pixels
from screener.tui.picture.presentation import reduce
from screener.tui.picture.read import read_picture
from tests.conftest import posix_only
from tests.reading.test_decode import fatal


@posix_only
def test_a_file_over_which_a_decoder_dies_is_told_and_ends_nothing(tmp_path):
    assert read_picture(fatal(tmp_path / "a.dcm"), is_scored=False) == decode.CRASHED


def test_with_or_without_a_score_the_picture_is_the_same(phantoms):
    path = next(phantoms.rglob("*.dcm"))
    expected = reduce(pixels.load(path))
    np.testing.assert_array_equal(read_picture(path), expected)
    np.testing.assert_array_equal(read_picture(path, is_scored=False), expected)


def test_a_file_that_is_gone_is_told(tmp_path):
    assert "No such file" in read_picture(tmp_path / "gone.dcm")
