import pytest

from trainer.files import in_place_of, replace_rows, replace_text


def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path):
    path = tmp_path / "log.csv"
    replace_text(path, "whole")
    with pytest.raises(KeyboardInterrupt):
        _killed_while_writing(path)
    assert path.read_text() == "whole"


def test_the_rest_of_an_earlier_try_is_written_over(tmp_path):
    (tmp_path / "log.csv.unfinished").write_text("rest of a kill")
    replace_rows(tmp_path / "log.csv", [("a", "b"), (1, "x,y")])
    assert (tmp_path / "log.csv").read_bytes() == b'a,b\n1,"x,y"\n'
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def _killed_while_writing(path):
    with in_place_of(path) as unfinished:
        unfinished.write_text("cu")
        raise KeyboardInterrupt
