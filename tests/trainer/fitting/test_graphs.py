"""Graphs of both heads, written from weights and computed without torch."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx.numpy_helper import to_array

from screener.card import HEADS, WeightsCard
from screener.network import choice, device, lungs
from screener.network.engine.onnx_engine import OnnxEngine
from screener.network.engine.torch_engine import TorchEngine
from screener.network.lung_net import LungNet
from screener.network.model import Network
from screener.network.weights import bundled, load_network, names, save_weights
from trainer.fitting.graphs import stamp_graphs, write_graphs
from trainer.fitting.operations import TURNED

pytest.importorskip("onnxruntime")

ENGINES = ("onnx", "torch")
SMALL = "timm/test_efficientnet"


@pytest.fixture(scope="module", params=HEADS)
def folder(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    network = Network(SMALL, head=request.param).eval()
    card = WeightsCard("small", "1", architecture=SMALL, head=request.param, input_size=64)
    save_weights(folder, network, card, {"mean": torch.zeros(2)})
    write_graphs(folder)
    return folder


def test_a_graph_says_what_torch_says(folder):
    card, network = load_network(folder)
    place = device.choose("cpu", input_size=64)
    squares = np.random.default_rng(0).integers(0, 256, (2, 64, 64), np.uint8)
    ours, theirs = OnnxEngine(folder, card, place), TorchEngine(network, card, place)
    assert np.allclose(ours.look(squares).logits, theirs.look(squares).logits, atol=1e-4)
    assert np.allclose(ours.look(squares).pooled, theirs.look(squares).pooled, atol=1e-4)
    found, expected = (engine.activation(squares[0]) for engine in (ours, theirs))
    assert expected.any()
    assert np.allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_a_graph_holds_operations_and_no_tensors(folder):
    for name in choice.GRAPHS:
        graph = onnx.load(folder / name, load_external_data=False).graph
        held = [to_array(one) for one in graph.initializer if not one.external_data]
        assert all(one.size <= 8 or len(np.unique(one)) == 1 for one in held)


def test_what_got_another_guard_keeps_its_graphs(folder):
    card, network = load_network(folder)
    card = save_weights(folder, network, replace(card, version="2"), {"mean": torch.ones(2)})
    stamp_graphs(folder, card.digest)
    OnnxEngine(folder, card, device.choose("cpu", input_size=64))


def operations(path):
    return [node.op_type for node in onnx.load(path, load_external_data=False).graph.node]


@pytest.mark.parametrize("name", names())
def test_bundled_maps_have_transposed_convolutions_for_strides_and_large_weights_alone(name):
    graph = onnx.load(bundled(name) / choice.MAPS_GRAPH, load_external_data=False).graph
    sizes = {tensor.name: np.prod(tensor.dims) for tensor in graph.initializer}
    transposed = [node for node in graph.node if node.op_type == "ConvTranspose"]
    small = [node for node in transposed if sizes[node.input[1]] <= TURNED]
    assert len(small) <= 2


def test_the_bundled_lungs_graph_enlarges_in_one_operation():
    found = operations(lungs.bundled() / choice.SCORES_GRAPH)
    assert found.count("Resize") == 3
    assert "GatherND" not in found


def test_the_lungs_graph_says_what_torch_says(tmp_path):
    torch.manual_seed(0)
    card = lungs.save_lungs(tmp_path, LungNet().eval(), lungs.LungsCard("l", "1", input_size=64))
    write_graphs(tmp_path)
    films = np.random.default_rng(0).integers(0, 256, (2, 64, 64), np.uint8)
    ours, theirs = (lungs.Lungs.load(tmp_path, engine).maps(films)[0] for engine in ENGINES)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert card.input_size == 2 * ours.shape[-1]
