"""The engine that was chosen, with the tensors of some weights. Loads no other."""

from __future__ import annotations

from pathlib import Path

from screener.card import WeightsCard
from screener.network.device import Device
from screener.network.engine import Engine
from screener.network.weights import load_network


def opened(folder: Path, card: WeightsCard, device: Device) -> Engine:
    """The engine of a device with the tensors of some weights.

    Raises:
        WeightsError: a file is missing, damaged, or not of these weights.
        DeviceError: the engine cannot be used.
    """
    if device.engine == "onnx":
        from screener.network.engine.onnx_engine import OnnxEngine

        return OnnxEngine(folder, card, device)
    from screener.network.engine.torch_engine import TorchEngine

    return TorchEngine(load_network(folder)[1], card, device)
