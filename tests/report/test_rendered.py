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


def rendered(pdf, page, folder):
    if not shutil.which("pdftoppm"):
        pytest.skip("pdftoppm (poppler) is not installed")
    name = folder / f"page-{page}"
    place = ["-f", str(page), "-l", str(page), "-singlefile"]
    subprocess.run(["pdftoppm", "-r", str(DOTS), "-png", *place, pdf, name], check=True)
    return np.asarray(Image.open(f"{name}.png").convert("RGB")).astype(int)


@pytest.mark.parametrize(("name", "page"), [("studies", 3), ("method", 7)])
def test_a_page_looks_as_it_was_approved(pdf, tmp_path, name, page):
    """Within a tolerance for other versions of the renderer; a moved block is far beyond it."""
    approved = np.asarray(Image.open(APPROVED / f"{name}.png").convert("RGB")).astype(int)
    found = rendered(pdf, page, tmp_path)
    assert found.shape == approved.shape
    assert np.abs(found - approved).mean() < 1.5


def test_a_page_keeps_its_order_of_bands_without_colour(pdf, tmp_path):
    """On a gray printer the ink of a band still differs from white by far."""
    gray = rendered(pdf, 2, tmp_path).mean(axis=2)
    assert gray.min() < 90
    assert gray.max() == 255
