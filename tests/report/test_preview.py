"""Previews: small, honest about what they show, and a reason where there is none."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from screener.digest import digest_of_file
from screener.report.preview import SIDE, NoPreview, Preview, colours, preview
from screener.results.store import Store
from screener.results.worklist import Worklist


@pytest.fixture
def radiograph(results):
    with Store.open(results) as store:
        return Worklist(store).study("1.2.826.0.1.3680043.10.1").radiographs[0]


def opened(jpeg):
    return Image.open(BytesIO(jpeg))


def test_a_preview_has_the_shape_of_the_radiograph(radiograph):
    pictures = preview(radiograph)
    assert isinstance(pictures, Preview)
    assert opened(pictures.plain).size == opened(pictures.heat).size == (360, 420)
    assert opened(pictures.plain).mode == "L"


def test_a_large_radiograph_is_made_small(radiograph, tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.zeros((2000, 3000), np.uint8)).save(path)
    pictures = preview(replace(radiograph, path=path, digest=digest_of_file(path)))
    assert (pictures.columns, pictures.rows) == (SIDE, 400)


def test_the_map_colours_only_where_it_is_not_zero(radiograph):
    pictures = preview(radiograph)
    plain = np.asarray(opened(pictures.plain).convert("RGB")).astype(int)
    heat = np.asarray(opened(pictures.heat)).astype(int)
    assert np.abs(plain - heat)[:40, -40:].max() < 12
    assert np.ptp(heat[240, 120]) > 40


def test_the_colour_scale_rises_in_brightness():
    brightness = colours(64) @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > 0).all()


def test_a_missing_file_is_said(radiograph, tmp_path):
    gone = preview(replace(radiograph, path=tmp_path / "gone.png"))
    assert gone == NoPreview("the file is no longer there or cannot be read")


def test_a_changed_file_is_not_shown(radiograph):
    changed = preview(replace(radiograph, digest="sha256:" + "0" * 64))
    assert changed == NoPreview("the file has changed since it was scored")


def test_a_radiograph_without_a_map_has_only_its_picture(radiograph):
    assert preview(replace(radiograph, activation=None)).heat is None
