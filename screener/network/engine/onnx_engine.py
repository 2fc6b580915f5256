"""The engine for CPUs without torch: ONNX Runtime over graphs that hold no tensors.

The tensors come from ``weights.safetensors`` and are handed to the runtime while it loads a graph;
a graph made for others is refused. One square a pass, so that no score depends on its neighbours.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screener.card import WeightsCard
from screener.errors import DeviceError, WeightsError
from screener.network.batch import to_array
from screener.network.choice import MAPS_GRAPH, PIXELS, SCORES_GRAPH, cure, graph_of, too_old
from screener.network.device import Device
from screener.network.engine import Answer, Floats, NoRoomError, Squares
from screener.network.weights import read_arrays

Arrays = Mapping[str, NDArray[np.float32]]

M_MMAP_THRESHOLD = -3
"""Of glibc's mallopt."""
COMPACT_FROM = 64 << 20
"""Bytes of tensors from which on memory counts for more than the time of a map."""
LARGE = 1 << 20
"""Bytes from which on a block is to go back to the system when it is freed."""


class OnnxEngine:
    """The graphs of some weights, loaded with their tensors."""

    part = 1

    def __init__(self, folder: Path, card: WeightsCard, device: Device) -> None:
        """Load the graph that scores; that of maps is looked at, and loaded for the first map.

        Raises:
            WeightsError: tensors or graph are missing, damaged or not of each other.
            DeviceError: ONNX Runtime cannot be used.
        """
        self._folder, self._card, self._threads = folder, card, device.threads
        self._map_graph = graph_of(folder / MAPS_GRAPH, card.digest)
        self._scores = self._session(SCORES_GRAPH, graph_of(folder / SCORES_GRAPH, card.digest))
        self.pool = ThreadPoolExecutor(device.streams)

    @cached_property
    def _maps(self) -> Any:  # noqa: ANN401 (onnxruntime has no types)
        return self._session(MAPS_GRAPH, self._map_graph)

    def _session(self, name: str, graph: bytes) -> Any:  # noqa: ANN401
        """The tensors are read for each: sessions have their own copies, and need no other.

        Of large ones the graph of maps, which few films need, makes no second copy in the
        processor's own layout: a pass then takes two to three times as long.
        """
        tensors = read_arrays(self._folder, self._card.digest)
        path = self._folder / name
        size = sum(tensor.nbytes for tensor in tensors.values())
        is_compact = name == MAPS_GRAPH and size > COMPACT_FROM
        return session(path, graph, tensors, self._threads, is_compact=is_compact)

    def look(self, squares: Squares) -> Answer:
        """One square after another."""
        found = [self._run(self._scores, square) for square in squares]
        logits, pooled = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Answer(logits.astype(np.float64), pooled)

    def activation(self, square: Squares) -> Floats:
        """From a graph that holds the gradient's own operations."""
        found: Floats = self._run(self._maps, square)[0][0]
        return found

    def shrink(self) -> None:
        """There is nothing smaller than one square."""

    def _run(self, graph: Any, square: Squares) -> list[Floats]:  # noqa: ANN401
        pixels = to_array(square[None], self._card.mean, self._card.std)
        try:
            found: list[Floats] = graph.run(None, {PIXELS: pixels})
        except RuntimeError as error:
            if "alloc" not in str(error):
                raise
            raise NoRoomError(str(error)) from None
        return found


def lungs(folder: Path, digest: str) -> Callable[[Floats], Floats]:
    """What gives chances of "lung": (N, 3, S, S) -> (N, h, w); safe to share among threads.

    Raises:
        WeightsError: tensors or graph are missing, damaged or not of each other.
        DeviceError: ONNX Runtime cannot be used.
    """
    path = folder / SCORES_GRAPH
    graph = session(path, graph_of(path, digest), read_arrays(folder, digest), threads=1)

    def chances(pixels: Floats) -> Floats:
        return np.concatenate([graph.run(None, {PIXELS: one[None]})[0] for one in pixels])

    return chances


def session(
    path: Path, graph: bytes, tensors: Arrays, threads: int, *, is_compact: bool = False
) -> Any:  # noqa: ANN401
    """A graph with its tensors, on the CPU.

    Args:
        path: of the graph, for messages.
        graph: its bytes.
        tensors: by name.
        threads: of one pass.
        is_compact: hold no second copy of the tensors in the processor's own layout.

    Raises:
        WeightsError: the graph is damaged.
        DeviceError: ONNX Runtime is missing or too old, or there is no memory.
    """
    runtime = _runtime()
    _return_large_blocks()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # what waits for work must not burn the cores that decode
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if is_compact:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.add_session_config_entry("session.disable_prepacking", "1")
    values = [runtime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 (its classes have no other common base)
        if "alloc" in str(error):
            raise DeviceError(f"{path}: not enough memory; close other programs") from None
        raise WeightsError(f"{path}: damaged; {cure(path)}") from None


def _return_large_blocks() -> None:
    """Loading makes copies of all tensors and frees them, which glibc would keep: 200 MB."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


def _runtime() -> Any:  # noqa: ANN401
    """ONNX Runtime itself.

    Raises:
        DeviceError: it is missing, too old or cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError as error:
        fact = next(iter(str(error).splitlines()), "")
        raise DeviceError(
            f"--engine onnx: {fact}; pip install 'covid-resnet-screener[onnx]', or use "
            "--engine torch"
        ) from None
    if too_old(onnxruntime.__version__):
        raise DeviceError(
            f"--engine onnx: onnxruntime {onnxruntime.__version__} is too old; "
            "pip install -U onnxruntime, or use --engine torch"
        )
    return onnxruntime
