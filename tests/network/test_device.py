"""The device is chosen for a reason, and never in silence."""

import pytest
import torch

from screener.errors import DeviceError
from screener.network import device


def test_auto_takes_what_there_is_and_says_why():
    chosen = device.choose()
    assert chosen.kind in ("cuda", "mps", "cpu")
    assert chosen.reasons[0].startswith(f"{chosen.kind}: ")


def test_the_cpu_computes_in_float32():
    assert device.choose("cpu").arithmetic == "float32"


def test_the_arithmetic_is_named_as_results_are_keyed():
    assert device.choose("cpu").arithmetic == "float32"


def test_numbers_asked_for_are_taken():
    chosen = device.choose("cpu", batch_size=3, workers=5)
    assert (chosen.batch_size, chosen.workers) == (3, 5)


def test_a_batch_is_shared_among_the_streams():
    chosen = device.choose("cpu", batch_size=1)
    assert (chosen.streams, chosen.part_size) == (1, 1)


def test_larger_inputs_get_no_larger_batches():
    small, huge = device.choose("cpu", input_size=224), device.choose("cpu", input_size=20_000)
    assert small.batch_size > huge.batch_size >= 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_a_missing_gpu_is_an_error_with_its_cure():
    with pytest.raises(DeviceError, match="use --device cpu"):
        device.choose("cuda")


def test_an_unknown_device_is_an_error_that_names_the_known():
    with pytest.raises(DeviceError, match="auto, cuda, mps, cpu"):
        device.choose("tpu")


@pytest.mark.parametrize("option", ["batch_size", "workers"])
def test_numbers_below_one_are_refused(option):
    with pytest.raises(DeviceError, match="at least 1"):
        device.choose("cpu", **{option: 0})
