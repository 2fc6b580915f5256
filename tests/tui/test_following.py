"""A scan is followed through its JSON lines, survives being stopped, and goes on."""

from pathlib import Path

import pytest

from screener.cli.scan import command
from screener.plan import Settings
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.tui.following import REPEATED, ScanProcess, ScanProgress, arguments
from screener.tui.reporting import write_report


def batch(done, total=200, speed=2.0):
    return {
        "event": "BatchScored",
        "radiographs": done,
        "total": total,
        "reused": 0,
        "images_per_second": speed,
    }


def test_batches_move_the_progress():
    progress = ScanProgress().after(batch(50))
    assert (progress.scored, progress.total) == (50, 200)
    assert str(progress) == "scoring · 50 of 200 radiographs · 2.0 a second · 1:15 left"


def test_refusals_are_counted():
    progress = ScanProgress().after({"event": "RadiographRefused"}).after(batch(1))
    assert "1 refused" in str(progress)


def test_events_of_other_versions_change_nothing():
    assert ScanProgress().after({"event": "SomethingNew", "x": 1}) == ScanProgress()


def test_a_scan_that_cannot_start_says_why(tmp_path):
    scan = ScanProcess([tmp_path / "nowhere"], tmp_path / "results")
    assert list(scan.progress()) == []
    code, said = scan.finish()
    assert code == 2
    assert "nowhere" in said


def test_a_repetition_takes_the_options_of_its_run_and_no_others():
    kept = {"weights": "/w", "identify": "id", "tta": 4, "no-guard": True, "fix-inverted": False}
    words = set(arguments({**kept, "output": "/elsewhere", "from a newer version": 1}))
    assert words == {"--weights=/w", "--identify=id", "--tta=4", "--no-guard"}


def test_every_option_of_a_run_is_one_of_the_command_and_is_repeated(tmp_path):
    options = Settings((tmp_path,), tmp_path, tmp_path, views=3, guarded=False).options
    assert set(options) == REPEATED
    words = sorted(arguments(options))
    context = command.make_context(
        "scan", [str(tmp_path), *words], help_option_names=["-h", "--help"]
    )
    settings = Settings(
        (tmp_path,),
        tmp_path,
        Path(context.params["weights"]),
        views=context.params["views"],
        guarded=not context.params["no_guard"],
    )
    assert settings.options == options


def test_report_is_written(results):
    written, said = write_report(results)
    assert written, said
    assert (results / "report.pdf").is_file()


@pytest.mark.slow
def test_stopped_scan_keeps_what_it_has_and_goes_on(tmp_path, phantoms, weights, monkeypatch):
    monkeypatch.setenv("SCREENER_WEIGHTS", str(weights))
    monkeypatch.setenv("SCREENER_BATCH_SIZE", "1")
    first = ScanProcess([phantoms], tmp_path / "results")
    for progress in first.progress():
        if progress.scored:
            first.stop()
    assert first.finish()[0] == 130
    second = ScanProcess([phantoms], tmp_path / "results")
    stages = [progress.stage for progress in second.progress()]
    assert second.finish()[0] in (0, 3)
    assert stages[-1] == "finished"
    with Store.open(tmp_path / "results") as store:
        assert Worklist(store).counts().waiting == 0
