"""Graphs of both heads, written from weights and computed without torch."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx.numpy_helper import to_array

from screener.card import HEADS, WeightsCard
from screener.network import choice, device
from screener.network.engine.onnx_engine import OnnxEngine
from screener.network.engine.torch_engine import TorchEngine
from screener.network.model import Network
from screener.network.weights import load_network, save_weights
from trainer.fitting.graphs import stamp_graphs, write_graphs

pytest.importorskip("onnxruntime")

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
