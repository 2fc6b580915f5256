"""The network as ONNX graphs, for machines and scans that shall do without torch.

A graph holds operations and no tensors: those it takes by name from ``weights.safetensors``, whose
digest it names, so that there is one set of weights and no second one to go astray. Two are
written: what gives scores, and what gives a map, its gradient written out as operations. torch
traces both; nothing is fitted or measured here.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, functionalize, grad

from screener.card import CARD_FILE
from screener.network import choice, lungs
from screener.network.explain import STRIDE
from screener.network.model import Network
from screener.network.weights import WEIGHTS_FILE, load_network
from screener.whole import replace_file
from trainer.fitting import operations

Outputs = tuple[Tensor, ...]
Function = Callable[..., Outputs]
"""Pixels and tensors in, what the graph gives out."""


def write_graphs(folder: Path) -> list[Path]:
    """Write the graphs of some weights, of either kind, beside them.

    Raises:
        WeightsError: the weights are missing, damaged or do not fit their card.
    """
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    if card.get("kind") == lungs.KIND:
        return _write_lungs(folder)
    return _write_network(folder)


def stamp_graphs(folder: Path, digest: str) -> None:
    """Name the tensors anew in the graphs beside them, once only the guard has changed."""
    import onnx

    for path in (folder / choice.SCORES_GRAPH, folder / choice.MAPS_GRAPH):
        if path.is_file():
            model = onnx.load(path, load_external_data=False)
            replace_file(path, _stamped(model, digest))


def _write_network(folder: Path) -> list[Path]:
    card, network = load_network(folder)
    pixels = torch.zeros(1, 3, card.input_size, card.input_size)
    target = card.labels.index(card.target_label)
    scores, maps = folder / choice.SCORES_GRAPH, folder / choice.MAPS_GRAPH
    _write(scores, network, _scores(network), pixels, card.digest)
    _write(maps, network, _map(network, pixels, target), pixels, card.digest)
    return [scores, maps]


def _write_lungs(folder: Path) -> list[Path]:
    card, network = lungs.load_lungs(folder)
    pixels = torch.zeros(1, 3, card.input_size, card.input_size)

    def chances(pixels: Tensor, *tensors: Tensor) -> Outputs:
        logits: Tensor = functional_call(network, _named(network, tensors), (pixels,))
        return (logits.sigmoid().squeeze(1),)

    _write(folder / choice.SCORES_GRAPH, network, chances, pixels, card.digest)
    return [folder / choice.SCORES_GRAPH]


def _scores(network: Network) -> Function:
    """Logits (1, classes) and the means of the last maps (1, C)."""

    def scores(pixels: Tensor, *tensors: Tensor) -> Outputs:
        last: list[Tensor] = []
        hook = network.body.register_forward_hook(lambda _m, _i, maps: last.append(maps))
        try:
            logits = functional_call(network, _named(network, tensors), (pixels,))
        finally:
            hook.remove()
        return logits, last[0].mean((2, 3))

    return scores


def _map(network: Network, pixels: Tensor, target: int) -> Function:
    """HiResCAM at :data:`STRIDE`, before it is scaled, (1, h, w), and the logits.

    The gradient is that of what is added to the tapped maps, so that nothing before them is
    differentiated. The logits are there so that each of the tensors has a use: a runtime drops
    those that have none before it could be handed them.
    """
    tapped = _tapped(network, pixels)
    seen: list[Tensor] = []
    hook = tapped.register_forward_hook(lambda _m, _i, maps: seen.append(maps))
    with torch.no_grad():
        network(pixels)
    hook.remove()
    nothing = torch.zeros_like(seen[0])

    def activation(pixels: Tensor, *tensors: Tensor) -> Outputs:
        state = _named(network, tensors)

        def speaks(added: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            found: list[Tensor] = []

            def add(_module: nn.Module, _inputs: object, maps: Tensor) -> Tensor:
                found.append(maps)
                return maps + added

            hook = tapped.register_forward_hook(add)
            try:
                logits: Tensor = functional_call(network, state, (pixels,))
            finally:
                hook.remove()
            return logits[0, target], (found[0], logits)

        slopes, (maps, logits) = grad(speaks, has_aux=True)(nothing)
        return (maps * slopes).sum(1), logits

    return activation


def _tapped(network: Network, pixels: Tensor) -> nn.Module:
    """The layer that a map is taken from, as :class:`screener.network.model.Tap` takes it."""
    layer = network.body.layer(STRIDE)
    if layer is None:
        return network.body
    shapes: list[torch.Size] = []
    hook = layer.register_forward_hook(lambda _m, _i, maps: shapes.append(maps.shape))
    with torch.no_grad():
        network(pixels)
    hook.remove()
    return layer if len(shapes[0]) == 4 else network.body


def _names(network: nn.Module) -> list[str]:
    return [name for name, t in network.state_dict().items() if t.is_floating_point()]


def _named(network: nn.Module, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    return dict(zip(_names(network), tensors, strict=True))


def _write(path: Path, network: nn.Module, function: Function, pixels: Tensor, digest: str) -> None:
    """Trace a function of a network and write its graph without the tensors."""
    from torch.fx.experimental.proxy_tensor import make_fx

    network.requires_grad_(requires_grad=False)
    state = network.state_dict()
    inputs = (pixels, *(state[name] for name in _names(network)))
    traced = make_fx(functionalize(function), decomposition_table=operations.table())(*inputs)
    with warnings.catch_warnings(action="ignore"):  # of torch about its own parts
        program: Any = torch.onnx.export(
            traced,
            inputs,
            dynamo=True,
            verbose=False,
            opset_version=operations.OPSET,
            input_names=[choice.PIXELS, *_names(network)],
        )
    replace_file(path, _without_tensors(program.model_proto, digest))


def _without_tensors(model: Any, digest: str) -> bytes:  # noqa: ANN401 (onnx has no types)
    """The model's bytes, its tensors named and left outside."""
    from onnx import TensorProto

    graph = model.graph
    pixels, *tensors = graph.input
    for one in tensors:
        sides = [side.dim_value for side in one.type.tensor_type.shape.dim]
        outside = TensorProto(name=one.name, data_type=TensorProto.FLOAT, dims=sides)
        outside.data_location = TensorProto.EXTERNAL
        outside.external_data.add(key="location", value=WEIGHTS_FILE)
        graph.initializer.append(outside)
    del graph.input[:]
    graph.input.append(pixels)
    for part in (*graph.node, graph, *graph.value_info, *graph.input, *graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")
    return _stamped(model, digest)


def _stamped(model: Any, digest: str) -> bytes:  # noqa: ANN401
    """The model's bytes with the name of its tensors, and of no others."""
    model.ClearField("metadata_props")
    model.metadata_props.add(key=choice.DIGEST, value=digest)
    written: bytes = model.SerializeToString(deterministic=True)
    return written
