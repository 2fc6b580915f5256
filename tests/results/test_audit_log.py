import json
from pathlib import Path

import pytest

from screener.errors import StoreError
from screener.results.audit_log import AuditLog
from screener.study import Outcome


def lines(folder: Path) -> list[dict]:
    text = (folder / "audit.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_is_a_line(tmp_path):
    with AuditLog(tmp_path) as log:
        log.file(
            Path("a.dcm"),
            Outcome.SCORED,
            digest="sha256:aa",
            weights_digest="sha256:bb",
            milliseconds={"decode": 12.345},
        )
    [line] = lines(tmp_path)
    assert (line["digest"], line["weights"], line["ms"]) == (
        "sha256:aa",
        "sha256:bb",
        {"decode": 12.3},
    )


def test_a_torn_line_does_not_swallow_the_next(tmp_path):
    (tmp_path / "audit.jsonl").write_bytes(b'{"event": "fi')
    with AuditLog(tmp_path) as log:
        log.forgotten(None, 3)
    last = (tmp_path / "audit.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["studies"] == 3


def test_lines_are_appended_to_an_earlier_log(tmp_path):
    for number in range(3):
        with AuditLog(tmp_path) as log:
            log.forgotten(str(number), 1)
    assert [line["study"] for line in lines(tmp_path)] == ["0", "1", "2"]


def test_a_path_that_is_no_text_survives(tmp_path):
    with AuditLog(tmp_path) as log:
        log.file(Path("caf\udce9"), Outcome.UNREADABLE)
    assert lines(tmp_path)[0]["path"] == "caf\udce9"


def test_a_log_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"audit\.jsonl: Is a directory; make it a file"):
        AuditLog(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is full")
def test_a_line_that_finds_no_space_is_told(tmp_path):
    (tmp_path / "audit.jsonl").symlink_to("/dev/full")
    with AuditLog(tmp_path) as log, pytest.raises(StoreError, match="No space left"):
        log.forgotten("1.2", 1)
