"""Gray squares into the network's input, the one way the trainer and the screener both take.

:func:`screener.reading.pixels.square` gives uint8 squares; here they become normalised float32
with three equal channels. No augmentation, no resizing, no file access.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


def to_input(squares: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Scale, repeat to three channels and normalise.

    Args:
        squares: (N, S, S) uint8, 0 black to 255 white, on any device.
        mean: of each channel on the scale 0 to 1, as the weights card gives it.
        std: of each channel on the same scale.

    Returns:
        (N, 3, S, S) float32 on the device of ``squares``.

    Raises:
        ValueError: ``squares`` is not (N, S, S) uint8.
    """
    import torch

    _check(tuple(squares.shape), str(squares.dtype).removeprefix("torch."))
    centre = torch.tensor(mean, device=squares.device).view(1, -1, 1, 1)
    scale = torch.tensor(std, device=squares.device).view(1, -1, 1, 1)
    gray = squares.unsqueeze(1).float() / 255  # (N, 1, S, S)
    return (gray - centre) / scale  # (N, 3, S, S)


def to_array(
    squares: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """The same without torch, to the last bit."""
    _check(squares.shape, str(squares.dtype))
    centre = np.asarray(mean, np.float32)[:, None, None]
    scale = np.asarray(std, np.float32)[:, None, None]
    gray = squares[:, None].astype(np.float32) / np.float32(255)  # (N, 1, S, S)
    return np.asarray((gray - centre) / scale)  # (N, 3, S, S)


def _check(shape: tuple[int, ...], kind: str) -> None:
    if kind != "uint8" or len(shape) != 3 or shape[1] != shape[2]:
        raise ValueError(f"squares must be (N, S, S) uint8, not {shape} {kind}")
