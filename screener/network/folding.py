"""Batch norms folded into the convolutions before them: the same maps in fewer operations.

Which norm follows which convolution is seen by running the body once without data. A body that
folding would change, because its convolutions serve others besides or standardise their weights,
is left as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

PROBE = 64
"""Side of the picture that a body is tried with, where no other is asked for."""

AGREEMENT = 1e-3
"""Largest difference of a folded body's maps, as a share of their largest value."""

Some = TypeVar("Some", bound=nn.Module)


def fold(body: Some, size: int = PROBE) -> Some:
    """A copy of a body in evaluation mode, with batch norms folded into convolutions.

    Args:
        body: (N, 3, S, S) -> maps; it is left as it is.
        size: side of a picture that the body takes.
    """
    plain = copy.deepcopy(body).eval()
    with _one_thread():
        folded = _folded(plain, size)
        return folded if _agree(plain, folded, size) else plain


def _folded(plain: Some, size: int) -> Some:
    folded = copy.deepcopy(plain)
    for convolution, norm in _pairs(plain, size):
        before, after = folded.get_submodule(convolution), folded.get_submodule(norm)
        assert isinstance(before, nn.Conv2d)
        assert isinstance(after, nn.BatchNorm2d)
        folded.set_submodule(convolution, fuse_conv_bn_eval(before, after))
        # timm's norms hold the activation that follows them
        folded.set_submodule(norm, getattr(after, "act", nn.Identity()))
    return folded


@contextmanager
def _one_thread() -> Iterator[None]:
    """One picture is too little for more: beside other work threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pairs(body: nn.Module, size: int) -> list[tuple[str, str]]:
    """Names of convolutions and of the norms whose input is theirs alone and used once."""
    watched = copy.deepcopy(body).to("meta")
    outputs: list[tuple[str, Tensor]] = []
    pairs: list[tuple[str, str]] = []

    def convolved(name: str) -> Any:  # noqa: ANN401 (a hook)
        return lambda _module, _inputs, output: outputs.append((name, output))

    def normed(name: str) -> Any:  # noqa: ANN401 (a hook)
        return lambda _module, inputs: pairs.extend(
            (convolution, name) for convolution, output in outputs if output is inputs[0]
        )

    for name, module in watched.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(convolved(name))
        elif isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            module.register_forward_pre_hook(normed(name))
    with torch.no_grad():
        watched(torch.zeros(1, 3, size, size, device="meta"))
    return [pair for pair in pairs if _once(pair, pairs, [name for name, _ in outputs])]


def _once(pair: tuple[str, str], pairs: list[tuple[str, str]], convolutions: list[str]) -> bool:
    """Whether both of a pair ran once: what runs twice cannot be folded into one of its runs."""
    norms = [norm for _, norm in pairs]
    return convolutions.count(pair[0]) == 1 and norms.count(pair[1]) == 1


def _agree(plain: nn.Module, folded: nn.Module, size: int) -> bool:
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = plain(noise), folded(noise)
    return bool((expected - found).abs().max() <= AGREEMENT * expected.abs().max())
