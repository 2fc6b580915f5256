"""Bodies by name: what they give, how they are told apart, and that nothing goes online."""

import subprocess
import sys

import pytest
import torch

from screener.errors import WeightsError
from screener.network import bodies
from screener.network.model import Network

LITE = "timm/tf_efficientnet_lite0"
SMALL = "timm/test_efficientnet"
"""A network that timm keeps for tests: 360,000 parameters."""


@pytest.mark.parametrize(
    ("architecture", "channels"),
    [
        ("covid-resnet50", 2048),
        (LITE, 1280),
        (SMALL, 256),
        ("timm/test_convnext", 64),
        ("timm/efficientformer_l1", 448),  # gives tokens
        ("timm/swinv2_cr_tiny_ns_224", 768),
    ],
)
def test_each_body_gives_maps_of_its_channels(architecture, channels):
    with torch.device("meta"):
        body = bodies.create(architecture).eval()
        maps = body(torch.zeros(2, 3, 224, 224))
    assert body.channels == channels
    assert maps.shape == (2, channels, 7, 7)


def test_channels_that_come_last_are_put_first():
    maps = torch.rand(2, 5, 6, 9)
    assert bodies.channels_first(maps, 9).shape == (2, 9, 5, 6)
    assert bodies.channels_first(maps, 5) is maps


@pytest.mark.parametrize("architecture", ["covid-resnet50", LITE, SMALL])
def test_the_layer_of_a_stride_has_maps_of_that_stride(architecture):
    found = []
    with torch.device("meta"):
        body = bodies.create(architecture).eval()
        body.layer(16).register_forward_hook(lambda *seen: found.append(seen[2]))
        body(torch.zeros(1, 3, 160, 160))
    assert found[0].shape[2:] == (10, 10)
    assert body.layer(64) is None


@pytest.mark.parametrize("architecture", [LITE, SMALL, "timm/test_convnext", "timm/test_vit"])
def test_groups_hold_each_parameter_once_earliest_first(architecture):
    network = Network(architecture)
    groups = network.layer_groups()
    ids = [id(parameter) for group in groups for parameter in group]
    assert len(ids) == len(set(ids))
    assert set(ids) == {id(parameter) for parameter in network.parameters()}
    assert groups[-1] == list(network.head.parameters())
    first = next(network.body.parameters())
    assert any(parameter is first for parameter in groups[0])


def test_a_lite_body_has_a_group_for_stem_and_each_block():
    assert len(Network(LITE).layer_groups()) == 1 + 16 + 1


@pytest.mark.parametrize(
    ("architecture", "fact"),
    [
        ("vgg", "no network is known by this name"),
        ("timm/tf_efficientnet_lite9", "did you mean timm/tf_efficientnet_lite"),
        ("timm/", "has no such backbone"),
        ("timm/hf-hub:somebody/something", "has no such backbone"),
        ("timm/../../resnet50", "has no such backbone"),
        ("timm/tf_efficientnet_lite0.nothing", "nothing"),
        ("timm/efficientvit_b0", "cannot be a body without its own pooling"),
    ],
)
def test_a_name_that_makes_no_body_is_refused_in_one_line(architecture, fact):
    with pytest.raises(WeightsError, match=fact) as caught:
        bodies.check(architecture, [64])
    assert "\n" not in str(caught.value)


def test_a_body_of_one_size_says_so():
    with pytest.raises(WeightsError, match="takes no pictures of 64 pixels"):
        bodies.check("timm/vit_tiny_patch16_224", [224, 64])


ALONE = """
import json, socket, sys
def refuse(*_): raise AssertionError("went online")
socket.socket.connect = socket.getaddrinfo = refuse
from screener.network.model import Network
Network()
before = [name for name in sys.modules if name.partition(".")[0] in ("timm", "huggingface_hub")]
Network("timm/test_efficientnet")
print(json.dumps([before, "timm" in sys.modules]))
"""


def test_timm_is_loaded_only_for_its_own_names_and_stays_offline():
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[[], true]\n"
