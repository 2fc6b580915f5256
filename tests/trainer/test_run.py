"""The run folder: what a full disk and a damaged file do to it."""

import pytest
import torch

from screener.errors import ConfigurationError
from trainer.run import Run, load_tensors, save_tensors


def test_tensors_come_back_as_they_were(tmp_path):
    save_tensors(tmp_path / "checkpoint.pt", {"network": torch.arange(3), "epoch": 4})
    found = load_tensors(tmp_path / "checkpoint.pt")
    assert found["epoch"] == 4
    assert torch.equal(found["network"], torch.arange(3))


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, little_room):
    path = tmp_path / "checkpoint.pt"
    save_tensors(path, {"epoch": 4})
    with little_room(2000), pytest.raises(OSError, match="too large"):
        save_tensors(path, {"network": torch.zeros(5000), "epoch": 5})
    assert load_tensors(path) == {"epoch": 4}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("size", [0, 3, 200, -1])
def test_a_cut_checkpoint_is_told_in_one_line(tmp_path, size):
    path = tmp_path / "checkpoint.pt"
    save_tensors(path, {"network": torch.zeros(500)})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ConfigurationError, match=r"^\S+checkpoint\.pt: damaged .*$"):
        load_tensors(path)


def test_a_note_of_an_epochs_time_takes_the_place_of_the_earlier_one(tmp_path):
    run = Run(tmp_path)
    run.write_time("whole", 0, 2.0, 100)
    run.write_time("whole", 1, 4.0, 100)
    run.write_time("whole", 0, 5.0, 100)
    assert [row["images_per_second"] for row in run.times()] == ["25.0", "20.0"]
