"""COVIDx of March 2020, the paper's benchmark, from its published lists and its two sources.

Each line of ``train_split.txt`` and ``test_split.txt`` is a patient, a file name and a label. Every
name is looked for in the sources and every label compared with what the source says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from screener.errors import ConfigurationError
from trainer.importers.found import Import, by_name
from trainer.manifest import Entry

LABELS = {"normal": "normal", "bacteria": "bacterial", "viral": "viral", "COVID-19": "covid19"}
EXPECTED = {
    ("train", "normal"): 1349,
    ("train", "bacterial"): 2540,
    ("train", "viral"): 1355,
    ("train", "covid19"): 60,
    ("test", "normal"): 234,
    ("test", "bacterial"): 246,
    ("test", "viral"): 149,
    ("test", "covid19"): 8,
}
"""Images by split and label as the paper and the lists have them, 5,941 in all."""


def read_list(path: Path) -> list[tuple[str, str]]:
    """File names and labels of one list.

    Raises:
        ConfigurationError: the lines that are not a patient, a name and a known label.
    """
    listed, wrong = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if len(words) < 3 or words[-1] not in LABELS:
            wrong.append(f"line {number}")
            continue
        listed.append((" ".join(words[1:-1]), LABELS[words[-1]]))
    if wrong:
        raise ConfigurationError(
            f"{path}: not 'patient name label' of COVIDx's first version: {', '.join(wrong[:8])}"
        )
    return listed


def find_list(folder: Path, split: str) -> Path:
    """The one list of a split, such as ``test_split.txt`` or ``train_split_v1.txt``.

    Raises:
        ConfigurationError: there is none, or more than one.
    """
    lists = sorted(folder.glob(f"{split}_split*.txt"))
    if len(lists) != 1:
        raise ConfigurationError(f"{folder}: holds {len(lists)} files {split}_split*.txt, not one")
    return lists[0]


def read(lists: Path, sources: Sequence[Import]) -> Import:
    """Assemble the set from its lists and what the importers of its sources found.

    Raises:
        ConfigurationError: a list is missing or of another kind.
    """
    found = Import("covidx-v1", sum(EXPECTED.values()))
    entries = {entry.image: entry for source in sources for entry in source.entries}
    named = {name: entries[path] for name, path in by_name(entries, found.problems).items()}
    by_stem = {entry.image.stem: entry for entry in named.values()}  # suffixes changed later
    used: set[Path] = set()
    for split in ("train", "test"):
        for name, label in read_list(find_list(lists, split)):
            entry = named.get(name) or by_stem.get(Path(name).stem)
            if entry is None:
                found.problems.append(f"{name}: in the {split} list, but in neither source")
                continue
            if entry.label != label:
                found.problems.append(f"{name}: {label} in the {split} list, {entry.label} at home")
            used.add(entry.image)
            found.entries.append(replace(entry, label=label, split=split))
    found.problems += _surplus(sources, used) + _miscounted(found.entries)
    return found


def _surplus(sources: Sequence[Import], used: set[Path]) -> list[str]:
    """Images of a source whose every image should be listed, but are not."""
    return [
        f"{entry.image.name}: in {source.name}, but in no list"
        for source in sources
        if source.name == "kermany"
        for entry in source.entries
        if entry.image not in used
    ]


def _miscounted(entries: Sequence[Entry]) -> list[str]:
    counts = Counter((entry.split, entry.label) for entry in entries)
    return [
        f"{split} {label}: {counts[split, label]} found / {expected} expected"
        for (split, label), expected in EXPECTED.items()
        if counts[split, label] != expected
    ]
