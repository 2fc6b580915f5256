"""Films on which dark ellipses are the lungs, of two sources."""

import csv

import numpy as np
import pytest
from PIL import Image, ImageDraw

LUNGS = ((10, 10, 28, 54), (36, 10, 54, 54))


def film(path, draws, mask):
    picture = Image.fromarray(draws.integers(140, 200, (64, 64), dtype=np.uint8))
    pen = ImageDraw.Draw(picture)
    for box in LUNGS:
        pen.ellipse(box, fill=255 if mask else 40)
    if mask:
        picture = picture.point(lambda level: 255 * (level == 255))
    picture.save(path)


@pytest.fixture(scope="session")
def masked(tmp_path_factory):
    """16 films of 8 patients: six trained on, two to be judged; every fourth of another team."""
    folder = tmp_path_factory.mktemp("masked")
    draws = np.random.default_rng(5)
    rows = []
    for number in range(16):
        patient = number // 2
        for kind in ("image", "mask"):
            film(folder / f"{kind}{number}.png", draws, kind == "mask")
        source = "other" if number % 4 == 3 else "own"
        split = "test" if patient in (1, 6) else "val" if patient == 4 else "train"
        rows.append((f"image{number}.png", f"mask{number}.png", split, source, f"p{patient}"))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("image", "mask", "split", "source", "patient_id"), *rows])
    return folder
