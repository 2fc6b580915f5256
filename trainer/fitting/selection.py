"""Which epoch's weights to keep: a measure on the validation split that no source can win alone.

Accuracy over a validation split of mostly children says little about adults; here each label of
each source counts the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trainer.manifest import Entry

LEAST = 10
"""Groups of fewer images are left out: one error would move the mean by a percent or more."""


def group_recall(entries: Sequence[Entry], right: Sequence[bool]) -> float:
    """Mean over (label, source) groups of the share of images called right.

    Args:
        entries: the validation images.
        right: whether each was given its label.

    Returns:
        0 to 1. Where no group has ten images, the plain share.
    """
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for entry, good in zip(entries, right, strict=True):
        groups[entry.label, entry.source].append(good)
    large = [group for group in groups.values() if len(group) >= LEAST] or [list(right)]
    return sum(sum(group) / len(group) for group in large) / len(large)
