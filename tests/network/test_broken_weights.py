"""Weights that are not what they say: each ends a scan and ``weights verify`` with one line."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from screener.card import CARD_FILE, WeightsCard
from screener.cli.main import screener
from screener.digest import digest_of_file
from screener.errors import WeightsError
from screener.network.guard import COARSE, DIRECTIONS, GRIDS, Gaussian
from screener.network.model import Network
from screener.network.weights import WEIGHTS_FILE, load_network, save_weights, verify
from screener.program import run

NAN, INFINITE = float("nan"), float("inf")
SMALL = "timm/test_efficientnet"
OUTLINE = DIRECTIONS * sum(grid**2 for grid in GRIDS)


def guard():
    dice = torch.Generator().manual_seed(0)
    statistics = {"polarity": torch.zeros(COARSE**2)}
    for part, width in (("outline", OUTLINE), ("features", 256)):
        fitted = Gaussian.fit(torch.rand(9, width, generator=dice).numpy(), 2)
        for name in ("mean", "axes", "variances"):
            statistics[f"{part}.{name}"] = torch.tensor(getattr(fitted, name)).clone()
    return statistics


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("whole")
    card = WeightsCard(
        "test",
        "1",
        architecture=SMALL,
        input_size=64,
        thresholds={"PRIORITY": 0.5, "ELEVATED": 0.2},
        guard={"limit": 1.1, "scale": [1.0, 2.0]},
    )
    save_weights(folder, Network(SMALL), card, guard())
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    for name in (CARD_FILE, WEIGHTS_FILE):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    return tmp_path


def assert_refused(folder, capfd):
    """By a scan and by verify, with exit code 4 and one line that names the folder or the file."""
    with pytest.raises(WeightsError):
        verify(folder)
    for arguments in (
        ["weights", "verify", "--weights", str(folder)],
        ["scan", str(folder), "--weights", str(folder), "-o", str(folder / "results")],
    ):
        assert run(screener, "screener", arguments) == 4
        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1), err
        assert "Traceback" not in err
        assert len(err) < 1200


def test_weights_that_are_whole_are_found_whole(folder):
    assert verify(folder).guard["limit"] == 1.1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 0), ("temperature", NAN), ("temperature", INFINITE), ("temperature", -1.0),
        ("temperature", "1"), ("temperature", None), ("temperature", True), ("temperature", 1e-300),
        ("temperature", 10**400), ("temperature", [1.0]),
        ("thresholds", {"PRIORITY": NAN, "ELEVATED": 0.2}),
        ("thresholds", {"PRIORITY": 0.2, "ELEVATED": 0.5}),
        ("thresholds", {"PRIORITY": 0.5}), ("thresholds", {"ELEVATED": 0.5}),
        ("thresholds", {"PRIORITY": "0.5", "ELEVATED": 0.2}),
        ("thresholds", {"PRIORITY": 1.5, "ELEVATED": 0.2}),
        ("thresholds", {"priority": 0.5, "elevated": 0.2}),
        ("thresholds", [0.5, 0.2]), ("thresholds", None),
        ("thresholds_for", "sha256:" + 64 * "0"), ("thresholds_for", 7),
        ("labels", ["normal", "sick"]), ("labels", "normal"), ("labels", None), ("labels", 4),
        ("target_label", "influenza"), ("target_label", "normal"), ("target_label", 3),
        ("input_size", 0), ("input_size", -64), ("input_size", 64.5), ("input_size", "64"),
        ("input_size", 10**9), ("input_size", True), ("input_size", None),
        ("mean", [0.5]), ("mean", 0.5), ("mean", [0.5, NAN, 0.5]), ("mean", ["a", "b", "c"]),
        ("std", [0.2, 0.0, 0.2]), ("std", [0.2, 0.2, -0.2]), ("std", None),
        ("architecture", "vgg16"), ("architecture", "timm/"), ("architecture", 50),
        ("architecture", "timm/no_such_network"), ("architecture", "timm/../../etc"),
        ("architecture", "covid-resnet50"), ("architecture", "timm/test_resnet"),
        ("digest", "sha256:"), ("digest", 64 * "0"), ("digest", None), ("digest", 5),
        ("name", ""), ("name", 5), ("name", "\ud800"), ("version", None), ("version", ["1"]),
        ("guard", {"limit": NAN, "scale": [1.0, 1.0]}), ("guard", {"limit": 1.0, "scale": [1.0]}),
        ("guard", {"limit": 1.0, "scale": [0.0, 1.0]}), ("guard", {"limit": "1"}), ("guard", []),
        ("guard", {}), ("guard", {"scale": [1.0, 1.0]}),
        ("metrics", [1]), ("metrics", {"accuracy": NAN}), ("trained_on", {"a": 1}),
        ("licence", 0), ("grayscale", None),
    ],
)  # fmt: skip
def test_a_card_with_a_field_that_cannot_be_is_refused(folder, capfd, field, value):
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    assert_refused(folder, capfd)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"5", b'"card"', b"\xff\xfe{}", b"{}", b"[" * 100_000,
        b'{"a":' * 100_000, b'{"name": 1e999}', b"\x00" * 100,
        b'{"temperature": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
def test_a_card_that_is_no_card_is_refused(folder, capfd, content):
    (folder / CARD_FILE).write_bytes(content)
    assert_refused(folder, capfd)


def test_all_that_is_wrong_is_said_at_once(folder):
    path = folder / CARD_FILE
    wrong = {"temperature": 0, "std": [0, 0, 0], "name": ""}
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    with pytest.raises(WeightsError, match=r"name must be .*; std must be .*; temperature must be"):
        load_network(folder)


def test_fields_of_a_newer_version_are_passed_over(folder):
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weather": {"rain": [1]}}))
    assert verify(folder).name == "test"


def change_tensors(folder, change):
    """Exchange tensors and let the card name the new file's digest, as a careless export would."""
    tensors = load_file(folder / WEIGHTS_FILE)
    change(tensors)
    save_file(tensors, folder / WEIGHTS_FILE)
    take_digest(folder)


def take_digest(folder):
    path, digest = folder / CARD_FILE, digest_of_file(folder / WEIGHTS_FILE)
    card = json.loads(path.read_text()) | {"digest": digest, "thresholds_for": digest}
    path.write_text(json.dumps(card))


LAST = "head.7.weight"


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop(LAST),
        lambda tensors: tensors.update(more=torch.zeros(3)),
        lambda tensors: tensors.update({LAST: torch.zeros(3, 512)}),
        lambda tensors: tensors.update({LAST: torch.full((4, 512), NAN)}),
        lambda tensors: tensors.update({LAST: torch.full((4, 512), INFINITE)}),
        lambda tensors: tensors.update({LAST: torch.zeros(4, 512, dtype=torch.int64)}),
        lambda tensors: tensors.pop("guard.polarity"),
        lambda tensors: tensors.update({"guard.polarity": torch.zeros(7)}),
        lambda tensors: tensors.update({"guard.features.mean": torch.zeros(99)}),
        lambda tensors: tensors.update({"guard.features.variances": torch.zeros(3)}),
        lambda tensors: tensors.update({"guard.features.variances": torch.ones(9)}),
        lambda tensors: tensors.update({"guard.outline.axes": torch.zeros(2, 5)}),
        lambda tensors: tensors.update({"guard.outline.mean": torch.full((OUTLINE,), NAN)}),
        lambda tensors: [tensors.pop(name) for name in list(tensors) if name.startswith("guard.")],
    ],
)
def test_tensors_that_do_not_fit_are_refused(folder, capfd, change):
    change_tensors(folder, change)
    assert_refused(folder, capfd)


@pytest.mark.parametrize(
    "content", [b"", b"weights", bytes(64), b"\xff" * 64, b'\x08\0\0\0\0\0\0\0{"a":1}x']
)
def test_a_file_that_is_no_safetensors_is_refused(folder, capfd, content):
    (folder / WEIGHTS_FILE).write_bytes(content)
    take_digest(folder)
    assert_refused(folder, capfd)


def test_a_folder_in_the_place_of_a_file_is_refused(folder, capfd):
    for name in (WEIGHTS_FILE, CARD_FILE):
        (folder / name).unlink()
        (folder / name).mkdir()
        assert_refused(folder, capfd)


def test_weights_without_thresholds_rank_nobody(folder, capfd):
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"thresholds": {}}))
    verify(folder)  # whole, but not calibrated yet
    arguments = ["scan", str(folder), "--weights", str(folder), "-o", str(folder / "results")]
    assert run(screener, "screener", arguments) == 4
    assert "trainer calibrate" in capfd.readouterr().err
