"""A scan on Ray: the same bytes as on one machine, whatever dies on the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra 'cluster' is not installed")

from screener import cluster
from screener.cli import outputs
from screener.errors import ConfigurationError, DeviceError
from screener.network.weights import find
from screener.plan import Settings
from screener.reading import headers
from screener.reading.decode import CRASHED
from screener.results.reader import results
from screener.scan import scan
from screener.study import Maps
from tests.conftest import posix_only

pytestmark = [
    posix_only,
    # what Ray leaves open is its own
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
READ = headers.read_handful
LISTS = ("worklist.csv", "worklist.json")


class Dying(cluster.Worker):
    """A worker that dies over one film always, and over another once."""

    def results(self, radiographs):
        for one in radiographs:
            once = Path(os.environ["DEATHS"])
            if "poison" in one.path.name:
                os._exit(1)
            if "once" in one.path.name and not once.exists():
                once.touch()
                os._exit(1)
        return super().results(radiographs)


def settings(films, to, **more):
    return Settings((films,), to, find("covid-lite", "cpu"), "cpu", maps=Maps.NONE, **more)


def written(films, to, **more):
    """The lists that a scan leaves."""
    *_, end = scan(settings(films, to, **more), bool)
    outputs.write(to, with_report=False)
    return end, [(to / name).read_bytes() for name in LISTS]


def test_a_cluster_says_what_one_machine_says(phantoms, tmp_path):
    _, alone = written(phantoms, tmp_path / "alone")
    end, together = written(phantoms, tmp_path / "cluster", cluster="local")
    assert together == alone
    assert (end.found, end.scored) == (17, 14)
    assert end.stages["network"] > 0


@pytest.mark.slow
def test_what_dies_with_its_worker_is_computed_by_another_and_a_poison_refused(
    phantoms, tmp_path, monkeypatch
):
    films = shutil.copytree(phantoms, tmp_path / "films")
    (films / "01-clear" / "pa.dcm").rename(films / "01-clear" / "once.dcm")
    poison = (films / "10-repeated").rename(films / "poisoned")
    (next(poison.iterdir())).rename(poison / "poison.dcm")
    monkeypatch.setenv("DEATHS", str(tmp_path / "died"))
    monkeypatch.setattr(cluster, "Worker", Dying)
    monkeypatch.setattr(cluster, "PART", 5)
    written(films, tmp_path / "cluster", cluster="local")
    assert (tmp_path / "died").exists()
    with results(tmp_path / "cluster") as found:
        (refused,) = (one for one in found.refusals() if one.reason == CRASHED)
        scores = {one.path: one.probabilities for one in found.radiographs()}
    assert refused.path == poison / "poison.dcm"
    written(films, tmp_path / "alone")
    with results(tmp_path / "alone") as found:
        alone = {one.path: one.probabilities for one in found.radiographs()}
    del alone[poison / "poison.dcm"]
    assert scores == alone


def dying_over_headers(handful, limits):
    """Reads headers, and dies over one."""
    if any("poison" in str(found.path) for found in handful):
        os._exit(1)
    return READ(handful, limits)


@pytest.mark.slow
def test_a_header_that_ends_its_process_costs_only_its_file(phantoms, tmp_path, monkeypatch):
    films = shutil.copytree(phantoms, tmp_path / "films")
    poison = (films / "01-clear" / "pa.dcm").rename(films / "01-clear" / "poison.dcm")
    monkeypatch.setattr(cluster.headers, "read_handful", dying_over_headers)
    end, _ = written(films, tmp_path / "cluster", cluster="local")
    assert (end.found, end.scored) == (17, 13)
    with results(tmp_path / "cluster") as found:
        reasons = {one.path: one.reason for one in found.refusals()}
    assert reasons[poison] == "reading its header ended the process"


@pytest.mark.slow
def test_a_folder_that_only_the_driver_sees_is_told_before_any_work(
    phantoms, tmp_path, monkeypatch
):
    class Elsewhere(cluster.Worker):
        def node(self):
            return cluster._Node("far", cluster.__version__, self._arithmetic, ("/films",))

    monkeypatch.setattr(cluster, "Worker", Elsewhere)
    with pytest.raises(ConfigurationError, match=r"node far .* does not see /films; mount it"):
        written(phantoms, tmp_path / "results", cluster="local")


def test_without_ray_it_says_what_to_install(phantoms, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'covid-resnet-screener\[cluster\]'"):
        written(phantoms, tmp_path / "results", cluster="local")


def test_no_cluster_at_an_address_is_told(phantoms, tmp_path):
    with pytest.raises(DeviceError, match=r"--cluster 127\.0\.0\.1:9: .*; start it"):
        written(phantoms, tmp_path / "results", cluster="127.0.0.1:9")


@pytest.mark.slow
def test_a_killed_driver_goes_on_from_where_it_was(phantoms, tmp_path):
    line = [
        sys.executable, "-m", "screener.cli.main", "scan", str(phantoms), "-o",
        str(tmp_path / "cluster"), "--cluster", "local", "--no-report", "--maps", "none",
        "--weights", "covid-lite", "--json",
    ]  # fmt: skip
    driver = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    for event in driver.stdout:
        if '"batch"' in event:
            break
    driver.kill()
    driver.communicate()
    _, again = written(phantoms, tmp_path / "cluster")
    _, alone = written(phantoms, tmp_path / "alone")
    assert again == alone
