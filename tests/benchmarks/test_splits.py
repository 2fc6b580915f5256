"""The benchmark of splits: what is drawn at random, and what its figures say."""

from pathlib import Path

from benchmarks.splits import drawn, figures
from screener.study import LABELS
from trainer.manifest import Entry


def films(patients=40, each=3):
    """Three films of each patient, the first of every third patient a test film."""
    return [
        Entry(Path(f"{patient}-{film}.png"), LABELS[patient % 4], f"p{patient}",
              "test" if film == 0 and patient % 3 == 0 else "train", "s")
        for patient in range(patients)
        for film in range(each)
    ]  # fmt: skip


def test_a_split_by_patient_tears_no_patient_apart_and_one_by_image_does():
    entries = films()
    by_patient = drawn(entries, [entry.person for entry in entries], 0)
    by_image = drawn(entries, [entry.image.name for entry in entries], 0)
    assert figures(by_patient, [0] * number_of_test_films(by_patient))[-1] == 0
    assert figures(by_image, [0] * number_of_test_films(by_image))[-1] > 0.5


def test_a_random_split_has_the_published_number_of_test_films_of_each_label():
    entries = films()
    found = drawn(entries, [entry.image.name for entry in entries], 3)
    for label in LABELS:
        assert number_of_test_films(found, label) == number_of_test_films(entries, label)


def test_another_seed_draws_another_split():
    entries = films()
    units = [entry.image.name for entry in entries]
    assert drawn(entries, units, 1) == drawn(entries, units, 1) != drawn(entries, units, 2)


def test_figures_are_accuracy_then_each_recall():
    entries = [e for e in films() if e.split == "test"]
    right = [LABELS.index(entry.label) for entry in entries]
    assert figures(entries, right)[:2] == [1.0, 1.0]
    assert figures(entries, [LABELS.index("viral")] * len(right))[1:6] == [0.25, 0, 0, 1, 0]


def number_of_test_films(entries, label=None):
    return sum(e.split == "test" and label in (None, e.label) for e in entries)
