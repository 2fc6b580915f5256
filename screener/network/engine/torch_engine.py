"""The reference engine: torch on CUDA, on an Apple GPU or on the CPU.

For inference the batch norms are folded into the convolutions and the layout is channels last.
Kernels chosen for another shape round differently, which is why a pass's size is fixed.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from screener.card import WeightsCard
from screener.errors import DeviceLostError
from screener.network.batch import to_input
from screener.network.device import Device
from screener.network.engine import Answer, Floats, NoRoomError, Squares
from screener.network.explain import STRIDE
from screener.network.folding import fold
from screener.network.lung_net import LungNet
from screener.network.model import Network, Tap


class TorchEngine:
    """A network made ready for one device."""

    def __init__(self, network: Network, card: WeightsCard, device: Device) -> None:
        """Fold, move and lay out the network.

        Args:
            network: with loaded weights, in evaluation mode; its body is left as it is.
            card: the weights' card.
            device: where to run.
        """
        body = fold(network.body, card.input_size)
        self._body = body.to(memory_format=torch.channels_last).to(device.kind)
        self._head = network.head.to(device.kind)
        self._tap = Tap(self._body, STRIDE)
        self._card = card
        self._target = card.labels.index(card.target_label)
        self._device = device
        self._dtype: torch.dtype = getattr(torch, device.arithmetic)
        self.part = device.part_size
        self.pool = ThreadPoolExecutor(device.streams, initializer=self._limit_threads)

    def _limit_threads(self) -> None:
        """Each stream has its own share of the cores; the setting belongs to a thread."""
        torch.set_num_threads(self._device.threads)

    def look(self, squares: Squares) -> Answer:
        """One pass through body and head."""
        try:
            with torch.inference_mode():
                pixels = self._input(squares)
                with self._autocast():
                    maps = self._body(pixels)
                features = maps.float()  # (N, C, h, w)
                logits = self._head(features).cpu().double()
                return Answer(logits.numpy(), features.mean(dim=(2, 3)).cpu().numpy())
        except RuntimeError as error:
            if _is_out_of_memory(error):
                raise NoRoomError(str(error)) from None
            self._check_lost(error)
            raise

    def activation(self, square: Squares) -> Floats:
        """One at a time: passes of one shape, so that a map does not depend on its neighbours."""
        try:
            with self._autocast():
                found = activations(self._tap, self._head, self._input(square[None]), self._target)
            return np.asarray(found[0].cpu().numpy())
        except RuntimeError as error:
            self._check_lost(error)
            raise

    def _check_lost(self, error: RuntimeError) -> None:
        """Whether a failure is the device's own: it fell off the bus, or its driver ended.

        Raises:
            DeviceLostError: it is.
        """
        if self._device.kind != "cpu" and is_lost(error):
            raise DeviceLostError(f"{self._device.name} stopped answering") from error

    def shrink(self) -> None:
        """Halve the part and give back what memory is held."""
        self.part //= 2
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()

    def _input(self, squares: Squares) -> Tensor:
        there = torch.from_numpy(np.ascontiguousarray(squares)).to(self._device.kind)
        pixels = to_input(there, self._card.mean, self._card.std)
        return pixels.contiguous(memory_format=torch.channels_last)

    def _autocast(self) -> torch.autocast:
        is_wanted = self._dtype != torch.float32
        return torch.autocast(self._device.kind, self._dtype, enabled=is_wanted)


def activations(tap: Tap, head: Callable[[Tensor], Tensor], pixels: Tensor, target: int) -> Tensor:
    """HiResCAM of one class for a whole batch at once, as it comes: signed, not scaled.

    In evaluation mode the pictures of a batch do not touch each other, so the gradient of the
    summed logits holds each picture's own.

    Args:
        tap: of the body, at :data:`screener.network.explain.STRIDE`.
        head: logits from the body's last maps, in evaluation mode.
        pixels: (N, 3, S, S) of the network's input.
        target: index of the class among the logits.

    Returns:
        (N, h, w) float32.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        maps, last = tap(pixels)  # (N, C, h, w)
        (gradients,) = torch.autograd.grad(head(last.float())[:, target].sum(), maps)
    return (maps.detach().float() * gradients.float()).sum(dim=1)


def lungs(network: LungNet, size: int) -> Callable[[Floats], Floats]:
    """What gives chances of "lung": (N, 3, S, S) -> (N, h, w); safe to share among threads."""
    folded = fold(network.eval(), size).requires_grad_(requires_grad=False)
    ready = folded.to(memory_format=torch.channels_last)

    def chances(pixels: Floats) -> Floats:
        there = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            found: NDArray[np.float32] = ready(there).sigmoid().squeeze(1).numpy()
        return found

    return chances


def is_lost(error: RuntimeError) -> bool:
    """Whether torch says that a device failed, and not what it was asked to compute."""
    kinds = tuple(filter(None, [getattr(torch, "AcceleratorError", None)]))
    return isinstance(error, kinds) or str(error).startswith(("CUDA error", "HIP error", "MPS"))


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has its own class; the CPU and Apple's allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "alloc" in str(error)
