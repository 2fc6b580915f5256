"""Where the body's first weights come from: torchvision's ImageNet weights, a file, or chance.

The only code of the project that may go online, and only when ``imagenet`` is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torchvision.models import ResNet50_Weights

from screener.errors import WeightsError
from screener.network.model import CovidResNet


def load_backbone(network: CovidResNet, source: str) -> None:
    """Load the body's weights in place.

    Args:
        network: its head stays as it is.
        source: ``none``, ``imagenet``, or the path of a torchvision-format ResNet-50 state dict
            (``.pth`` or ``.safetensors``).

    Raises:
        WeightsError: they cannot be fetched or read, or do not fit.
    """
    if source == "none":
        return
    state = _imagenet() if source == "imagenet" else _file(Path(source))
    tensors = {
        _renamed(name): tensor for name, tensor in state.items() if not name.startswith("fc.")
    }
    try:
        network.body.load_state_dict(tensors)
    except RuntimeError as error:
        fact = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{source}: not a torchvision ResNet-50 ({fact})") from None


def check(source: str) -> None:
    """Tell early that a file is not there.

    Raises:
        WeightsError: ``source`` is neither a known word nor a file.
    """
    if source not in ("none", "imagenet") and not Path(source).is_file():
        raise WeightsError(f"{source}: no such file; give imagenet, none or a state dict's path")


def _imagenet() -> dict[str, Any]:
    try:
        weights = ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"imagenet: the weights could not be fetched ({error}); fetch them on a machine that "
            "is online and give --backbone-weights FILE, or train without: --backbone-weights none"
        ) from None
    return dict(weights)


def _file(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 (torch raises anything for a damaged file)
        fact = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: not readable as weights ({fact})") from None
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: holds no state dict; save model.state_dict()")
    return content


def _renamed(name: str) -> str:
    """Map torchvision's name of a tensor to that in ``CovidResNet.body``."""
    first, _, rest = name.partition(".")
    places = {"conv1": "0.0", "bn1": "0.1"} | {f"layer{n}": str(n) for n in (1, 2, 3, 4)}
    return f"{places.get(first, first)}.{rest}"
