"""The loss of open labels: cross-entropy for whole ones, the summed probability for the others."""

import math

import pytest
import torch
from torch.nn import functional

from trainer.fitting.loss import OpenLabelLoss, is_right
from trainer.manifest import KNOWN

LOGITS = torch.tensor([[0.1, 0.2, 0.3, 0.4], [2.0, -1.0, 0.5, 0.0]]).log_softmax(1)
SHARES = torch.tensor([[0.1, 0.2, 0.3, 0.4]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_label_of_the_networks_costs_its_cross_entropy(smoothing):
    labels = torch.tensor([3, 0])
    expected = functional.cross_entropy(LOGITS, labels, label_smoothing=smoothing)
    torch.testing.assert_close(OpenLabelLoss(smoothing)(LOGITS, labels), expected)


@pytest.mark.parametrize(
    ("label", "share"), [("pneumonia", 0.5), ("not-covid", 0.6), ("abnormal", 0.9)]
)
def test_an_open_label_costs_minus_log_of_the_allowed_share(label, share):
    loss = OpenLabelLoss()(SHARES.log(), torch.tensor([KNOWN.index(label)]))
    assert loss.item() == pytest.approx(-math.log(share), abs=1e-6)


def test_an_open_label_moves_nothing_between_its_classes():
    logits = SHARES.log().requires_grad_()
    OpenLabelLoss()(logits, torch.tensor([KNOWN.index("pneumonia")])).backward()
    up = -logits.grad[0]
    assert up[1] / up[2] == pytest.approx(0.2 / 0.3, abs=1e-5)
    assert up[0] < 0 > up[3]


def test_the_likeliest_class_is_right_when_the_label_leaves_it_open():
    labels = torch.tensor([KNOWN.index("abnormal"), KNOWN.index("pneumonia")])
    assert is_right(SHARES.expand(2, 4), labels).tolist() == [True, False]


def test_what_the_source_says_earns_nothing():
    """A network that says nothing where the source says all has no more to learn."""
    certain = torch.tensor([[1e-6, 1e-6, 1e-6, 1.0]]).log()
    nothing = torch.zeros(1, 4, requires_grad=True)
    OpenLabelLoss()(nothing, torch.tensor([3]), certain).backward()
    assert nothing.grad.abs().max() < 1e-5
    OpenLabelLoss()(nothing, torch.tensor([3]), torch.full((1, 4), 0.25).log()).backward()
    assert nothing.grad[0, 3] == pytest.approx(-0.75, abs=1e-5)
