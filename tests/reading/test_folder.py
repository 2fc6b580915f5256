"""Everything below the roots is found once, in a stable order, or named as skipped or refused."""

import inspect
import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from screener.reading import folder
from screener.reading.folder import FoundFile, Kind, SkippedFile
from screener.results import files
from screener.study import Outcome, Refusal
from tests import dicoms
from tests.conftest import posix_only


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "tree"
    for name in ("b/2.png", "b/10.png", "a/deep/x.png"):
        png(root / name)
    return root


def png(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (70, 70)).save(path, format="png")
    return path


def names(findings, kind=FoundFile):
    return [finding.path.name for finding in findings if isinstance(finding, kind)]


def test_order_is_by_name_at_every_level(tree):
    assert names(folder.walk([tree])) == ["x.png", "10.png", "2.png"]


def test_paths_are_absolute_also_for_relative_roots(tree, monkeypatch):
    monkeypatch.chdir(tree.parent)
    found = list(folder.walk([Path("tree/../tree")]))
    assert found == list(folder.walk([tree]))
    assert found[0].path == tree / "a" / "deep" / "x.png"


def test_labels_hold_the_root_and_the_path_below_it(tree):
    labels = [found.label for found in folder.walk([tree])]
    root, _, first = labels[0].partition("/")
    assert re.fullmatch(r"tree~[0-9a-f]{10}", root)
    assert [first, *labels[1:]] == ["a/deep/x.png", f"{root}/b/10.png", f"{root}/b/2.png"]


def test_roots_of_the_same_name_are_told_apart_together_and_one_by_one(tmp_path):
    roots = [tmp_path / parent / "studies" for parent in ("one", "two")]
    for root in roots:
        png(root / "a.png")
    together = [found.label for found in folder.walk(roots)]
    apart = [found.label for root in roots for found in folder.walk([root])]
    assert together == apart
    assert len(set(together)) == 2


def test_a_root_keeps_its_name_through_every_link_to_it(tree, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(tree)
    direct, linked = ([found.label for found in folder.walk([root])] for root in (tree, link))
    assert direct == linked


@pytest.mark.parametrize(
    ("name", "write", "kind"),
    [
        ("report.txt", lambda path: dicoms.write(path, dicoms.ramp()), Kind.DICOM),
        ("a.jpg", lambda path: dicoms.write(path, dicoms.ramp(), bare=True), Kind.BARE_DICOM),
        ("a.dcm", lambda path: Image.new("L", (9, 9)).save(path, format="png"), Kind.PNG),
        ("a", lambda path: Image.new("L", (9, 9)).save(path, format="jpeg"), Kind.JPEG),
    ],
)
def test_kind_is_told_by_content(tmp_path, name, write, kind):
    write(tmp_path / name)
    (found,) = folder.walk([tmp_path])
    assert found.kind is kind


@pytest.mark.parametrize(
    "content", [b"PK\3\4rest", b"%PDF-1.7 and more", b"a,b,c\n1,2,3\n", b"\x08", b"\0" * 200]
)
def test_other_content_is_refused_as_unsuitable(tmp_path, content):
    (tmp_path / "a.dcm").write_bytes(content)
    (found,) = folder.walk([tmp_path])
    assert found == Refusal(tmp_path / "a.dcm", Outcome.UNSUITABLE, "not a DICOM, PNG or JPEG file")


def test_empty_file_is_refused(tmp_path):
    (tmp_path / "a.dcm").touch()
    (found,) = folder.walk([tmp_path])
    assert (found.outcome, found.reason) == (Outcome.UNREADABLE, "the file is empty")


def test_hidden_files_and_dicomdir_are_skipped_and_counted(tree):
    (tree / ".hidden").touch()
    (tree / "DICOMDIR").touch()
    png(tree / ".cache" / "a.png")
    skipped = [one for one in folder.walk([tree]) if isinstance(one, SkippedFile)]
    assert [one.path.name for one in skipped] == [".cache", ".hidden", "DICOMDIR"]
    assert skipped[2].why.startswith("a DICOMDIR")


def test_loops_of_links_end(tree):
    (tree / "a" / "loop").symlink_to(tree, target_is_directory=True)
    assert sorted(names(folder.walk([tree]))) == ["10.png", "2.png", "x.png"]


def test_overlapping_roots_find_a_file_once(tree):
    found = list(folder.walk([tree / "b", tree, tree / "b" / "2.png"]))
    assert sorted(names(found)) == ["10.png", "2.png", "x.png"]


def test_a_link_to_a_file_that_was_found_is_the_same_file(tree):
    (tree / "b" / "3.png").symlink_to(tree / "b" / "2.png")
    assert names(folder.walk([tree])).count("3.png") == 0


def test_hard_links_are_files_of_their_own(tree):
    os.link(tree / "b" / "2.png", tree / "b" / "3.png")
    assert "3.png" in names(folder.walk([tree]))


def test_broken_link_is_refused(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere")
    (found,) = folder.walk([tmp_path])
    assert found.reason == "this file is not there, or a link to nothing"


def test_missing_root_is_refused(tmp_path):
    (found,) = folder.walk([tmp_path / "none"])
    assert isinstance(found, Refusal)


@posix_only
def test_folder_without_permission_is_refused(tree):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tree / "b").chmod(0)
    try:
        refusals = [one for one in folder.walk([tree]) if isinstance(one, Refusal)]
    finally:
        (tree / "b").chmod(0o755)
    assert [one.reason for one in refusals] == ["no permission to read this folder"]


def test_denied_folder_is_refused_in_words(tree, monkeypatch):
    """The same without being another user: the system's own error, raised where it would be."""
    scandir = os.scandir

    def denied(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    refusals = [one for one in folder.walk([tree]) if isinstance(one, Refusal)]
    assert refusals == [
        Refusal(tree / "b", Outcome.UNREADABLE, "no permission to read this folder")
    ]


@posix_only
def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (found,) = folder.walk([tmp_path])
    assert isinstance(found, SkippedFile)


@pytest.mark.parametrize("where", ["", "screening"])
def test_results_of_an_earlier_scan_are_passed_over_and_nothing_else_is(tree, where):
    results = tree / where
    results.mkdir(exist_ok=True)
    for name in files.NAMES:
        (results / name).write_text("x")
    png(results / "worklist.png")
    (results / "mine.csv").write_text("x")
    findings = list(folder.walk([tree], files.ours))
    assert set(names(findings, SkippedFile)) == files.NAMES
    assert names(findings, Refusal) == ["mine.csv"]
    assert "worklist.png" in names(findings)


def test_names_of_results_mean_nothing_without_a_database_beside_them(tree):
    (tree / "report.pdf").write_text("x")
    assert names(folder.walk([tree], files.ours), Refusal) == ["report.pdf"]


def test_file_as_root_is_found(tree):
    (found,) = folder.walk([tree / "b" / "2.png"])
    assert found.label.startswith("b~")
    assert found.label.endswith("/2.png")


def test_names_that_are_not_text_are_found(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\xfe.png")
    png(tmp_path / "a.png").rename(path)
    (found,) = folder.walk([tmp_path])
    assert found.path == path


def test_a_link_to_itself_is_refused(tree):
    (tree / "self").symlink_to(tree / "self")
    assert names(folder.walk([tree]), Refusal) == ["self"]
    assert names(folder.walk([tree / "self"]), Refusal) == ["self"]


def test_depth_costs_no_recursion(tmp_path):
    png(tmp_path.joinpath(*["d"] * 250) / "a.png")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        found = names(folder.walk([tmp_path]))
    finally:
        sys.setrecursionlimit(limit)
    assert found == ["a.png"]
