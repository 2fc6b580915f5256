"""The network's bodies by name: the paper's ResNet-50, or any backbone of the timm library.

A body turns pictures into maps and knows which of its layers has which stride and in what order
its layers come. timm is imported only when one of its names is asked for. Nothing here loads or
fetches weights: bodies are made with random ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from screener.card import ARCHITECTURE, TIMM
from screener.errors import WeightsError

Groups = list[list[nn.Parameter]]


class ResNetBody(nn.Sequential):
    """ResNet-50 without its classifier: (N, 3, S, S) -> (N, 2048, S/32, S/32)."""

    channels = 2048

    def __init__(self) -> None:
        """Build it with random weights."""
        resnet = resnet50(weights=None)
        super().__init__(
            nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool),
            resnet.layer1,
            resnet.layer2,
            resnet.layer3,
            resnet.layer4,
        )

    def layer(self, stride: int) -> nn.Module | None:
        """The last layer whose maps are S / ``stride`` a side; None where there is none."""
        places = {4: 1, 8: 2, 16: 3, 32: 4}
        return self[places[stride]] if stride in places else None

    def groups(self) -> Groups:
        """Parameters by layer, earliest first: the stem, then each residual block."""
        stem, *layers = self
        blocks = [block for layer in layers for block in layer.children()]
        return [list(module.parameters()) for module in (stem, *blocks)]


class TimmBody(nn.Module):
    """A backbone of timm without pooling and classifier: (N, 3, S, S) -> (N, channels, h, w)."""

    def __init__(self, name: str) -> None:
        """Build it with random weights.

        Args:
            name: as timm knows it, without our prefix.

        Raises:
            WeightsError: timm is not installed, does not know it, or cannot do without pooling.
        """
        super().__init__()
        timm = _timm(name)
        try:
            self.net: Any = timm.create_model(name, pretrained=False, num_classes=0, global_pool="")
        except (RuntimeError, AssertionError, TypeError, ValueError) as error:
            raise WeightsError(
                f"{TIMM}{name}: cannot be a body without its own pooling ({_line(error)}); "
                "choose another"
            ) from None
        self.channels = int(self.net.num_features)

    def forward(self, pixels: Tensor) -> Tensor:
        """The last maps: (N, 3, S, S) -> (N, channels, h, w)."""
        found: Tensor = self.net.forward_features(pixels)
        if found.ndim == 3:  # tokens, those that are no place first
            found = _grid(found[:, getattr(self.net, "num_prefix_tokens", 0) :])
        return channels_first(found, self.channels)

    def layer(self, stride: int) -> nn.Module | None:
        """The last layer whose maps are S / ``stride`` a side; None where timm names none."""
        named = [
            feature["module"]
            for feature in getattr(self.net, "feature_info", [])
            if feature["reduction"] == stride
        ]
        modules: dict[str, nn.Module] = dict(self.net.named_modules())
        return modules.get(named[-1]) if named and named[-1] else None

    def groups(self) -> Groups:
        """Parameters by layer as timm tells them apart, earliest first."""
        from timm.models import group_parameters

        if not hasattr(self.net, "group_matcher"):
            children = [list(child.parameters()) for child in self.net.children()]
            return [group for group in children if group]
        found = group_parameters(self.net, self.net.group_matcher(coarse=False), return_values=True)
        return [list(found[number]) for number in sorted(found)]


Body = ResNetBody | TimmBody


def create(architecture: str) -> Body:
    """A body with random weights.

    Raises:
        WeightsError: nothing is known by this name, or timm is not installed.
    """
    if architecture == ARCHITECTURE:
        return ResNetBody()
    if architecture.startswith(TIMM):
        return TimmBody(architecture.removeprefix(TIMM))
    raise WeightsError(
        f"{architecture}: no network is known by this name; known are {ARCHITECTURE} and {TIMM}NAME"
    )


def check(architecture: str, sizes: Sequence[int]) -> None:
    """Tell whether a body can be made and takes pictures of these sides; computes nothing.

    Raises:
        WeightsError: with the fact in one line.
    """
    with torch.device("meta"):
        body = create(architecture).eval()
        for size in sizes:
            try:
                maps = body(torch.zeros(1, 3, size, size))
            except (RuntimeError, AssertionError, ValueError) as error:
                raise WeightsError(
                    f"{architecture}: takes no pictures of {size} pixels a side ({_line(error)})"
                ) from None
            if maps.ndim != 4 or maps.shape[1] != body.channels:
                raise WeightsError(f"{architecture}: gives no maps; choose a convolutional body")


def channels_first(maps: Tensor, channels: int) -> Tensor:
    """Maps as (N, C, h, w); some of timm's bodies keep the channels last."""
    if maps.ndim == 4 and maps.shape[1] != channels and maps.shape[3] == channels:
        return maps.permute(0, 3, 1, 2)
    return maps


def _grid(tokens: Tensor) -> Tensor:
    """Tokens of a square picture as maps: (N, h * h, C) -> (N, C, h, h)."""
    side = round(tokens.shape[1] ** 0.5)
    return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)


def _timm(name: str) -> Any:  # noqa: ANN401 (a library without types)
    """The library, if it knows the name."""
    try:
        import timm
    except ImportError:
        raise WeightsError(
            f"{TIMM}{name}: needs timm; install it with 'pip install timm'"
        ) from None
    if re.fullmatch(r"[\w.]+", name) and timm.is_model(name):
        return timm
    close = get_close_matches(name, timm.list_models())
    hint = f"; did you mean {' or '.join(TIMM + one for one in close)}?" if close else ""
    raise WeightsError(f"{TIMM}{name}: timm {timm.__version__} has no such backbone{hint}")


def _line(error: Exception) -> str:
    """The first line of what a library said, or the kind of its error."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
