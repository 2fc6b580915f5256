"""A synthetic set of images that a network could learn, and weights that know nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from screener.study import LABELS
from trainer.manifest import Entry, write_manifest

PATIENTS = 24
IMAGES = 2


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """96 noisy squares from 24 patients a split pattern, four classes told apart by a bright spot.

    Classes sit in two sources, the second of which holds nearly all COVID-19.
    """
    folder = tmp_path_factory.mktemp("dataset")
    draws = np.random.default_rng(3)
    entries = []
    for patient in range(2 * PATIENTS):
        label = LABELS[patient % 4]
        split = ("train", "train", "test", "val")[patient // 4 % 4]
        source = "collection" if label == "covid19" or patient % 8 == 0 else "hospital"
        for number in range(IMAGES):
            pixels = draws.integers(60, 120, (48, 40), dtype=np.uint8)
            corner = np.array([[8, 8], [8, 24], [32, 8], [32, 24]][LABELS.index(label)])
            rows, columns = (slice(start, start + 10) for start in corner)
            pixels[rows, columns] += 100
            path = folder / f"{patient:02}-{number}.png"
            Image.fromarray(pixels).save(path)
            view = "AP" if patient % 3 else "PA"
            entries.append(Entry(path, label, f"p{patient:02}", split, source, view))
    write_manifest(folder / "manifest.csv", entries)
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory) -> Path:
    """Weights with random numbers, small images and the card that fits them."""
    import torch

    from screener.network import CovidResNet
    from screener.weights import WeightsCard, save_weights

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    card = WeightsCard("untrained", "0", input_size=64, metrics={"epochs": 0})
    save_weights(folder, CovidResNet(), card)
    return folder
