"""The moving average along a fit, on a network of one weight and one batch norm."""

from types import SimpleNamespace

import pytest
import torch

from trainer.fitting.averaging import MovingAverage


def network(value):
    layers = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.BatchNorm1d(1))
    torch.nn.init.constant_(layers[0].weight, value)
    return layers


def following(layers, decay=0.9, saved=None):
    average = MovingAverage(layers, decay, saved)
    average.learn = SimpleNamespace(model=layers, training=True)
    return average


def move_to(layers, value):
    with torch.no_grad():
        layers[0].weight.fill_(value)
        layers[1].running_mean.fill_(value)
        layers[1].num_batches_tracked.add_(1)


def test_each_batch_moves_the_average_by_what_the_decay_leaves():
    layers = network(0.0)
    average = following(layers, decay=0.15)
    move_to(layers, 1.0)
    average.after_batch()
    assert average.tensors["0.weight"].item() == pytest.approx(0.85)
    assert average.tensors["1.running_mean"].item() == pytest.approx(0.85)
    assert average.tensors["1.num_batches_tracked"].item() == 1


def test_the_first_weights_are_forgotten_quickly():
    layers = network(0.0)
    average = following(layers, decay=0.999)
    move_to(layers, 1.0)
    average.after_batch()
    assert average.tensors["0.weight"].item() == pytest.approx(1 - 2 / 11)


def test_the_average_is_shown_while_validating_and_no_longer():
    layers = network(0.0)
    average = following(layers, decay=0.1)
    move_to(layers, 1.0)
    average.after_batch()
    average.before_validate()
    assert layers[0].weight.item() == pytest.approx(0.9)
    average.after_validate()
    assert layers[0].weight.item() == 1.0


def test_it_goes_on_from_a_checkpoint_as_if_never_stopped():
    layers = network(0.0)
    whole = following(layers)
    move_to(layers, 1.0)
    whole.after_batch()
    resumed = following(network(7.0), saved=whole.state())
    resumed.learn.model = layers
    move_to(layers, 2.0)
    whole.after_batch()
    resumed.after_batch()
    assert torch.equal(whole.tensors["0.weight"], resumed.tensors["0.weight"])


def test_it_follows_the_network_to_its_device():
    layers = network(0.0)
    average = following(layers)
    layers.to("meta")
    average.before_fit()
    average.after_batch()
    assert {tensor.device.type for tensor in average.tensors.values()} == {"meta"}
