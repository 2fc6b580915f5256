"""What each part may load: start-up is felt on every tab press."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
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
    """Every module below a room of the screener, by its full name."""
    files = sorted(PACKAGE.joinpath(*parts).rglob("*.py"))
    names = [
        ".".join(("screener", *file.relative_to(PACKAGE).with_suffix("").parts)) for file in files
    ]
    missing = () if find_spec("textual_image") else ("graphics",)
    return [name for name in names if not name.endswith(("__init__", *missing))]


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
        env={
            "_SCREENER_COMPLETE": "bash_complete",
            "COMP_WORDS": "screener lis",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
    )
    assert run.stdout == "plain,list\nplain,listen\n"
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


def test_nothing_outside_the_network_wing_loads_torch():
    light = [name for name in modules() if not name.startswith("screener.network.")]
    assert culprits(light, TORCH | TRAINING) == {}


@pytest.mark.parametrize("folder", ["benchmarks", "sample_data", "docs", "screener", "trainer"])
def test_nothing_takes_from_the_tests(folder):
    files = list((PACKAGE.parent / folder).rglob("*.py"))
    imported = {module for file in files for module in imports(ast.parse(file.read_text()))}
    assert imported
    assert not {module for module in imported if module.partition(".")[0] == "tests"}


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
