"""Weights on disk: ``weights.safetensors``, ``card.json`` and ``MODEL_CARD.md`` in one folder.

The card says what the network was trained on, what was measured and how to prepare an image. The
tensors are loaded without pickle and only when their SHA-256 is the one the card names. Random
weights are never written here and never scored with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.card import (
    ARCHITECTURE,
    CARD_FILE,
    MODEL_CARD_FILE,
    MODEL_CARD_TWIN,
    WeightsCard,
    load_card,
    text_of,
)
from screener.digest import digest_of_bytes
from screener.errors import WeightsError
from screener.network.choice import GRAPHS, graph_of
from screener.text import closest
from screener.whole import in_place_of, unfinished

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from screener.network.lung_net import LungNet
    from screener.network.model import Network

WEIGHTS_FILE = "weights.safetensors"


BUNDLED = Path(__file__).parent / "bundled"
AUTO = "auto"
"""The weights meant where none are named."""
ON_CPU = ("covid-lite", ARCHITECTURE)
ON_GPU = (ARCHITECTURE, "covid-lite")
"""Which of the bundled weights ``auto`` takes where: the first that is there."""

SCORELESS = frozenset({"lungs"})
"""Folders beside them whose weights give no score."""


def bundled(name: str = ARCHITECTURE) -> Path:
    """Folder of weights that come with the package."""
    return BUNDLED / name


def names() -> list[str]:
    """Names of the weights that come with the package."""
    found = sorted(path.parent.name for path in BUNDLED.glob(f"*/{CARD_FILE}"))
    return [name for name in found if name not in SCORELESS]


def find(wanted: str | Path | None = None, device: str = "auto") -> Path:
    """The folder of weights given by name or as a folder.

    Args:
        wanted: a name of :func:`names`, a folder, or ``auto`` (as None or ""): what suits the
            device. A folder of a bundled name is given as ``./NAME``.
        device: as :func:`screener.network.device.choose` knows it; looked at for ``auto`` only.

    Raises:
        WeightsError: there is neither.
    """
    if wanted in (None, "", AUTO):
        return bundled(_suited(device))
    if isinstance(wanted, str) and wanted in names():
        return bundled(wanted)
    folder = Path(str(wanted))
    if folder.is_dir():
        return folder
    near = closest(str(wanted), names())
    raise WeightsError(
        f"{wanted}: no such weights{near}; bundled are {', '.join(names())}, "
        "or give --weights a folder made by 'trainer export'"
    )


def _suited(device: str) -> str:
    """The bundled weights for a device; torch is asked only where there is a choice."""
    there = names()
    if len(there) < 2:
        return ARCHITECTURE
    if device == "auto":
        from screener.network.device import choose

        device = choose().kind
    return next(name for name in (ON_CPU if device == "cpu" else ON_GPU) if name in there)


def load_network(folder: Path) -> tuple[WeightsCard, Network]:
    """Load and verify weights; the network comes back in evaluation mode, float32, on the CPU.

    Raises:
        WeightsError: a file is missing, its SHA-256 is not the card's, or tensors do not fit.
    """
    from screener.network.model import Network

    card = load_card(folder)
    tensors = read_tensors(folder, card.digest)
    network = Network(card.architecture, len(card.labels), card.head)
    fill(network, folder, {k: t for k, t in tensors.items() if not k.startswith(GUARD_PREFIX)})
    return card, network.eval()


def read_tensors(folder: Path, digest: str) -> dict[str, Tensor]:
    """The tensors of a weights file, if it is the one that its card names.

    Raises:
        WeightsError: it is missing, its SHA-256 is another, or it is not safetensors.
    """
    from safetensors.torch import load

    tensors: dict[str, Tensor] = _loaded(folder, digest, load)
    return tensors


def read_arrays(folder: Path, digest: str) -> dict[str, NDArray[np.float32]]:
    """The network's own tensors of a weights file in float32, without torch.

    Raises:
        WeightsError: it is missing, its SHA-256 is another, it is not safetensors, or one of the
            tensors holds what is no number.
    """
    import numpy as np
    from safetensors.numpy import load

    found: dict[str, NDArray[np.float32]] = {}
    for name, array in _loaded(folder, digest, load).items():
        if name.startswith(GUARD_PREFIX) or array.dtype.kind != "f":
            continue
        if not np.isfinite(array).all():
            raise _no_number(folder, name)
        found[name] = array.astype(np.float32)
    return found


def _loaded(folder: Path, digest: str, load: Callable[[bytes], Any]) -> Any:  # noqa: ANN401
    from safetensors import SafetensorError

    path = folder / WEIGHTS_FILE
    try:
        content = path.read_bytes()
    except OSError:
        raise WeightsError(f"{path}: no weights here; give --weights another folder") from None
    if (found := digest_of_bytes(content)) != digest:
        raise WeightsError(f"{path}: {_mismatch(folder, found)}")
    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: not safetensors ({_line(error)}); export again") from None


def _no_number(folder: Path, name: str) -> WeightsError:
    return WeightsError(
        f"{folder / WEIGHTS_FILE}: {name} holds what is no number of its kind; "
        "export the weights again"
    )


def _mismatch(folder: Path, digest: str) -> str:
    """Why weights and card do not belong together, as far as the folder tells, and the cure."""
    try:
        waiting = json.loads(unfinished(folder / CARD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        waiting = None
    if isinstance(waiting, dict) and waiting.get("digest") == digest:
        return (
            f"newer than {CARD_FILE}: who wrote both was stopped between them; "
            "run 'trainer export' again, and 'trainer calibrate' after it"
        )
    return "damaged or exchanged, its digest is not its card's; export or install it again"


def fill(network: Network | LungNet, folder: Path, tensors: dict[str, Tensor]) -> None:
    """Put the tensors of a folder into a network, each of which must fit and hold numbers only.

    Raises:
        WeightsError: one does not.
    """
    path = folder / WEIGHTS_FILE
    expected = network.state_dict()
    for name, tensor in tensors.items():
        kind = expected.get(name, tensor).is_floating_point()
        if tensor.is_floating_point() != kind or not bool(tensor.isfinite().all()):
            raise _no_number(folder, name)
    plain = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    try:
        network.load_state_dict(plain)
    except RuntimeError as error:
        raise WeightsError(f"{path}: not a {network.architecture} ({_line(error)})") from None


def verify(folder: Path) -> WeightsCard:
    """Load all that a scan would load, and give the card.

    Raises:
        WeightsError: card, tensors or guard are not whole or do not fit one another.
    """
    from screener.network.guard import Guard

    card, network = load_network(folder)
    guard = Guard.from_weights(card, load_guard(folder))
    if guard and guard.features.mean.size != network.body.channels:
        raise WeightsError(f"{folder}: its guard is another network's; run 'trainer calibrate'")
    for name in GRAPHS:
        if (folder / name).is_file():
            graph_of(folder / name, card.digest)
    return card


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


GUARD_PREFIX = "guard."
"""Names of the guard's statistics, which travel in the same file as the weights."""


def load_guard(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The guard's statistics in float32 by name without the prefix; may be empty."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS_FILE, framework="numpy") as stream:
        return {
            name.removeprefix(GUARD_PREFIX): stream.get_tensor(name).astype("float32")
            for name in stream.keys()  # noqa: SIM118 (not a dict)
            if name.startswith(GUARD_PREFIX)
        }


def save_weights(
    folder: Path,
    network: Network,
    card: WeightsCard,
    guard: dict[str, Any] | None = None,
) -> WeightsCard:
    """Write float16 weights and their card; returns the card with its digest.

    The card's thresholds, if any, become bound to the new digest: pass only thresholds that were
    measured with these very weights as :func:`half` leaves them.

    Raises:
        WeightsError: a tensor holds what is no number; nothing is written.
    """
    from safetensors.torch import save

    tensors = dict(half(network.state_dict()))
    tensors |= {GUARD_PREFIX + name: tensor for name, tensor in (guard or {}).items()}
    check_finite(folder, tensors)
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    digest = digest_of_bytes(content)
    card = replace(card, digest=digest, thresholds_for=digest if card.thresholds else "")
    write_together(folder, content, text_of(card))
    return card


def check_finite(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse to write what no scan would load.

    Raises:
        WeightsError: a tensor, as it would be stored, holds what is no number.
    """
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise WeightsError(
                f"{folder}: not written, {name} would hold what is no number in "
                f"{str(tensor.dtype).removeprefix('torch.')}; fit with smaller rates"
            )


def write_together(folder: Path, tensors: bytes, card: str) -> None:
    """Write weights and their card, or neither: the one without the other is refused.

    A kill between the two leaves the new card beside them under its unfinished name, by which
    :func:`read_tensors` knows what happened. What a model card told of the weights before goes
    first, for it holds no longer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with in_place_of(folder / CARD_FILE) as told, in_place_of(folder / WEIGHTS_FILE) as meant:
        told.write_bytes(card.encode())
        meant.write_bytes(tensors)
        for name in (MODEL_CARD_FILE, MODEL_CARD_TWIN):
            (folder / name).unlink(missing_ok=True)


def half(state: dict[str, Any]) -> dict[str, Any]:
    """The state as it is stored: floating-point tensors in float16, counters as they are."""
    return {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
