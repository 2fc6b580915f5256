"""Batch screening of folders of chest radiographs, for research only.

The package reads radiographs, scores them with COVID-ResNet, ranks the studies and lets a
person review the ranking. It makes no diagnosis and trains nothing: see the package ``trainer``.

For programs: :func:`score` and :func:`results`, and the types they give; ``__init__.pyi`` has their
signatures. Importing the package loads none of them: each is loaded when it is asked for.
"""

from importlib import import_module

__version__ = "0.2.0"

_PUBLIC = {
    "ActivationMap": "screener.study",
    "Band": "screener.study",
    "Outcome": "screener.study",
    "RadiographRow": "screener.results.rows",
    "RadiographScore": "screener.study",
    "Refusal": "screener.study",
    "Results": "screener.results.reader",
    "Review": "screener.study",
    "ScreenerError": "screener.errors",
    "StudyRow": "screener.results.rows",
    "score": "screener.scoring",
}
"""Public names, and where each is."""

__all__ = ["__version__", "results", *_PUBLIC]


def __getattr__(name: str) -> object:
    if name == "results":  # the room of that name, which can be called
        return import_module("screener.results")
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
