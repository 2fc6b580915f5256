"""Weights for tests: a seeded network that has learnt nothing. Its scores mean nothing."""

from pathlib import Path
from typing import Any

import torch

from screener.card import WeightsCard
from screener.network.model import Network
from screener.network.weights import save_weights

INPUT_SIZE = 64


def tiny_network() -> Network:
    """The same random network each time, its batch norms not at their neutral start."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def tiny_weights(folder: Path, **card: object) -> WeightsCard:
    """Save them for 64-pixel squares; further fields of the card as keywords."""
    about: dict[str, Any] = {
        "name": "test",
        "version": "0",
        "input_size": INPUT_SIZE,
        "temperature": 40.0,
    }
    about["thresholds"] = {"PRIORITY": 0.5, "ELEVATED": 0.3}
    return save_weights(folder, tiny_network(), WeightsCard(**(about | card)))
