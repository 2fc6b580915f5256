"""Two engines, one answer."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from screener.card import load_card
from screener.cli.main import screener
from screener.console import ExitCode
from screener.errors import DeviceError, WeightsError
from screener.network import choice, device, lungs
from screener.network.engine.opening import opened
from screener.network.score import TOLERANCE, Scorer
from screener.network.weights import bundled, names
from screener.program import run
from screener.reading import pixels
from screener.reading.decode import Decoded
from screener.reading.limits import PixelError
from screener.study import Band, Maps, RadiographScore, suspicion
from tests.results.test_ranking import radiograph

pytest.importorskip("onnxruntime")

FILMS = 200


def scored(name, squares, engine, maps=Maps.NONE):
    folder = bundled(name)
    card = load_card(folder)
    place = device.choose("cpu", engine=engine, weights=folder, input_size=card.input_size)
    outlining = lungs.ready(engine)
    scorer = Scorer(opened(folder, card, place), card, lungs=outlining, maps=maps)
    batch = [Decoded(radiograph(f"{i}.png"), f"sha256:{i}", s) for i, s in enumerate(squares)]
    return scorer.score(batch)


def bands(name, results):
    thresholds = load_card(bundled(name)).thresholds
    return [Band.of(suspicion(one.probabilities), thresholds) for one in results]


def order(results):
    return sorted(range(len(results)), key=lambda i: suspicion(results[i].probabilities))


def agree(name, squares):
    ours, theirs = (scored(name, squares, engine) for engine in ("onnx", "torch"))
    assert all(isinstance(one, RadiographScore) for one in ours)
    for one, other in zip(ours, theirs, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=TOLERANCE)
    assert bands(name, ours) == bands(name, theirs)
    assert order(ours) == order(theirs)


def decoded(paths, side):
    for path in paths:
        try:
            yield pixels.square(pixels.load(path), side)
        except PixelError:
            continue


@pytest.mark.parametrize("name", names())
def test_the_engines_agree_on_every_phantom(phantoms, name):
    side = load_card(bundled(name)).input_size
    files = sorted(path for path in phantoms.rglob("*") if path.is_file())
    squares = list(decoded(files, side))
    assert len(squares) >= 15
    agree(name, squares)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_engines_agree_on_real_films(shared, name):
    side = load_card(bundled(name)).input_size
    files = sorted((shared / "covidx-v1").rglob("*.png")) + sorted(
        (shared / "covidx-v1").rglob("*.jp*g")
    )
    step = len(files) // FILMS
    squares = list(decoded(files[:: max(1, step)][:FILMS], side))
    assert len(squares) == FILMS
    agree(name, squares)


def test_the_engines_agree_on_maps_proofs_and_lungs(phantoms):
    squares = list(decoded(sorted((phantoms / "02-ground-glass").iterdir()), 160))
    name = "covid-lite"
    folder = bundled(name)
    card = load_card(folder)
    found = []
    for engine in ("onnx", "torch"):
        place = device.choose("cpu", engine=engine, weights=folder)
        scorer = Scorer(opened(folder, card, place), card, lungs=lungs.ready(engine))
        found.append(scorer.explain(squares[0]))
    (ours, border, outline), (theirs, other_border, other_outline) = found
    levels = [np.frombuffer(one.values, np.uint8).astype(int) for one in (ours, theirs)]
    assert max(levels[0]) == 255
    assert np.abs(levels[0] - levels[1]).max() <= 3
    assert ours.proof.holds == theirs.proof.holds
    for part in ("whole", "hidden", "moved"):
        assert getattr(ours.proof, part) == pytest.approx(getattr(theirs.proof, part), abs=0.005)
    assert border == pytest.approx(other_border, abs=0.01)
    assert outline.polygons == other_outline.polygons


SCAN = """
import json, sys
from screener.cli.main import screener
from screener.program import run
sys.stdout, stdout = sys.stderr, sys.stdout
code = run(screener, "screener", ["scan", *sys.argv[1:]])
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=stdout)
"""


def test_a_whole_scan_with_onnx_loads_no_torch(phantoms, tmp_path):
    options = ["--engine", "onnx", "--tta", "2", "-o", str(tmp_path / "out")]
    child = subprocess.run(
        [sys.executable, "-c", SCAN, str(phantoms), *options], capture_output=True, text=True
    )
    code, loaded = json.loads(child.stdout)
    assert code == ExitCode.REFUSALS, child.stderr
    assert {"onnxruntime", "numpy"} <= set(loaded)
    assert not {"torch", "torchvision", "timm"} & set(loaded)
    with (tmp_path / "out" / "worklist.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert any(row["map_proof"] for row in rows)


@pytest.fixture
def own(tmp_path):
    """A copy of the small weights with their graphs, to be spoilt."""
    return shutil.copytree(bundled("covid-lite"), tmp_path / "own")


def exchanged(folder):
    shutil.copy(bundled("covid-resnet50") / choice.SCORES_GRAPH, folder / choice.SCORES_GRAPH)


def cut(folder):
    path = folder / choice.SCORES_GRAPH
    path.write_bytes(path.read_bytes()[:-2000])


def gone(folder):
    (folder / choice.MAPS_GRAPH).unlink()


@pytest.mark.parametrize("spoil", [exchanged, cut, gone])
def test_a_graph_that_is_not_of_the_weights_ends_the_scan(own, phantoms, tmp_path, capfd, spoil):
    spoil(own)
    line = ["scan", str(phantoms), "--weights", str(own), "--engine", "onnx"]
    code = run(screener, "screener", [*line, "-o", str(tmp_path / "out")])
    out, err = capfd.readouterr()
    assert (code, out, err.count("\n")) == (ExitCode.UNUSABLE, "", 1)
    assert "trainer export" in err
    assert not (tmp_path / "out").exists()


def test_auto_takes_no_other_engine_where_a_graph_is_exchanged(own):
    exchanged(own)
    place = device.choose("cpu", weights=own)
    assert place.engine == "onnx"
    with pytest.raises(WeightsError, match="not made for the weights beside it"):
        opened(own, load_card(own), place)


def test_a_graph_that_cannot_be_read_is_named(own):
    digest = load_card(own).digest
    (own / choice.SCORES_GRAPH).write_bytes(digest.encode())
    with pytest.raises(WeightsError, match=r"network\.onnx: damaged; write it with"):
        opened(own, load_card(own), device.choose("cpu", engine="onnx", weights=own))


def test_auto_takes_onnx_on_a_cpu_and_says_why():
    place = device.choose("cpu", weights=bundled("covid-lite"))
    assert place.engine == "onnx"
    assert any(reason.startswith("onnx: ") for reason in place.reasons)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("installed", "", "not installed"),
        ("installed", "1.9.0", "too old"),
        ("has_avx2", False, "no AVX2"),
    ],
)
def test_auto_takes_torch_where_onnx_would_not_do(monkeypatch, name, value, words):
    monkeypatch.setattr(choice, name, lambda: value)
    engine, why = choice.choose("auto", "cpu", bundled("covid-lite"))
    assert engine == "torch"
    assert words in why


def test_auto_takes_torch_for_weights_without_graphs(weights):
    engine, why = choice.choose("auto", "cpu", weights)
    assert engine == "torch"
    assert "trainer export" in why


def test_onnx_is_for_the_cpu():
    with pytest.raises(DeviceError, match="use --device cpu"):
        choice.choose("onnx", "cuda", None)


def test_an_old_runtime_that_is_asked_for_is_an_error_with_its_cure(monkeypatch, own):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "__version__", "1.9.0")
    with pytest.raises(DeviceError, match=r"1\.9\.0 is too old; pip install -U"):
        opened(own, load_card(own), device.choose("cpu", engine="onnx", weights=own))


def test_a_missing_runtime_that_is_asked_for_ends_the_scan(monkeypatch, phantoms, tmp_path, capfd):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    line = ["scan", str(phantoms), "--engine", "onnx", "-o", str(tmp_path / "out")]
    code = run(screener, "screener", line)
    out, err = capfd.readouterr()
    assert (code, out, err.count("\n")) == (ExitCode.UNUSABLE, "", 1)
    assert "covid-resnet-screener[onnx]" in err
    assert "--engine torch" in err


MOST_MEGABYTES = 650
"""Of a process with the largest of the bundled weights, its maps and the lungs; a scan adds 50."""


@pytest.mark.skipif(sys.platform != "linux", reason="how much memory was held is read from /proc")
def test_scores_and_maps_together_stay_small():
    program = (
        "import numpy as np\n"
        "from screener.card import load_card\n"
        "from screener.network import device, lungs\n"
        "from screener.network.engine.opening import opened\n"
        "from screener.network.weights import bundled\n"
        "folder = bundled('covid-resnet50')\n"
        "card = load_card(folder)\n"
        "place = device.choose('cpu', engine='onnx', weights=folder, input_size=card.input_size)\n"
        "engine, outlines = opened(folder, card, place), lungs.ready('onnx')\n"
        "squares = np.zeros((1, card.input_size, card.input_size), np.uint8)\n"
        "list(engine.pool.map(engine.look, [squares] * 4))\n"
        "list(engine.pool.map(engine.activation, [squares[0]] * 4))\n"
        "outlines.fields(squares)\n"
        "print(open('/proc/self/status').read())"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    [peak] = [int(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("VmHWM")]
    assert peak / 1024 <= MOST_MEGABYTES
