"""A scan on Ray: the same bytes as on one machine, whatever dies on the way."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra 'cluster' is not installed")

from screener import cluster
from screener.cli import outputs
from screener.errors import ConfigurationError, DeviceError
from screener.events import BatchScored, Remarked
from screener.network.weights import find
from screener.plan import Settings
from screener.reading import headers
from screener.reading.decode import CRASHED
from screener.results.reader import results
from screener.scan import scan
from screener.study import Maps
from tests.conftest import free_port, posix_only

pytestmark = [
    posix_only,
    # what Ray leaves open is its own
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
READ = headers.read_handful
AHEAD = time.time() + 86_400
LISTS = ("worklist.csv", "worklist.json")


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    """Whatever tokens this machine has: Ray, once imported, asks the environment no more."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")


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


def test_a_cluster_says_what_one_machine_says(phantoms, tmp_path, capfd):
    _, alone = written(phantoms, tmp_path / "alone")
    end, together = written(phantoms, tmp_path / "cluster", cluster="local")
    assert together == alone
    assert (end.found, end.scored) == (17, 14)
    assert end.stages["network"] > 0
    assert capfd.readouterr().err == ""


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
            return cluster._Node("far", cluster.__version__, self._place.arithmetic, ("/films",))

    monkeypatch.setattr(cluster, "Worker", Elsewhere)
    with pytest.raises(ConfigurationError, match=r"node far .* does not see /films; mount it"):
        written(phantoms, tmp_path / "results", cluster="local")


def node(alive=True, **has):
    return {"Alive": alive, "Resources": {"memory": 1e9, **has}}


@pytest.mark.parametrize(
    ("nodes", "number", "share"),
    [
        ([node(CPU=8.0), node(CPU=4.0)], 12, {"num_cpus": 1}),
        ([node(CPU=8.0), node(False, CPU=4.0), node()], 8, {"num_cpus": 1}),
        ([node(CPU=2.0), node(CPU=16.0, GPU=2.0)], 2, {"num_gpus": 1, "num_cpus": 8}),
        ([node(CPU=16.0, GPU=2.0), node(CPU=4.0, GPU=1.0)], 3, {"num_gpus": 1, "num_cpus": 4}),
        ([node(CPU=0.0, GPU=1.0)], 1, {"num_gpus": 1, "num_cpus": 0}),
        ([], 0, {"num_cpus": 1}),
    ],
)
def test_a_worker_has_a_gpu_with_its_share_of_cores_or_else_a_core(nodes, number, share):
    assert cluster._shares(nodes, on_gpu=True) == (number, share)
    cores = sum(int(one["Resources"].get("CPU", 0)) for one in nodes if one["Alive"])
    assert cluster._shares(nodes, on_gpu=False) == (cores, {"num_cpus": 1})


def test_without_ray_it_says_what_to_install(phantoms, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'covid-resnet-screener\[cluster\]'"):
        written(phantoms, tmp_path / "results", cluster="local")


def test_no_cluster_at_an_address_is_told(phantoms, tmp_path):
    with pytest.raises(DeviceError, match=r"--cluster 127\.0\.0\.1:9: .*; start it"):
        written(phantoms, tmp_path / "results", cluster="127.0.0.1:9")


@pytest.mark.slow
def test_a_cluster_that_asks_for_a_token_is_shown_the_one_at_hand(phantoms, tmp_path):
    ray, port = Path(sys.executable).with_name("ray"), free_port()
    short = tempfile.mkdtemp(dir="/tmp")  # its sockets have names of at most 107 bytes
    head = {**os.environ, "HOME": f"{tmp_path}/head", "RAY_AUTH_MODE": "token"}
    (tmp_path / "head" / ".ray").mkdir(parents=True)
    token = tmp_path / "head" / ".ray" / "auth_token"
    token.write_text("0123456789abcdef" * 4)
    start = [
        ray, "start", "--head", "--block", f"--port={port}", "--num-cpus=1",
        "--disable-usage-stats", "--include-dashboard=false", f"--temp-dir={short}",
    ]  # fmt: skip
    command = [
        sys.executable, "-c", "from screener.cli.main import main; main()", "scan", phantoms,
        "--output", tmp_path / "results", "--cluster", f"127.0.0.1:{port}", "--no-report",
        "--weights", "covid-lite", "--device", "cpu",
    ]  # fmt: skip
    here = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    here["HOME"] = f"{tmp_path}/here"
    cluster_of = subprocess.Popen(start, env=head, stdout=subprocess.PIPE, text=True)
    try:
        assert any("Ray runtime started" in line for line in cluster_of.stdout)
        refused = subprocess.run(command, env=here, check=False, capture_output=True, text=True)
        assert refused.returncode == 4
        assert "copy that of its head: ~/.ray/auth_token" in refused.stderr
        assert not (tmp_path / "results").exists()
        shutil.copytree(tmp_path / "head" / ".ray", tmp_path / "here" / ".ray")
        done = subprocess.run(command, env=here, check=False, capture_output=True, text=True)
        assert done.returncode == 3, done.stderr
    finally:
        cluster_of.terminate()
        cluster_of.communicate(timeout=60)
        shutil.rmtree(short, ignore_errors=True)
    assert (tmp_path / "results" / "worklist.csv").is_file()


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


class Slow(cluster.Worker):
    """A worker whose clock is a day ahead, and that takes its time."""

    def results(self, radiographs):
        time.time = lambda: AHEAD + time.monotonic()
        time.sleep(0.3)
        return super().results(radiographs)


@pytest.fixture
def nodes(monkeypatch):
    """A head of one core and one more node, which a test may take away."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = []

    def started(**head):
        made.append(cluster_utils.Cluster(True, head_node_args={"num_cpus": 1, **head}))
        return made[0], made[0].add_node(num_cpus=1)

    yield started
    for one in made:
        one.shutdown()


@pytest.mark.slow
def test_a_node_that_is_removed_costs_nothing_and_clocks_may_differ(
    phantoms, tmp_path, monkeypatch, nodes
):
    """Each node has the weights once; progress goes up to the whole and no further."""
    monkeypatch.setattr(cluster, "Worker", Slow)
    monkeypatch.setattr(cluster, "PART", 2)
    asked = []
    workers = cluster.Cluster.results

    def looked_at(self, radiographs):
        import ray

        where = ray.experimental.get_object_locations(self._contents)
        asked.extend(where[self._contents[0]]["node_ids"])
        return workers(self, radiographs)

    monkeypatch.setattr(cluster.Cluster, "results", looked_at)
    both, second = nodes()
    done = []
    for event in scan(settings(phantoms, tmp_path / "cluster", cluster=both.address), bool):
        if isinstance(event, BatchScored):
            done.append(event)
            if event.radiographs and second:
                both.remove_node(second, allow_graceful=False)
                second = None
    assert len(asked) == len(set(asked)) == 2
    assert [one.radiographs for one in done] == sorted({one.radiographs for one in done})
    assert done[-1].radiographs == done[-1].total == 15
    outputs.write(tmp_path / "cluster", with_report=False)
    _, alone = written(phantoms, tmp_path / "alone")
    assert [(tmp_path / "cluster" / name).read_bytes() for name in LISTS] == alone


FILLER = """
import sys, numpy, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="error")
kept = [ray.put(numpy.ones(1_000_000, "uint8")) for _ in range(200)]
print("full", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_scan_goes_through_an_object_store_that_others_have_filled(phantoms, tmp_path, nodes):
    both, _ = nodes(object_store_memory=80 * 1024**2)
    command = [sys.executable, "-c", FILLER, both.address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as filler:
        assert filler.stdout.readline() == "full\n"
        _, together = written(phantoms, tmp_path / "cluster", cluster=both.address)
        filler.kill()
    _, alone = written(phantoms, tmp_path / "alone")
    assert together == alone


@pytest.mark.slow
def test_no_room_for_the_weights_is_told_before_any_work(phantoms, tmp_path, monkeypatch):
    """Ray itself goes on to the disk; only where that is full, too, it says so."""
    import ray

    def full(_):
        raise ray.exceptions.ObjectStoreFullError("no room")

    monkeypatch.setattr(ray, "put", full)
    with pytest.raises(DeviceError, match=r"no room for the weights .*object store"):
        written(phantoms, tmp_path / "results", cluster="local")


@pytest.mark.slow
def test_a_share_that_vanishes_costs_no_film(phantoms, tmp_path, monkeypatch):
    share, gone = shutil.copytree(phantoms, tmp_path / "share"), tmp_path / "gone"
    monkeypatch.setattr(cluster, "PART", 2)
    monkeypatch.setattr(cluster, "Worker", Slow)
    told = []
    for event in scan(settings(share, tmp_path / "results", cluster="local"), bool):
        if isinstance(event, BatchScored) and event.radiographs and not gone.exists():
            share.rename(gone)
            share.mkdir()
            threading.Timer(3, lambda: gone.rename(share)).start()
        told += [event.words] if isinstance(event, Remarked) else []
    assert (event.found, event.scored) == (17, 14)
    assert set(told) == {f"{share} is away; waiting until it is back"}
