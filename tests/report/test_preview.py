"""Previews: small, honest about what they show, and a reason where there is none."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from screener.contours import LUNGS
from screener.digest import digest_of_file
from screener.lungs import LungOutline
from screener.report.preview import SIDE, NoPreview, Preview, preview
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import Proof


@pytest.fixture
def radiograph(results):
    with Store.open(results) as store:
        return Worklist(store).study("1.2.826.0.1.3680043.10.1").radiographs[0]


def opened(jpeg):
    return Image.open(BytesIO(jpeg))


def test_a_preview_has_the_shape_of_the_radiograph(radiograph):
    pictures = preview(radiograph)
    assert isinstance(pictures, Preview)
    assert opened(pictures.plain).size == opened(pictures.traced).size == (360, 420)
    assert opened(pictures.plain).mode == "L"


def test_a_large_radiograph_is_made_small(radiograph, tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.zeros((2000, 3000), np.uint8)).save(path)
    pictures = preview(replace(radiograph, path=path, digest=digest_of_file(path)))
    assert (pictures.columns, pictures.rows) == (SIDE, 400)


def test_lines_leave_the_lung_visible(radiograph):
    pictures = preview(radiograph)
    plain = np.asarray(opened(pictures.plain).convert("RGB")).astype(int)
    traced = np.asarray(opened(pictures.traced)).astype(int)
    changed = np.abs(plain - traced).max(axis=2) > 40
    assert not changed[:40, -40:].any()
    assert 0.005 < changed.mean() < 0.06
    assert np.ptp(traced[changed], axis=1).max() > 100  # in colour


def test_a_missing_file_is_said(radiograph, tmp_path):
    gone = preview(replace(radiograph, path=tmp_path / "gone.png"))
    assert gone == NoPreview("the file is no longer there or cannot be read")


def test_a_changed_file_is_not_shown(radiograph):
    changed = preview(replace(radiograph, digest="sha256:" + "0" * 64))
    assert changed == NoPreview("the file has changed since it was scored")


def test_a_radiograph_without_a_map_has_only_its_picture(radiograph):
    assert preview(replace(radiograph, activation=None)).traced is None


@pytest.mark.parametrize("proof", [None, Proof(0.9, 0.89, 0.8)])
def test_a_map_is_drawn_only_beside_a_proof_that_holds(radiograph, proof):
    unproven = replace(radiograph.activation, proof=proof)
    assert preview(replace(radiograph, activation=unproven)).traced is None


def test_the_lungs_are_drawn_with_the_map_where_they_are_sure(radiograph):
    upright = ((0.8, 0.1), (0.8, 0.9))
    sure = replace(radiograph, lungs=LungOutline((upright,), 0.95, (), 0.8))
    traced = np.asarray(opened(preview(sure).traced)).astype(int)
    assert np.abs(traced[210, 280:296] - LUNGS).sum(axis=1).min() < 60
    unsure = replace(radiograph, lungs=LungOutline((), 0.4, (), None))
    assert preview(unsure) == preview(radiograph)
