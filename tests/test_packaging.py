"""The wheel: whole, and enough to scan with; and what the project says of itself around it."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from screener import __version__
from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("screener", "trainer")

INNER = [
    ("reportlab", "screener/report/pdf.py", "pdfdoc.PDFDocument"),
    ("textual", "screener/tui/keys.py", "textual.widgets._footer"),
    ("textual-image", "screener/tui/picture/graphics.py", "textual_image._terminal"),
    ("textual-serve", "screener/tui/serving.py", "self._make_app"),
    ("pydicom", "screener/reading/jpeg12.py", "pydicom.pixels.decoders.base"),
    ("torch", "trainer/fitting/operations.py", "torch._decomp"),
]
"""Libraries of which a private or undocumented part is used, and where."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built with what is installed."""
    folder = tmp_path_factory.mktemp("dist")
    how = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    build = [sys.executable, "-m", "pip", "wheel", *how, str(REPOSITORY)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The programs of a new environment: the project from the wheel, its libraries from here."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(programs / "python")
    install = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *install],
                   check=True)  # fmt: skip
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.check_output([python, "-c", where], text=True).strip()
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(site, "libraries.pth").write_text("\n".join(sorted(libraries)) + "\n")
    return programs


def run(*command, folder):
    """Run away from the repository, without a path that leads to it."""
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in command], cwd=folder, env=alone, capture_output=True, text=True
    )


def test_the_wheel_holds_every_file_of_both_packages(wheel):
    here = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as content:
        there = {name for name in content.namelist() if ".dist-info/" not in name}
    assert there == here


@pytest.mark.parametrize(
    "kind", ["screener/py.typed", "trainer/py.typed", "*.ttf", "*.css", "*.tcss", "*.html",
             "trainer/recipes/*.toml", "weights.safetensors", "card.json", "MODEL_CARD.md"]
)  # fmt: skip
def test_the_wheel_holds_what_is_not_python(wheel, kind):
    with zipfile.ZipFile(wheel) as content:
        assert any(Path(name).match(kind) for name in content.namelist())


def test_the_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as content:
        about = content.read(f"covid_resnet_screener-{__version__}.dist-info/METADATA").decode()
        licences = [name for name in content.namelist() if name.endswith("licenses/LICENSE")]
    assert f"Version: {__version__}\n" in about
    assert "Requires-Python: >=3.11\n" in about
    assert len(licences) == 1


def test_a_fresh_environment_has_the_project_from_the_wheel_alone(installed, tmp_path):
    where = "import screener, trainer; print(screener.__file__, trainer.__file__)"
    told = run(installed / "python", "-c", where, folder=tmp_path)
    assert told.stdout.count(str(installed.parent)) == 2, told.stderr
    version = run(installed / "trainer", "--version", folder=tmp_path)
    assert version.stdout == f"trainer, version {__version__}\n"


def test_the_installed_wheel_scans(installed, phantoms, tmp_path):
    done = run(installed / "screener", "scan", phantoms, folder=tmp_path)
    assert done.returncode == 3, done.stderr  # the damaged, the CT slice and the lateral
    results = tmp_path / "screening"
    assert {"report.pdf", "screening.db", "worklist.csv"} <= {p.name for p in results.iterdir()}
    listed = run(installed / "screener", "list", "--csv", folder=tmp_path)
    kinds = [line.partition(",")[0] for line in listed.stdout.splitlines()[1:]]
    assert (kinds.count("study"), kinds.count("refusal")) == (15, 3)


def requirements():
    """Every requirement of the project by the library's name."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {re.split(r"[<>=\[; ]", line)[0]: line for lines in lists for line in lines}


@pytest.mark.parametrize(("library", "module", "part"), INNER)
def test_a_library_whose_inner_part_is_used_has_an_upper_bound(library, module, part):
    assert part in (REPOSITORY / module).read_text(encoding="utf-8")
    assert "<" in requirements()[library]


def test_no_other_private_module_is_imported():
    private = set()
    for path in (path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "._" in (node.module or ""):
                private.add(node.module)
    assert private <= {part for _, _, part in INNER}


def test_the_citation_names_this_version_and_the_paper():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert citation["preferred-citation"]["doi"] == "10.48550/arXiv.2003.14395"


def test_the_commit_hooks_are_the_linters_of_make_lint():
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (source,) = hooks["repos"]
    assert source["repo"] == "local"  # nothing is fetched
    targets = [hook["entry"].split()[-1] for hook in source["hooks"]]
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target, linter in zip(targets, ("ruff check", "ruff format", "mypy", "lint-imports"),
                              strict=True):  # fmt: skip
        assert f"\n{target}: $(VENV)/installed\n\t$(BIN)/{linter}\n" in makefile


def test_the_workflow_calls_the_targets_of_make_on_every_python_we_name():
    flow = yaml.safe_load((REPOSITORY / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = flow["jobs"]["test"]
    made = [step["run"].removeprefix("$MAKE ") for step in job["steps"] if "run" in step]
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert {"lint", "test", "wheel"} <= set(made) <= set(targets)
    named = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
