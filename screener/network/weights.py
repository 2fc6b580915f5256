"""Weights on disk: ``weights.safetensors``, ``card.json`` and ``MODEL_CARD.md`` in one folder.

The card says what the network was trained on, what was measured and how to prepare an image. The
tensors are loaded without pickle and only when their SHA-256 is the one the card names. Random
weights are never written here and never scored with.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.card import ARCHITECTURE, WeightsCard, load_card, save_card
from screener.digest import digest_of_bytes, digest_of_file
from screener.errors import WeightsError

if TYPE_CHECKING:
    from screener.network.model import Network

WEIGHTS_FILE = "weights.safetensors"


def bundled() -> Path:
    """Folder of the weights that come with the package."""
    return Path(__file__).parent / "bundled" / ARCHITECTURE


def load_network(folder: Path) -> tuple[WeightsCard, Network]:
    """Load and verify weights; the network comes back in evaluation mode, float32, on the CPU.

    Raises:
        WeightsError: a file is missing, its SHA-256 is not the card's, or tensors do not fit.
    """
    from safetensors.torch import load

    from screener.network.model import Network

    card = load_card(folder)
    path = folder / WEIGHTS_FILE
    try:
        content = path.read_bytes()
    except OSError:
        raise WeightsError(f"{path}: no weights here; give --weights another folder") from None
    if digest_of_bytes(content) != card.digest:
        raise WeightsError(f"{path}: damaged or exchanged, its digest is not its card's; reinstall")
    tensors = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in load(content).items()
        if not name.startswith(GUARD_PREFIX)
    }
    network = Network(card.architecture, len(card.labels))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"{path}: not a {card.architecture} ({str(error).splitlines()[0]})"
        ) from None
    return card, network.eval()


GUARD_PREFIX = "guard."
"""Names of the guard's statistics, which travel in the same file as the weights."""


def load_guard(folder: Path) -> dict[str, Any]:
    """The guard's statistics as float32 tensors by name without the prefix; may be empty."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS_FILE, framework="pt") as stream:
        return {
            name.removeprefix(GUARD_PREFIX): stream.get_tensor(name).float()
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
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = dict(half(network.state_dict()))
    tensors |= {GUARD_PREFIX + name: tensor for name, tensor in (guard or {}).items()}
    path = folder / WEIGHTS_FILE
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    digest = digest_of_file(path)
    card = replace(card, digest=digest, thresholds_for=digest if card.thresholds else "")
    save_card(folder, card)
    return card


def half(state: dict[str, Any]) -> dict[str, Any]:
    """The state as it is stored: floating-point tensors in float16, counters as they are."""
    return {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
