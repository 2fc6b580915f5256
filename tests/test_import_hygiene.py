"""What each part may load: start-up is felt on every tab press."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.results import build_results

PACKAGE = Path(__file__).parents[1] / "screener"
HEAVY = frozenset(
    {"torch", "torchvision", "textual", "reportlab", "pydicom", "pandas", "numpy", "PIL", "rich"}
)
TORCH = frozenset({"torch", "torchvision", "safetensors"})
TRAINING = frozenset({"trainer", "fastai", "fastcore", "pandas", "sklearn", "matplotlib"})
COMPUTES = ("batch", "decode", "device", "network", "score", "explain", "guard", "uncertainty")
"""Modules that compute with torch, or serve only those that do."""

LOADED = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""

RUN = """
import json, sys
from screener.cli.main import run, screener
sys.stdout, stdout = sys.stderr, sys.stdout
code = run(screener, "screener", sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=stdout)
sys.exit(code)
"""


def loaded_by(program: str, *arguments: str, env: dict[str, str] | None = None) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=env
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def modules(*parts: str) -> list[str]:
    files = sorted(PACKAGE.joinpath(*parts).glob("*.py"))
    return [".".join(("screener", *parts, file.stem)) for file in files if file.stem != "__init__"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), studies=3)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list"], ["list", "--json"], ["show", "1", "--results"]]
)
def test_what_is_typed_often_starts_light(results, arguments):
    folder = [] if "--help" in arguments else [str(results)]
    assert not loaded_by(RUN, *arguments, *folder) & HEAVY


def test_completion_starts_light():
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from screener.cli.main import main; main()"],
        env={"_SCREENER_COMPLETE": "bash_complete", "COMP_WORDS": "screener li", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "plain,list\n"
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.split("\n")
    }
    assert not imported & HEAVY


@pytest.mark.parametrize("name", modules("cli"))
def test_a_command_is_light_until_it_runs(name):
    assert not loaded_by(LOADED, name) & HEAVY


@pytest.mark.parametrize("name", modules("tui"))
def test_the_review_screen_needs_no_torch_and_no_reportlab(name):
    assert not loaded_by(LOADED, name) & (TORCH | TRAINING | {"reportlab"})


@pytest.mark.parametrize("name", modules("report"))
def test_the_report_needs_no_torch_and_no_textual(name):
    assert not loaded_by(LOADED, name) & (TORCH | TRAINING | {"textual"})


@pytest.mark.parametrize("name", [n for n in modules() if n.rpartition(".")[2] not in COMPUTES])
def test_what_does_not_compute_loads_no_torch(name):
    assert not loaded_by(LOADED, name) & (TORCH | TRAINING)
