"""What computes: squares in, and out what a network says of them.

One interface and two engines behind it. ``torch`` is the reference and runs on every device;
``onnx`` serves the CPU and needs no torch. Both have their tensors from the same file. Bands,
guard and everything else that is made of an answer are not their business.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Squares = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Answer(NamedTuple):
    """What a network says of N squares."""

    logits: NDArray[np.float64]
    """(N, classes)"""
    pooled: Floats
    """(N, C) means of its last maps"""


class NoRoomError(Exception):
    """The device's memory does not hold so many squares at once."""


class Engine(Protocol):
    """A network with its tensors, ready on a device; to be shared among the threads of its pool."""

    @property
    def part(self) -> int:
        """Squares in one pass; fewer are to be padded to it, so that all passes have one shape."""

    @property
    def pool(self) -> Executor:
        """Threads in which passes run side by side."""

    def look(self, squares: Squares) -> Answer:
        """One pass: (N, S, S) uint8 -> N answers.

        Raises:
            NoRoomError: the memory does not suffice.
        """

    def activation(self, square: Squares) -> Floats:
        """HiResCAM of the target, signed and not scaled: (S, S) uint8 -> (h, w)."""

    def shrink(self) -> None:
        """Halve the part and give back what memory is held."""
