"""Recipes as data: which stages a fit goes through, at which size, rates and augmentation.

A recipe is one TOML file. Reading it reports every error at once and knows no torch: what the
words mean to the network is ``trainer.fitting.fit``'s and ``trainer.fitting.augment``'s to say.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from screener import lungs
from screener.card import ARCHITECTURE, HEADS, PAPER, TIMM
from screener.errors import ConfigurationError, WeightsError
from screener.study import LABELS
from screener.text import closest
from trainer.manifest import KNOWN

MOST = {"rotate": 180.0, "gamma": 5.0}
"""Of a change of the image; all others are probabilities or shares, 1 at most."""
RECIPES = Path(__file__).parent / "recipes"

LUNGS = ("lungs",)
"""Labels of a recipe that fits :class:`screener.network.lung_net.LungNet` to masks."""

SAMPLINGS = ("shuffle", "group")
SCHEDULES = ("constant", "one_cycle")
LARGEST = 1e12
PRECISIONS = ("float32", "bfloat16")
KEEPS = ("best", "last")
NORMS = ("averaged", "measured")


@dataclass(frozen=True, slots=True)
class Augment:
    """Random changes of a training image. Everything is off unless a recipe turns it on."""

    rotate: float = 0.0
    """Largest rotation, degrees either way."""
    zoom: float = 0.0
    """Largest relative change of size; 0.2 shows between 80 % and 120 %."""
    shift: float = 0.0
    """Largest shift as a share of the side."""
    flip_vertical: float = 0.0
    """Probability of turning the picture upside down."""
    flip_horizontal: float = 0.0
    """Probability of mirroring."""
    lighting: float = 0.0
    """Largest relative change of brightness and of contrast."""
    gamma: float = 0.0
    """Largest change of the logarithm of gamma."""
    blur: float = 0.0
    """Probability of losing fine detail: shrunk to between a half and the full size, and back."""
    noise: float = 0.0
    """Largest standard deviation of added noise, on the scale 0 to 1."""
    frame: float = 0.0
    """Probability of blacking out an outer frame, where markers and source habits are."""
    style: float = 0.0
    """Probability of another hospital's processing: gamma, black and white points, and one of
    lost resolution, sharpening, noise and local contrast."""
    amplitudes: float = 0.0
    """Probability of taking the coarse brightness of another film of the batch."""
    frame_exchange: float = 0.0
    """Probability of taking the outer frame of another film of the batch."""
    erase: float = 0.0
    """Probability of blanking a rectangle of 2 to 12 % of the picture."""
    stretch: float = 0.0
    """Largest change of the logarithm of width over height."""
    levels: float = 0.0
    """Largest shift of the black and of the white point, on the scale 0 to 1."""
    sharpen: float = 0.0
    """Probability of unsharp masking."""
    invert: float = 0.0
    """Probability of turning the film into its negative."""
    letters: float = 0.0
    """Probability of letters, lines and tubes pasted over the film."""
    veil: float = 0.0
    """Probability of a soft ellipse of any gray, as a consolidation or an effusion is."""

    def without_motion(self) -> Augment:
        """The changes that move nothing."""
        return replace(self, rotate=0.0, zoom=0.0, shift=0.0, stretch=0.0,
                       flip_vertical=0.0, flip_horizontal=0.0)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """One image size: the head alone first, then the whole network."""

    name: str
    image_size: int
    lr: tuple[float, ...]
    """Learning rate of the whole network: one, or of the earliest and of the last layer group,
    equidistant between."""
    epochs: int
    batch_size: int = 32
    frozen_epochs: int = 0
    frozen_lr: float = 0.0
    schedule: str = "constant"
    augment: Augment = field(default_factory=Augment)


@dataclass(frozen=True, slots=True)
class Member:
    """One of the fits whose weights are averaged: the recipe with some of its values changed."""

    name: str
    set: tuple[str, ...] = ()
    """As ``--set`` takes them: "seed=2", "whole.image_size=160", "whole.augment.noise=0.1"."""


@dataclass(frozen=True, slots=True)
class Soup:
    """Several fits from the same first weights, whose tensors are averaged into one network."""

    members: tuple[Member, ...]
    of: tuple[str, ...] = ()
    """Names of the members that go into the mean, as ``trainer unseen`` chose them; empty: all."""
    norms: str = "averaged"
    """Batch norm statistics: ``averaged`` as the weights are, or ``measured`` anew."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole fit."""

    name: str
    stages: tuple[Stage, ...]
    network: str = ARCHITECTURE
    """``covid-resnet50``, the paper's, or ``timm/NAME`` for a backbone of timm."""
    head: str = PAPER
    """``paper``, with a hidden layer, or ``linear``: of fits with linear heads there is a mean."""
    labels: tuple[str, ...] = LABELS
    """The network's classes; ``["lungs"]`` fits the outline of the lungs from masks instead."""
    held_out_sources: tuple[str, ...] = ()
    """Never trained on; only lungs know it."""
    seed: int = 0
    sampling: str = "shuffle"
    """``shuffle``: each image once an epoch. ``group``: drawn so that each label weighs the same,
    and within a label each source by the square root of its images."""
    precision: str = "float32"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    source_prior: float = 0.0
    """How much of a film's source the loss takes for granted, 0 to below 1: the logits are given
    the logarithm of that share of the labels' mix in its source and, for the rest, of their mix
    over all sources. What a source says by itself then earns nothing; 0 gives nothing."""
    validation_fraction: float = 0.1
    """Share of the training patients held out where a manifest has no validation split."""
    split_seed: int = 0
    """Which patients those are: of its own, so that fits of several seeds hold out the same."""
    start_seed: int = -1
    """Of the first weights that chance gives, the head's; -1 for ``seed``. Members of a soup want
    one in common: hidden units of unlike heads have no counterparts, their mean means little."""
    images_per_epoch: int = 0
    """Films drawn an epoch where they are drawn by group; 0 for as many as there are."""
    average: float = 0.0
    """Decay a batch of the moving average of the weights, which is judged and kept in place of
    the weights themselves; 0 for none."""
    keep: str = "best"
    """``best``: the epoch of the last size with the best mean recall over validation groups.
    ``last``: the last epoch, chosen by nothing that was seen."""
    teachers: tuple[str, ...] = ()
    """Weights whose word on each film is learnt beside its label, as ``--weights`` takes them."""
    soup: Soup | None = None
    aux: dict[str, str] = field(default_factory=dict)
    """As what images of split ``aux`` are learnt: for "SOURCE LABEL" a label of the manifest's."""

    @property
    def body(self) -> str:
        """The backbone that first weights are for."""
        if self.labels == LUNGS:
            return TIMM + self.network.rpartition("/")[2]
        return self.network

    @property
    def input_size(self) -> int:
        """Side of the images the finished network expects: the last stage's."""
        return self.stages[-1].image_size

    @property
    def cache_size(self) -> int:
        """Side at which decoded images are kept: the largest stage's."""
        return max(stage.image_size for stage in self.stages)

    @property
    def epochs(self) -> int:
        """Epochs of all stages, those of the head alone included."""
        return sum(stage.frozen_epochs + stage.epochs for stage in self.stages)


def names() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def find(recipe: str) -> Path:
    """The file of a recipe given by name or as a path.

    Raises:
        ConfigurationError: there is neither.
    """
    for path in (RECIPES / f"{recipe}.toml", Path(recipe)):
        if path.is_file():
            return path
    cure = closest(recipe, names()) or f"; known are {', '.join(names())}"
    raise ConfigurationError(f"{recipe}: no such recipe{cure}")


def read(path: Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe and apply ``key=value`` or ``stage.key=value`` overrides.

    Raises:
        ConfigurationError: with every error found, one a line.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not a readable recipe ({error})") from None
    errors: list[str] = []
    for override in overrides:
        _override(content, override, errors)
    recipe = _recipe(content, errors)
    if recipe is not None:
        _check(recipe, errors)
    if recipe is not None and recipe.soup and not errors:
        for member in recipe.soup.members:
            _member(recipe, member, errors)
    if errors or recipe is None:
        raise ConfigurationError("\n".join(f"{path}: {error}" for error in errors))
    return recipe


def dump(recipe: Recipe) -> str:
    """The recipe as TOML, with every value spelt out."""
    content = asdict(recipe)
    if recipe.soup is None:
        del content["soup"]
    return tomli_w.dumps(content)


def members(recipe: Recipe) -> list[Recipe]:
    """The recipes of a soup's members, or the recipe itself where it is no soup.

    Raises:
        ConfigurationError: what a member sets does not fit the recipe.
    """
    if recipe.soup is None:
        return [recipe]
    errors: list[str] = []
    found = [_member(recipe, member, errors) for member in recipe.soup.members]
    if errors:
        raise ConfigurationError("\n".join(f"{recipe.name}: {error}" for error in errors))
    return [member for member in found if member is not None]


def _member(recipe: Recipe, member: Member, errors: list[str]) -> Recipe | None:
    wrong: list[str] = []
    content = tomllib.loads(dump(replace(recipe, name=f"{recipe.name}-{member.name}", soup=None)))
    for override in member.set:
        for each in _of_each_stage(override, recipe.stages):
            _override(content, each, wrong)
    found = _recipe(content, wrong)
    if found is not None:
        _check(found, wrong)
    errors += [f"soup: {member.name}: {error}" for error in wrong]
    return found


def _of_each_stage(override: str, stages: Iterable[Stage]) -> list[str]:
    """What is set of [augment] as that of every stage: by now each spells out its own."""
    if override.partition(".")[0].strip() != "augment":
        return [override]
    return [f"{stage.name}.{override}" for stage in stages]


def _override(content: dict[str, Any], override: str, errors: list[str]) -> None:
    key, separator, text = override.partition("=")
    *path, last = (part.strip() for part in key.split("."))
    if not separator or not last or "" in path:
        errors.append(f"--set {_shown(override)}: write key=value or stage.key=value")
        return
    target = _table(content, path)
    if target is None:
        names = ", ".join(["augment", *_by_name(content)])
        errors.append(f"--set {_shown(override)}: there is no {'.'.join(path)}; there are {names}")
        return
    try:
        target[last] = tomllib.loads(f"value = {text.strip()}")["value"]
    except (ValueError, RecursionError):
        target[last] = text.strip()


def _table(content: dict[str, Any], path: Sequence[str]) -> dict[str, Any] | None:
    """The table that an override's key lies in: the recipe's, [augment], a stage's or its own."""
    table: dict[str, Any] = content
    for depth, part in enumerate(path):
        stages = {} if depth else _by_name(content)
        inner = stages[part] if part in stages else _inner(table, part)
        if not isinstance(inner, dict):
            return None
        table = inner
    return table


def _inner(table: dict[str, Any], name: str) -> object:
    return table.setdefault(name, {}) if name == "augment" else table.get(name)


def _by_name(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    stages = content.get("stages")
    tables = (
        [stage for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
    )
    return {stage["name"]: stage for stage in tables if isinstance(stage.get("name"), str)}


def _recipe(content: dict[str, Any], errors: list[str]) -> Recipe | None:
    shared = _own_table(content.pop("augment", {}), "augment", errors) or {}
    known = len(errors)
    _build(Augment, shared, "augment: ", errors)
    if len(errors) > known:
        shared = {}  # told once, not again for each stage
    listed = content.pop("stages", [])
    if not isinstance(listed, list) or not listed:
        errors.append("stages: there must be at least one [[stages]]")
        listed = []
    stages = [
        _stage(number, _own_table(stage, f"stage number {number}", errors), shared, errors)
        for number, stage in enumerate(listed, start=1)
    ]
    content["stages"] = tuple(stage for stage in stages if stage is not None)
    if "soup" in content:
        content["soup"] = _soup(content["soup"], errors)
    recipe: Recipe | None = _build(Recipe, content, "", errors)
    return recipe


def _soup(content: Any, errors: list[str]) -> Soup | None:  # noqa: ANN401
    table = _own_table(content, "soup", errors)
    if table is None:
        return None
    members = table.pop("members", [])
    if not isinstance(members, list):
        errors.append(f"soup: members must be tables, [[soup.members]], not {_shown(members)}")
        return None
    listed = [_member_of(number, member, errors) for number, member in enumerate(members, start=1)]
    soup: Soup | None = _build(Soup, {**table, "members": listed}, "soup: ", errors)
    if soup is not None and None not in soup.members:
        errors += _soup_errors(soup)
    return soup


def _member_of(number: int, content: object, errors: list[str]) -> Member | None:
    where = f"soup: member number {number}"
    own = _own_table(content, where, errors)
    member: Member | None = None if own is None else _build(Member, own, f"{where}: ", errors)
    if member is not None:
        errors += _name_errors(member.name, where)
    return member


def _name_errors(name: str, where: str) -> list[str]:
    """Names of stages and members are those of files and folders, too."""
    if re.fullmatch(r"\w[\w.+ -]{,99}", name):
        return []
    return [f"{where}: name must be letters, digits, and . + - within, not {_shown(name)}"]


def _soup_errors(soup: Soup) -> list[str]:
    names = [member.name for member in soup.members]
    wrong = [f"soup: norms {soup.norms!r} is not one of {', '.join(NORMS)}"]
    errors = wrong if soup.norms not in NORMS else []
    errors += [f"soup: of: no member is called {name!r}" for name in soup.of if name not in names]
    errors += ["soup: two members have one name"] if len(set(names)) < len(names) else []
    return errors + (["soup: there must be at least two members"] if len(names) < 2 else [])


def _own_table(value: object, name: str, errors: list[str]) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return dict(value)
    errors.append(f"{name} must be a table, not {_shown(value)}")
    return None


def _stage(
    number: int, content: dict[str, Any] | None, shared: Mapping[str, Any], errors: list[str]
) -> Stage | None:
    if content is None:
        return None
    name = content.get("name")
    where = f"{name if isinstance(name, str) else f'stage number {number}'}: "
    own = _own_table(content.pop("augment", {}), where + "augment", errors) or {}
    augment = _build(Augment, {**shared, **own}, where + "augment: ", errors)
    lr = content.get("lr")
    content["lr"] = tuple(lr) if isinstance(lr, list) else (lr,)
    if lr is None:
        del content["lr"]
    stage: Stage | None = _build(Stage, {**content, "augment": augment or Augment()}, where, errors)
    if stage is not None:
        _check_stage(stage, errors)
    return stage


def _build(kind: type[Any], content: Mapping[str, Any], where: str, errors: list[str]) -> Any:  # noqa: ANN401
    """An instance of a dataclass from a table; unknown, missing and ill-typed keys are errors.

    What is ill-typed counts as not given, so that the rest is looked at as well; None where
    something is missing then.
    """
    known = {f.name: f for f in fields(kind)}
    found = [
        f"{where}unknown key {_shown(key)}{closest(key, known)}"
        for key in content
        if key not in known
    ]
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name not in content:
            if spec.default is MISSING and spec.default_factory is MISSING:
                found.append(f"{where}lacks {name!r}")
            continue
        value, wrong = _typed(content[name], str(spec.type))
        if wrong:
            found.append(f"{where}{name} must be {wrong}, not {_shown(content[name])}")
            continue
        values[name] = value
    errors += found
    needed = {f.name for f in fields(kind) if f.default is f.default_factory is MISSING}
    return kind(**values) if needed <= values.keys() else None


def _typed(value: Any, kind: str) -> tuple[Any, str]:  # noqa: ANN401
    """The value in the type of its field, and what it should have been where it is not."""
    if kind == "float":
        return (float(value), "") if _is_number(value) else (value, "a number")
    if kind == "int":
        return value, "" if isinstance(value, int) and _is_number(value) else "a whole number"
    if kind == "str":
        return value, "" if isinstance(value, str) else "text"
    if kind == "dict[str, str]":
        good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        return value, "" if good else "a table of texts"
    if kind == "tuple[float, ...]":
        good = all(map(_is_number, value))
        return (tuple(map(float, value)), "") if good else (value, "a number or two")
    if kind == "tuple[str, ...]":
        good = isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
        return (tuple(value), "") if good else (value, "a list of texts")
    if kind.startswith("tuple"):
        good = isinstance(value, list | tuple)
        return (tuple(value), "") if good else (value, "a list")
    return value, ""


def _is_number(value: object) -> bool:
    """Whether it is a number that can be computed with: no NaN, no infinity, no 400 digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST


def _shown(value: object) -> str:
    return reprlib.repr(value)


def _check(recipe: Recipe, errors: list[str]) -> None:
    """What types alone do not tell."""
    errors += _lungs_errors(recipe) if recipe.labels == LUNGS else _network_errors(recipe)
    if recipe.labels not in (LABELS, LUNGS):
        errors.append(f"labels must be {list(LABELS)} or {list(LUNGS)}")
    for key, value, known in (
        ("sampling", recipe.sampling, SAMPLINGS),
        ("precision", recipe.precision, PRECISIONS),
        ("head", recipe.head, HEADS),
        ("keep", recipe.keep, KEEPS),
        *(("aux", label, KNOWN) for label in recipe.aux.values()),
    ):
        if value not in known:
            errors.append(f"{key} {value!r} is not one of {', '.join(known)}")
    for bad, message in (
        (not recipe.name.strip(), "name cannot be empty"),
        (recipe.seed < 0, "seed cannot be negative"),
        (recipe.split_seed < 0, "split_seed cannot be negative"),
        (recipe.start_seed < -1, "start_seed must be -1, for the recipe's seed, or above"),
        (recipe.images_per_epoch < 0, "images_per_epoch cannot be negative"),
        (not 0 <= recipe.average < 1, "average must be from 0 to below 1"),
        (recipe.weight_decay < 0, "weight_decay cannot be negative"),
        (not 0 <= recipe.label_smoothing < 1, "label_smoothing must be from 0 to below 1"),
        (not 0 <= recipe.source_prior < 1, "source_prior must be from 0 to below 1"),
        (
            recipe.source_prior > 0 and recipe.teachers,
            "source_prior and teachers exclude each other: a teacher's word has no source",
        ),
        (not 0 < recipe.validation_fraction < 1, "validation_fraction must be between 0 and 1"),
    ):
        if bad:
            errors.append(message)
    seen: set[str] = set()
    for stage in recipe.stages:
        if stage.name in seen:
            errors.append(f"{stage.name}: two stages have this name")
        seen.add(stage.name)


def _lungs_errors(recipe: Recipe) -> list[str]:
    """What the fit of the lungs' outline does not know or cannot do."""
    wrong = [] if recipe.network == lungs.ARCHITECTURE else [
        f"network must be {lungs.ARCHITECTURE!r} where the labels are {list(LUNGS)}"
    ]  # fmt: skip
    for stage in recipe.stages:
        if stage.image_size % 16:
            wrong.append(f"{stage.name}: image_size must be a multiple of 16 for lungs")
        if stage.frozen_epochs:
            wrong.append(f"{stage.name}: lungs have no head to fit alone; take out frozen_epochs")
    return wrong


def _network_errors(recipe: Recipe) -> list[str]:
    """What is wrong with the network's name; timm is loaded only for one of its own."""
    if recipe.network == ARCHITECTURE:
        return []
    if not recipe.network.startswith(TIMM):
        return [f"network {recipe.network!r} is not known; write {ARCHITECTURE!r} or '{TIMM}NAME'"]
    from screener.network import bodies

    try:
        bodies.check(recipe.network, sorted({stage.image_size for stage in recipe.stages}))
    except WeightsError as error:
        return [f"network: {error}"]
    return []


def _check_stage(stage: Stage, errors: list[str]) -> None:
    errors += _name_errors(stage.name, "stages")
    for bad, message in (
        (not 32 <= stage.image_size <= 2048, "image_size must be from 32 to 2048"),
        (stage.batch_size < 2, "batch_size must be at least 2 (batch norm)"),
        (stage.epochs < 0 or stage.frozen_epochs < 0, "epochs cannot be negative"),
        (stage.epochs == stage.frozen_epochs == 0, "has no epoch"),
        (stage.frozen_epochs > 0 and stage.frozen_lr <= 0, "frozen_lr must be above 0"),
        (not 1 <= len(stage.lr) <= 2 or min(stage.lr) <= 0, "lr must be one or two rates above 0"),
        (stage.schedule not in SCHEDULES, f"schedule must be one of {', '.join(SCHEDULES)}"),
    ):
        if bad:
            errors.append(f"{stage.name}: {message}")
    errors += [
        f"{stage.name}: augment: {name} must be from 0 to {most:g}"
        for name, value in asdict(stage.augment).items()
        if not 0 <= value <= (most := MOST.get(name, 1.0))
    ]
