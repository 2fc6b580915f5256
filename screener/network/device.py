"""Choose where the network runs and how much at once, and say why.

Deterministic for a machine: batch sizes follow the memory there is, not the memory that happens to
be free, so that the same command gives the same scores tomorrow. It never falls back from a device
that was asked for by name.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from screener.errors import DeviceError
from screener.network import choice

DEVICES = ("auto", "cuda", "mps", "cpu")
BYTES_PER_PIXEL = 600
"""Working memory of the network for one pixel of its input, float32, measured and rounded up."""

STREAM_BATCH = 8
"""Images a CPU stream takes at once; more is not faster."""

LARGEST_BATCH = 128
MOST_STREAMS = 8
MOST_WORKERS = 16
MEMORY_SHARE = 0.5
"""Share of the device's memory that a batch may take."""

DRIVERS = ("nvidiactl", "kfd", "dxg", "nvhost-gpu", "nvgpu")
"""Names below /dev of what a GPU speaks through: NVIDIA, AMD, Windows' Linux, NVIDIA's boards."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how the network runs."""

    kind: str
    """"cuda", "mps" or "cpu"."""
    name: str
    engine: str
    """"torch" or "onnx"."""
    arithmetic: str
    """What the convolutions are computed in, as part of a result's key; the head, the softmax and
    the guard are float32 or better."""
    batch_size: int
    """Radiographs decoded, scored and stored together."""
    streams: int
    """Parts of a batch that are computed side by side."""
    threads: int
    """Threads of each stream, on the CPU."""
    workers: int
    """Processes that read and decode files."""
    reasons: tuple[str, ...]
    """Why, a sentence for each choice."""

    @property
    def part_size(self) -> int:
        """Images in one pass through the network; short passes are padded to it."""
        return -(-self.batch_size // self.streams)

    def describe(self) -> str:
        """One line for logs and reports."""
        what = f"{self.engine}, {self.arithmetic}, batches of {self.batch_size}"
        return f"{self.kind} ({self.name}), {what}"


def choose(
    wanted: str = "auto",
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    input_size: int = 224,
    engine: str = "auto",
    weights: Path | None = None,
) -> Device:
    """Choose a device, or check the one asked for.

    Args:
        wanted: one of :data:`DEVICES`.
        batch_size: radiographs a batch, None to fit it to the memory.
        workers: decoding processes, None for one a core.
        input_size: side of the network's input in pixels.
        engine: one of :data:`screener.network.choice.ENGINES`.
        weights: their folder, for the engine's sake; where there is none torch computes.

    Raises:
        DeviceError: the device is not on this machine, the engine cannot use it, or a number is
            not positive.
    """
    for option, number in (("--batch-size", batch_size), ("--workers", workers)):
        if number is not None and number < 1:
            raise DeviceError(f"{option} {number}: must be at least 1")
    kind, why = _kind("cpu" if engine == "onnx" and wanted == "auto" else wanted)
    computing, because = choice.choose(engine, kind, weights)
    streams = min(cores(), MOST_STREAMS, batch_size or MOST_STREAMS) if kind == "cpu" else 1
    fitted, fit = _fitted_batch(kind, streams, input_size)
    threads = max(1, cores() // streams)
    decoders = workers or readers()
    return Device(
        kind=kind,
        name=_name(kind),
        engine=computing,
        arithmetic="float16" if kind == "cuda" else "float32",
        batch_size=batch_size or fitted,
        streams=streams,
        threads=threads,
        workers=decoders,
        reasons=(
            why,
            because,
            f"batch size {batch_size}: as asked" if batch_size else f"batch size {fitted}: {fit}",
            f"{decoders} decoding processes: {'as asked' if workers else 'one a core'}",
            _precision(kind),
        ),
    )


def readers() -> int:
    """Processes that read files, where nobody says how many: one a core."""
    return min(cores(), MOST_WORKERS)


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _kind(wanted: str) -> tuple[str, str]:
    if wanted not in DEVICES:
        raise DeviceError(f"--device {wanted}: unknown; use one of {', '.join(DEVICES)}")
    if wanted == "auto":
        best = next(kind for kind in ("cuda", "mps", "cpu") if _available(kind))
        return best, f"{best}: {_WHY[best]}"
    if not _available(wanted):
        raise DeviceError(f"--device {wanted}: {_cure(wanted)}, or use --device cpu")
    return wanted, f"{wanted}: as asked"


_WHY = {
    "cuda": "an NVIDIA or AMD GPU is the fastest there is",
    "mps": "no CUDA here, but an Apple GPU",
    "cpu": "neither CUDA nor an Apple GPU here",
}


def _available(kind: str) -> bool:
    if kind == "cpu":
        return True
    if not _may_be_there(kind):
        return False
    import torch

    return torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()


def _may_be_there(kind: str) -> bool:
    """Whether it is worth asking torch, which takes seconds to load."""
    if kind == "mps":
        return platform.system() == "Darwin"
    if platform.system() != "Linux":
        return platform.system() == "Windows"
    return any(Path("/dev", name).exists() for name in DRIVERS)


def _cure(kind: str) -> str:
    if kind == "mps":
        return "no Apple GPU here (it needs macOS 12.3 or later on Apple silicon)"
    import torch

    if torch.version.cuda is None:
        return "this torch was built without CUDA; install a CUDA build of torch"
    return "torch finds no GPU; check the driver with nvidia-smi"


def _name(kind: str) -> str:
    if kind == "cuda":
        import torch

        return torch.cuda.get_device_name()
    if kind == "mps":
        return platform.machine()
    return f"{platform.machine()}, {cores()} cores"


def _fitted_batch(kind: str, streams: int, input_size: int) -> tuple[int, str]:
    """The largest useful power of two a stream that memory allows, and why that one."""
    useful = STREAM_BATCH if kind == "cpu" else LARGEST_BATCH
    room = int(_memory(kind) * MEMORY_SHARE / (BYTES_PER_PIXEL * input_size**2 * streams))
    if room >= useful:
        return useful * streams, "more is not faster"
    fitted = 1 << max(0, room.bit_length() - 1)
    return fitted * streams, "what the memory holds"


def _memory(kind: str) -> int:
    """Bytes of memory of the device, used or not."""
    if kind != "cpu":
        import torch
    if kind == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    if kind == "mps":
        return int(torch.mps.recommended_max_memory())
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 4 << 30  # Windows does not tell without a library


def _precision(kind: str) -> str:
    if kind == "cuda":
        return "convolutions in float16 by autocast: faster, scores within 0.01 of the CPU's"
    return "float32 throughout: the precision the card's figures were measured in"
