"""A page as it looks, against a picture of it that a person has approved."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

APPROVED = Path(__file__).parent / "approved"
DOTS = 40
"""An inch."""
TILE = 10
"""Dots: a page is compared piece by piece, so that no white margin hides a difference."""
LINE = 8
"""Dots of a line of text, with the space around it."""
LIMIT = 6.0
"""Levels of 255 within one tile, for other versions of the renderer."""


def rendered(pdf, page, folder):
    if not shutil.which("pdftoppm"):
        pytest.skip("pdftoppm (poppler) is not installed")
    name = folder / f"page-{page}"
    place = ["-f", str(page), "-l", str(page), "-singlefile"]
    subprocess.run(["pdftoppm", "-r", str(DOTS), "-png", *place, pdf, name], check=True)
    return np.asarray(Image.open(f"{name}.png").convert("RGB")).astype(int)


@pytest.mark.parametrize(("name", "page"), [("studies", 3), ("method", 9)])
def test_a_page_looks_as_it_was_approved(pdf, tmp_path, name, page):
    """Within a tolerance for other versions of the renderer; a moved block is far beyond it."""
    found = rendered(pdf, page, tmp_path)
    assert found.shape == approved(name).shape
    assert farthest(found, approved(name)) < LIMIT


@pytest.mark.parametrize("name", ["studies", "method"])
def test_the_limit_sees_a_line_of_text_that_is_gone_and_a_block_that_moved(name):
    """What the mean over a whole page did not: two fifths of an inch could be erased."""
    page = approved(name)
    strips = {top: page[top : top + LINE] for top in range(0, len(page) - LINE, LINE)}
    inked = [top for top, strip in strips.items() if (strip.min(axis=2) < 160).sum() > LINE]
    assert len(inked) > 20
    for top in inked:
        erased = page.copy()
        erased[top : top + LINE] = 255
        assert farthest(erased, page) > LIMIT, top
    assert farthest(np.roll(page, 2, axis=0), page) > LIMIT


def approved(name):
    return np.asarray(Image.open(APPROVED / f"{name}.png").convert("RGB")).astype(int)


def farthest(one, other):
    """The mean difference of the tile in which two pages differ most."""
    rows, columns = (length // TILE * TILE for length in one.shape[:2])
    gap = np.abs(one - other)[:rows, :columns].mean(axis=2)
    return gap.reshape(rows // TILE, TILE, columns // TILE, TILE).mean(axis=(1, 3)).max()


def test_a_page_keeps_its_order_of_bands_without_colour(pdf, tmp_path):
    """On a gray printer the ink of a band still differs from white by far."""
    gray = rendered(pdf, 2, tmp_path).mean(axis=2)
    assert gray.min() < 90
    assert gray.max() == 255
