"""What each command of ``trainer`` is typed like: the examples at the end of its ``--help``."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": ("recipes", "fit covid_resnet --data films --run runs/first"),
    "fit": (
        "fit covid_resnet --data films --run runs/first",
        "fit --resume runs/first",
        "fit mine.toml --data films --data more --run runs/mine --set stage3.epochs=8",
    ),
    "unseen": (
        "unseen covid_resnet --data films --run runs/unseen --leave-out north=nih,padchest",
        "unseen --resume runs/unseen",
    ),
    "lr-find": ("lr-find covid_resnet --data films --step stage1-whole",),
    "compare": ("compare runs/first runs/mine -o runs.html",),
    "recipes": ("recipes", "recipes covid_resnet > mine.toml"),
    "validate": ("validate mine.toml --data films",),
    "prepare": ("prepare folders downloads/films -o films",),
    "prepare kermany": ("prepare kermany downloads/chest_xray -o films",),
    "prepare cohen": ("prepare cohen downloads/covid-chestxray-dataset -o films",),
    "prepare covidx-v1": (
        "prepare covidx-v1 --kermany chest_xray --cohen cohen --lists lists -o films",
    ),
    "prepare folders": ("prepare folders downloads/films --source north -o films",),
    "export": ("export runs/first", "export runs/first -o weights/first --version 2"),
    "calibrate": (
        "calibrate runs/first/weights --data films",
        "calibrate runs/first/weights --data films --unseen runs/unseen",
    ),
    "evaluate": (
        "evaluate runs/first/weights --data films",
        "evaluate weights --data films --json",
    ),
    "audit": ("audit --data films", "audit --data films --weights runs/first/weights"),
    "card": ("card runs/first/weights evaluation",),
}
"""By the command's words, without the program's name; "" for the program itself."""
