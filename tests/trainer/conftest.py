"""A synthetic set of images that a network could learn, and weights that know nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from screener.study import LABELS
from trainer.manifest import Entry, write_manifest

PATIENTS = 48
SPOTS = {"normal": (8, 8), "bacterial": (8, 24), "viral": (32, 8), "covid19": (32, 24)}


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """48 noisy pictures of 48 patients, four classes told apart by the place of a bright spot.

    Two sources: the collection holds all of COVID-19 and little else.
    """
    folder = tmp_path_factory.mktemp("dataset")
    draws = np.random.default_rng(3)
    entries = []
    for patient in range(PATIENTS):
        label = LABELS[patient % 4]
        split = ("train", "train", "test", "val")[patient // 4 % 4]
        source = "collection" if label == "covid19" or patient % 16 == 0 else "hospital"
        pixels = draws.integers(60, 120, (48, 40), dtype=np.uint8)
        top, left = SPOTS[label]
        pixels[top : top + 10, left : left + 10] += 100
        path = folder / f"{patient:02}.png"
        Image.fromarray(pixels).save(path)
        view = "AP" if patient % 3 else "PA"
        entries.append(Entry(path, label, f"p{patient:02}", split, source, view))
    write_manifest(folder / "manifest.csv", entries)
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory) -> Path:
    """Weights with random numbers, small images and the card that fits them."""
    import torch

    from screener.card import WeightsCard
    from screener.network.model import Network
    from screener.network.weights import save_weights

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    card = WeightsCard("untrained", "0", input_size=32, metrics={"epochs": 0})
    save_weights(folder, Network(), card)
    return folder
