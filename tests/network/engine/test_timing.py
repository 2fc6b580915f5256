from itertools import count

import pytest

from screener.card import load_card
from screener.network.engine import timing
from screener.network.weights import bundled


def test_each_engine_is_timed_on_the_same_films():
    pytest.importorskip("onnxruntime")
    folder = bundled("covid-lite")
    ticks = count()
    found = timing.measure(
        folder, load_card(folder), "cpu", seconds=4, clock=lambda: float(next(ticks))
    )
    assert {speed.engine for speed in found} == {"onnx", "torch"}
    assert all(speed.arithmetic == "float32" for speed in found)
    assert len({speed.films_per_second for speed in found}) == 1  # each batch takes a tick
    assert found[0].films_per_second >= 1
