"""What each part may load: start-up is felt on every tab press."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sample_data.results import build_results

PACKAGE = Path(__file__).parents[1] / "screener"
HEAVY = frozenset(
    {"torch", "torchvision", "textual", "reportlab", "pydicom", "pandas", "numpy", "PIL", "rich"}
)
TORCH = frozenset({"torch", "torchvision", "safetensors"})
TRAINING = frozenset({"trainer", "fastai", "fastcore", "pandas", "sklearn", "matplotlib"})
COMPUTES = ("batch", "decode", "device", "network", "score", "explain", "guard", "uncertainty")
"""Modules that compute with torch, or serve only those that do."""

IMPORT_IN_TURN = """
import importlib, json, sys
loaded = {}
for name in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(name)
    loaded[name] = sorted({new.partition(".")[0] for new in set(sys.modules) - before})
print(json.dumps(loaded))
"""

RUN = """
import json, sys
from screener.cli.main import screener
from screener.program import run
sys.stdout, stdout = sys.stderr, sys.stdout
code = run(screener, "screener", sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=stdout)
sys.exit(code)
"""


def answer(program: str, *arguments: str) -> Any:
    """What a program in a fresh interpreter prints as JSON."""
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def culprits(names: list[str], forbidden: frozenset[str]) -> dict[str, set[str]]:
    """Which modules, imported in turn, were the first to load something forbidden."""
    loaded = answer(IMPORT_IN_TURN, *names)
    return {name: found for name in names if (found := forbidden & set(loaded[name]))}


def modules(*parts: str) -> list[str]:
    files = sorted(PACKAGE.joinpath(*parts).glob("*.py"))
    missing = {"__init__"} if find_spec("textual_image") else {"__init__", "graphics"}
    return [".".join(("screener", *parts, file.stem)) for file in files if file.stem not in missing]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), studies=3)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list"], ["list", "--json"], ["show", "1", "--results"]]
)
def test_what_is_typed_often_starts_light(results, arguments):
    folder = [] if "--help" in arguments else [str(results)]
    assert HEAVY.isdisjoint(answer(RUN, *arguments, *folder))


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


def test_a_command_is_light_until_it_runs():
    assert culprits(modules("cli"), HEAVY) == {}


def test_the_review_screen_needs_no_torch_and_no_reportlab():
    assert culprits(modules("tui"), TORCH | TRAINING | {"reportlab"}) == {}


def test_the_report_needs_no_torch_and_no_textual():
    assert culprits(modules("report"), TORCH | TRAINING | {"textual"}) == {}


def test_what_does_not_compute_loads_no_torch():
    light = [name for name in modules() if name.rpartition(".")[2] not in COMPUTES]
    assert culprits(light, TORCH | TRAINING) == {}
