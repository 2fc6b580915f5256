import pytest
import torch
from torchvision.models import resnet50

from screener.errors import WeightsError
from screener.network.model import CovidResNet
from trainer.fitting.backbones import load_backbone


def test_a_torchvision_state_dict_becomes_the_body(tmp_path):
    torch.manual_seed(1)
    theirs = resnet50(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet50.pth")
    ours = CovidResNet().eval()
    load_backbone(ours, str(tmp_path / "resnet50.pth"))
    maps = {}
    theirs.layer4.register_forward_hook(lambda *found: maps.update(layer4=found[2]))
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        theirs(pixels)
        assert torch.equal(ours.body(pixels), maps["layer4"])


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="not a torchvision ResNet-50"):
        load_backbone(CovidResNet(), str(tmp_path / "other.pth"))


def test_a_damaged_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="not readable as weights") as caught:
        load_backbone(CovidResNet(), str(tmp_path / "broken.pth"))
    assert "\n" not in str(caught.value)


def test_offline_imagenet_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for word in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(word, "http://127.0.0.1:9")  # the discard port: refused at once
    with pytest.raises(WeightsError, match="--backbone-weights FILE"):
        load_backbone(CovidResNet(), "imagenet")
