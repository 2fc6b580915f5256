"""Published figures on the paper's benchmark, for print beside measured ones.

Only what was read from a source stands here; the paper's own tables by class were not at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from trainer.judging.statistics import ClassFigures, Estimate, class_figures_of, wilson
from trainer.manifest import Entry

TEST_IMAGES = 637
_TEST_NAMES = "1b467ca391b3601d47384f9b12d8b7ad43384b9e3dcdac48ea08c92e7f74bc8f"
"""SHA-256 of the sorted names, without suffix, of the 637 test images."""


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody reported on the 637 test images of covidx-v1."""

    name: str
    parameters: str
    epochs: str
    accuracy: Estimate
    classes: dict[str, ClassFigures] = field(default_factory=dict)


PUBLISHED = (
    Published(
        "COVID-ResNet (arXiv 2003.14395)", "25.6 M", "41", wilson(613, TEST_IMAGES)
    ),  # 96.23 %, that is 24 errors
    Published(
        "COVID-Net v1 (arXiv 2003.09871v1)",
        "–",
        "–",
        wilson(532, TEST_IMAGES),
        {  # counts derived from its sensitivities and predictive values
            "normal": class_figures_of(173, 234, 182),
            "bacterial": class_figures_of(229, 246, 263),
            "viral": class_figures_of(122, 149, 182),
            "covid19": class_figures_of(8, 8, 10),
        },
    ),
)


def comparable(entries: Sequence[Entry]) -> tuple[Published, ...]:
    """The published figures, if these entries are the test split of covidx-v1; else none."""
    names = "\n".join(sorted(entry.image.stem for entry in entries))
    is_covidx = hashlib.sha256(names.encode()).hexdigest() == _TEST_NAMES
    return PUBLISHED if is_covidx else ()
