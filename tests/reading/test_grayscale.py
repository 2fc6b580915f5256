"""Known pixels through every step from stored value to gray."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.reading import grayscale
from screener.reading.grayscale import LookupTable, Rules, VoiFunction, Window

numbers = st.floats(-1e5, 1e5)
windows = st.builds(Window, numbers, st.floats(1.0, 1e5), st.sampled_from(list(VoiFunction)))


def shown(stored, **rules):
    return grayscale.render(np.asarray(stored), Rules(**rules)).tolist()


WHOLE = Window(center=128, width=256)


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "IDENTITY", False),
        ("MONOCHROME1", "INVERSE", True),
    ],
)
def test_shape_decides_and_monochrome1_only_without_it(photometric, shape, inverted):
    assert grayscale.is_inverted(photometric, shape) is inverted


def test_inversion_is_over_the_range_of_the_window_not_of_the_image():
    window = Window(128, 256)
    plain = shown(np.uint8([[0, 51]]), window=window)
    negative = shown(np.uint8([[0, 51]]), window=window, inverted=True)
    assert plain == [[0.0, pytest.approx(0.2)]]
    assert negative == [[1.0, pytest.approx(0.8)]]


@pytest.mark.parametrize(
    ("function", "value", "gray"),
    [
        # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5)
        (VoiFunction.LINEAR, 0, 0.0),
        (VoiFunction.LINEAR, 2047, (2047 - 2047.5) / 4095 + 0.5),
        (VoiFunction.LINEAR, 4095, 1.0),
        # PS3.3 C.11.2.1.3.2: (x - c) / w + 0.5
        (VoiFunction.LINEAR_EXACT, 0, 0.0),
        (VoiFunction.LINEAR_EXACT, 2048, 0.5),
        (VoiFunction.LINEAR_EXACT, 4095, 4095 / 4096),
        # PS3.3 C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w))
        (VoiFunction.SIGMOID, 2048, 0.5),
        (VoiFunction.SIGMOID, 3072, 1 / (1 + np.exp(-1.0))),
    ],
)
def test_window_functions_give_the_standards_values(function, value, gray):
    window = Window(2048, 4096, function)
    assert grayscale.apply_window(np.array([float(value)]), window)[0] == pytest.approx(gray)


def test_linear_window_of_width_one_is_a_step():
    window = Window(100, 1)
    assert shown(np.uint8([[99, 100]]), window=window) == [[0.0, 1.0]]


@given(window=windows, values=st.lists(numbers, min_size=2, max_size=20))
def test_windows_never_reverse_the_order_and_stay_in_range(window, values):
    gray = grayscale.apply_window(np.sort(np.array(values)), window)
    assert np.all(np.diff(gray) >= 0)
    assert gray.min() >= 0
    assert gray.max() <= 1


@given(window=windows)
def test_a_window_is_symmetric_about_its_centre(window):
    centre = window.center - (0.5 if window.function is VoiFunction.LINEAR else 0)
    pair = grayscale.apply_window(np.array([centre - 3.0, centre + 3.0]), window)
    assert pair.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "window", [Window(1, 0), Window(1, -5), Window(1, 0.5), Window(float("nan"), 9)]
)
def test_a_window_the_standard_does_not_allow_is_not_applied(window):
    assert not window.is_valid()
    assert shown(np.uint8([[0, 200]]), window=window) == [[0.0, 1.0]]


def test_exact_window_may_be_narrower_than_one():
    assert Window(0, 0.25, VoiFunction.LINEAR_EXACT).is_valid()


def test_rescale_comes_before_the_window():
    window = Window(0, 201, VoiFunction.LINEAR_EXACT)
    gray = shown(np.uint8([[50]]), slope=2.0, intercept=-100.0, window=window)
    assert gray == [[0.5]]


def test_modality_table_takes_the_place_of_rescale():
    table = LookupTable(10, np.array([0, 255], np.uint16), 8)
    gray = shown(np.uint8([[0, 10, 11, 200]]), modality_table=table, slope=9.0, window=WHOLE)
    assert gray == [[0.0, 0.0, 1.0, 1.0]]


def test_voi_table_wins_over_a_window_and_is_clipped_at_its_ends():
    table = LookupTable(-1, np.array([0, 1023, 4095], np.uint16), 12)
    gray = shown(np.int16([[-9, 0, 1, 9]]), voi_table=table, window=Window(0, 1))
    assert gray == [[0.0, pytest.approx(1023 / 4095), 1.0, 1.0]]


def test_voi_table_is_inverted_over_the_range_of_its_entries():
    table = LookupTable(0, np.array([0, 51], np.uint16), 8)
    assert shown(np.uint8([[0, 1]]), voi_table=table, inverted=True) == [[1.0, pytest.approx(0.8)]]


def test_without_a_window_outliers_do_not_set_the_range():
    stored = np.full((100, 100), 500, np.uint16)
    stored[:50] = 100
    stored[0, 0], stored[-1, -1] = 0, 65535
    gray = grayscale.render(stored, Rules())
    assert gray[1, 1] == 0.0
    assert gray[-2, -2] == 1.0


def test_padding_is_black_also_where_the_picture_is_inverted():
    stored = np.uint16([[4095, 1000], [2000, 3000]])
    gray = shown(stored, inverted=True, padding=(4095, 4095), window=Window(2048, 4096))
    assert gray[0][0] == 0.0
    assert gray[0][1] > gray[1][0] > gray[1][1] > 0.2


def test_padding_takes_no_part_in_the_range():
    stored = np.uint16([[0, 1000], [1001, 1002]])
    assert shown(stored, padding=(0, 0)) == [[0.0, 0.0], [0.5, 1.0]]


def test_only_padding_is_an_error():
    with pytest.raises(ValueError, match="padding"):
        shown(np.uint8([[7, 7]]), padding=(7, 7))


def test_floats_are_rendered_too():
    stored = np.float32([[0.0, 0.25], [0.5, 1.0]])
    window = Window(0.5, 1.0, VoiFunction.LINEAR_EXACT)
    assert shown(stored, window=window) == [[0.0, 0.25], [0.5, 1.0]]


def test_signed_values_keep_their_sign():
    window = Window(0, 2000, VoiFunction.LINEAR_EXACT)
    assert shown(np.int16([[-1000, 0, 1000]]), window=window) == [[0.0, 0.5, 1.0]]


@pytest.mark.parametrize(
    ("word", "bits", "high_bit", "signed", "value"),
    [
        (0xF123, 12, 11, False, 0x123),  # an overlay in the four upper bits
        (0x1230, 12, 15, False, 0x123),  # stored in the upper bits
        (0x0FFF, 12, 11, True, -1),
        (0x07FF, 12, 11, True, 2047),
        (0xFFFF, 16, 15, True, -1),
        (0xFFFF, 16, 15, False, 65535),
        (0x0123, 12, 7, False, 0x123),  # a High Bit that leaves no room for 12 bits
        (0x0123, 12, 40, False, 0x123),
    ],
)
def test_the_stored_value_is_cut_out_of_its_word(word, bits, high_bit, signed, value):
    words = np.array([[word]], np.uint16)
    assert grayscale.stored_values(words, bits, high_bit, signed=signed).tolist() == [[value]]


@given(values=st.lists(st.integers(0, 500), min_size=1, max_size=60), low=st.floats(0, 50))
def test_percentiles_by_counts_are_values_that_occur(values, low):
    unique, counts = np.unique(np.array(values, float), return_counts=True)
    found = grayscale.weighted_percentiles(unique, counts, (low, 100.0))
    assert found[0] in values
    assert found[1] == max(values)
