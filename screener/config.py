"""Settings: flag, then environment, then ``./screener.toml``, then the user's file, then default.

The command line's own options stand above all of this and are not known here. A key or a value
that is not understood is refused, with its file, rather than passed over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from screener import locations
from screener.errors import ConfigurationError
from screener.study import MAX_PIXELS
from screener.text import closest

FILE = "screener.toml"
PREFIX = "SCREENER_"
MOST = sys.maxsize
"""Of every number that can be set."""
KEYMAP = "keymap"
"""Table of keys by the id of a binding of the review screen."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set, the name of the options it is a default for."""

    name: str
    about: str
    default: str | int | float
    choices: tuple[str, ...] = ()
    least: float | None = None


SETTINGS = (
    Setting("results", "results folder", str(locations.RESULTS)),
    Setting("weights", "name or folder of the weights; empty for those that suit the device", ""),
    Setting("device", "where to compute", "auto", ("auto", "cpu", "cuda", "mps")),
    Setting("batch_size", "radiographs at once; 0 to fit it to memory", 0, least=0),
    Setting("workers", "processes that decode; 0 to fit it to the machine", 0, least=0),
    Setting("max_pixels", "most pixels a radiograph may declare", MAX_PIXELS, least=1),
    Setting("seconds", "longest time to decode one file", 60.0, least=0.001),
    Setting("maps", "of PRIORITY and ELEVATED radiographs", "proven", ("none", "fast", "proven")),
    Setting("identify", "what may be kept of patients", "none", ("none", "id", "full")),
    Setting("access", "who may read and write what is made: you alone, or your group too", "owner",
            ("owner", "group")),
    Setting("reviewer", "name under which reviews are kept; empty for the user's", ""),
    Setting("theme", "colours of the review screen; empty for its own", ""),
    Setting("image", "how the review screen draws; empty to find out", "",
            ("", "halfblock", "sixel", "kitty", "off")),
    Setting("explain", "whether the review has maps made that an opened study lacks", "on",
            ("on", "off")),
    Setting("after_verdict", "where a verdict leads: to the next study without one, or nowhere",
            "next", ("next", "stay")),
    Setting("blind", "whether the review hides what other reviewers said", "off", ("on", "off")),
    Setting("paper", "of the report", "a4", ("a4", "letter")),
    Setting("fonts", "folder of further typefaces for names in the report", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """What a setting is set to, and where."""

    value: str | int | float
    origin: str
    """A file, an environment variable, or "default"."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings with their origins."""

    values: Mapping[str, Value]
    keymap: Mapping[str, str] = field(default_factory=dict)

    def chosen(self) -> dict[str, str | int | float]:
        """The settings that somebody set: defaults for the options of the same names."""
        return {
            name: found.value
            for name, found in self.values.items()
            if found.origin != "default" and found.value
        }


MASKS = {"owner": 0o077, "group": 0o007}
"""What is taken from the permissions of new files and folders, by the setting ``access``."""


def defaults() -> Mapping[str, str | int | float]:
    """Defaults for the options of a command; from now on what is made is as private as was set.

    Raises:
        ConfigurationError: as :func:`load`.
    """
    loaded = load()
    os.umask(MASKS[str(loaded.values["access"].value)])
    return loaded.chosen()


def files() -> tuple[Path, Path]:
    """The project's file and the user's, the stronger first; neither need exist."""
    return Path(FILE), locations.config_dir() / FILE


def load() -> Configuration:
    """Read all settings.

    Raises:
        ConfigurationError: a file cannot be read, or a key or value is not understood.
    """
    values = {setting.name: Value(setting.default, "default") for setting in SETTINGS}
    keymap: dict[str, str] = {}
    for path in reversed(files()):
        content = _read(path)
        keymap |= _keymap(path, KEYMAP, content.pop(KEYMAP, {}))
        values |= dict(_checked(path, content))
    return Configuration(values | dict(_environment()), keymap)


def _read(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error}); correct or remove it"
        ) from None
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        raise ConfigurationError(f"{path}: not TOML ({error}); correct it") from None


def _checked(path: Path, content: Mapping[str, object]) -> Iterator[tuple[str, Value]]:
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in content.items():
        if name not in known:
            raise ConfigurationError(
                f"{path}: unknown key {name!r}"
                + (closest(name, known) or "; 'screener config' lists what can be set")
            )
        yield name, Value(_fitting(known[name], value, str(path)), str(path))


def _environment() -> Iterator[tuple[str, Value]]:
    for setting in SETTINGS:
        variable = PREFIX + setting.name.upper()
        if text := os.environ.get(variable):
            yield setting.name, Value(_fitting(setting, text, variable), variable)


def _fitting(setting: Setting, value: object, origin: str) -> str | int | float:
    """The value in the setting's type; text is converted, as an environment variable needs."""
    kind: Callable[[Any], str | int | float] = type(setting.default)
    fits = type(value) is kind or isinstance(value, str) or (kind is float and type(value) is int)
    try:
        converted = kind(value) if fits else None
    except ValueError:
        converted = None
    if converted is None or not _is_allowed(setting, converted):
        wanted = " or ".join(filter(None, setting.choices)) or KINDS[type(setting.default)]
        wanted += "" if setting.least is None else f" from {setting.least:g}"
        raise ConfigurationError(f"{origin}: {setting.name} is {value!r}; it must be {wanted}")
    return converted


def _is_allowed(setting: Setting, value: str | int | float) -> bool:
    if setting.choices:
        return value in setting.choices
    return setting.least is None or setting.least <= value <= MOST  # type: ignore[operator]


KINDS: Mapping[type, str] = {str: "text", int: "a whole number", float: "a number"}


def _keymap(path: Path, table: str, content: object) -> dict[str, str]:
    """Keys by binding; TOML reads the dots of a binding's id as tables within tables."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: [{table}] must hold keys as text by binding")
    keys: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, str):
            keys[name] = value
            continue
        inner = _keymap(path, f"{table}.{name}", value)
        keys |= {f"{name}.{rest}": key for rest, key in inner.items()}
    return keys
