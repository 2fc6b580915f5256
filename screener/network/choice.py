"""Which engine computes, and why: decided without loading either.

``auto`` takes ONNX Runtime on a CPU where it is installed and the weights have their graphs;
an engine that was asked for by name is never exchanged for another.
"""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from screener.errors import DeviceError, WeightsError

ENGINES = ("auto", "torch", "onnx")

SCORES_GRAPH = "network.onnx"
MAPS_GRAPH = "maps.onnx"
"""Files beside the tensors; they hold operations alone."""
GRAPHS = (SCORES_GRAPH, MAPS_GRAPH)
PIXELS = "pixels"
"""Name of a graph's input, (1, 3, S, S) float32."""
DIGEST = "weights"
"""Under which a graph names the digest of the tensors it was made for."""

LEAST_VERSION = (1, 17)
"""Of ONNX Runtime: the first that knows the graphs' format."""


def choose(wanted: str, kind: str, weights: Path | None) -> tuple[str, str]:
    """The engine for a device and some weights, and why that one.

    Args:
        wanted: one of :data:`ENGINES`.
        kind: of the device.
        weights: their folder; None for a network that has none.

    Raises:
        DeviceError: the engine is unknown, or runs on no such device.
    """
    if wanted not in ENGINES:
        raise DeviceError(f"--engine {wanted}: unknown; use one of {', '.join(ENGINES)}")
    if wanted == "onnx" and kind != "cpu":
        raise DeviceError(f"--engine onnx: runs on the CPU; use --device cpu with it, not {kind}")
    if wanted != "auto":
        return wanted, f"{wanted}: as asked"
    if kind != "cpu":
        return "torch", f"torch: the engine that runs on {kind}"
    if against := _against_onnx(weights):
        return "torch", f"torch: {against}"
    return "onnx", "onnx: faster on a CPU, and starts without torch"


def _against_onnx(weights: Path | None) -> str:
    """Why ``auto`` does not take ONNX Runtime on this CPU; empty where it does."""
    version = installed()
    if not version:
        return "onnxruntime is not installed; pip install 'covid-resnet-screener[onnx]' is faster"
    if too_old(version):
        return f"onnxruntime {version} is too old; pip install -U onnxruntime"
    if not has_avx2():
        return "this processor has no AVX2, without which ONNX Runtime is not faster"
    if weights is None or not all((weights / name).is_file() for name in GRAPHS):
        return f"no graphs beside the weights; 'trainer export {weights or 'DIR'}' writes them"
    return ""


def installed() -> str:
    """The version of ONNX Runtime; empty where there is none."""
    try:
        return metadata.version("onnxruntime")
    except metadata.PackageNotFoundError:
        return ""


def too_old(version: str) -> bool:
    """Whether a version of ONNX Runtime does not know the graphs' format."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < LEAST_VERSION


def has_avx2() -> bool:
    """False where a processor of Intel's kind says that it has none; no other is known to lack."""
    flags = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not flags.is_file():
        return True
    return " avx2" in flags.read_text(errors="replace")


def graph_of(path: Path, digest: str) -> bytes:
    """The bytes of a graph, which name the tensors that it was made for.

    Raises:
        WeightsError: it is missing, or made for others.
    """
    try:
        graph = path.read_bytes()
    except OSError:
        raise WeightsError(f"{path}: no graph here; {cure(path)}") from None
    if digest.encode() not in graph:
        raise WeightsError(f"{path}: not made for the weights beside it, or damaged; {cure(path)}")
    return graph


def cure(path: Path) -> str:
    """What to do about a graph that cannot be used."""
    return f"write it with 'trainer export {path.parent}', or use --engine torch"
