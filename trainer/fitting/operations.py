"""Torch's operations in those of ONNX that its runtime is quick at, for trainer.fitting.graphs.

What is not named here goes as torch itself writes it. Gradients are those of a layer's input alone,
which is all that a map asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

OPSET = 18
"""Of ONNX: as old as torch writes without converting, for old runtimes' sake."""


TURNED = 1 << 19
"""Weights of a layer that may be kept twice."""


def table() -> dict[Any, Callable[..., Any]]:
    """Each of torch's operations that is not taken as it is, and what stands for it."""
    from torch._decomp import core_aten_decompositions

    aten = torch.ops.aten
    found: dict[Any, Callable[..., Any]] = dict(core_aten_decompositions())
    found[aten.convolution_backward.default] = convolved_back
    found[aten.hardtanh_backward.default] = bounded_back
    found[aten.upsample_bilinear2d.default] = _enlarged
    found[aten.empty_permuted.default] = _filled
    return found


def convolved_back(
    slopes: Tensor,
    maps: Tensor,
    weight: Tensor,
    _bias: object,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    _transposed: object,
    _output_padding: object,
    groups: int,
    _wanted: object,
) -> tuple[Tensor, None, None]:
    """The gradient of a convolution's input: a transposed one, or without stride a plain one.

    The runtime is several times as fast at the plain one where each channel has its own kernel, but
    keeps a turned copy of its weights: large ones stay as they are.
    """
    kernel = weight.shape[2:]
    if all(step == 1 for step in stride) and weight.numel() <= TURNED:
        around = [dilation[i] * (kernel[i] - 1) - padding[i] for i in range(2)]
        turned, transposed, beyond = _turned(weight, groups), False, [0, 0]
    else:
        turned, transposed, around = weight, True, list(padding)
        beyond = [
            maps.shape[2 + i]
            - (slopes.shape[2 + i] - 1) * stride[i]
            + 2 * padding[i]
            - dilation[i] * (kernel[i] - 1)
            - 1
            for i in range(2)
        ]
    found: Tensor = torch.ops.aten.convolution(
        slopes, turned, None, stride, around, dilation, transposed, beyond, groups
    )
    return found, None, None


def _turned(weight: Tensor, groups: int) -> Tensor:
    """In and out exchanged within each group, and the kernels upside down."""
    outs, ins, *kernel = weight.shape
    apart = weight.reshape(groups, outs // groups, ins, *kernel).transpose(1, 2)
    return apart.reshape(groups * ins, outs // groups, *kernel).flip((2, 3))


def bounded_back(slopes: Tensor, maps: Tensor, least: float, most: float) -> Tensor:
    """The gradient of a bounded ReLU's input: a product is quicker than a choice of two tensors."""
    return slopes * ((maps > least) & (maps < most)).to(slopes.dtype)


def _enlarged(maps: Tensor, sides: Sequence[int], *_corners: object) -> Tensor:
    """ONNX's own operation: torch writes a dozen, which take longer than the layers around them."""
    shape = [*maps.shape[:2], *sides]
    found: Tensor = torch.onnx.ops.symbolic(
        "Resize",
        (maps, None, None, torch.tensor(shape)),
        {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
        dtype=maps.dtype,
        shape=shape,
        version=OPSET,
    )
    return found


def _filled(
    sides: Sequence[int], _order: object, *, dtype: torch.dtype, **_place: object
) -> Tensor:
    """What was not filled yet, as in SiLU's gradient: ONNX knows no such tensor."""
    found: Tensor = torch.ops.aten.full.default(sides, 0.0, dtype=dtype)
    return found
