"""The model card of some weights: measured figures, as text and as JSON.

Each figure comes from the weights card or from an evaluation's JSON of the very same weights; one
of other weights is refused, and what was not measured is said not to be. The order of topics
follows the CLAIM checklist for reports on imaging AI.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from screener import rates
from screener.card import (
    MODEL_CARD_FILE,
    MODEL_CARD_TWIN,
    WeightsCard,
    load_card,
    parse,
    save_card,
)
from screener.errors import ConfigurationError
from screener.network.weights import read_tensors
from screener.study import LABEL_NAMES, RESEARCH_ONLY
from screener.whole import replace_text

SCHEMA = 1
NOT_MEASURED = "Not measured."
_NOTHING = "–"

INTENDED_USE = (
    "An aid to the order in which researchers review adult frontal chest radiographs. It sorts a "
    "list and removes nothing from it. It is not stand-alone, does not diagnose, and a low score "
    "does not rule out disease. Not for children, lateral views or CT, and for no decision about "
    "a patient."
)
GROUND_TRUTH = (
    "Labels are those of the public collections: file names, reports and text mining. No reader "
    "looked at the images again, and RT-PCR results were not at hand."
)
LIMITS = (
    "In public collections the disease, the hospital and the age of the patients go together, so "
    "a network can tell the collection instead of the disease. Read each accuracy beside the "
    "shortcuts' and by source. Portable AP films, tubes, leads and burned-in letters are commoner "
    "among the severely ill. Measured elsewhere, networks like this one do worse than at home. "
    "Heat maps show where a score came from, not where disease is."
)
FAILURES = (
    "'trainer evaluate' writes failures.html, the images taken for another class, on the machine "
    "that has the images. It is not passed on with the weights."
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures under their heads."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of the card."""

    title: str
    text: str
    tables: tuple[Table, ...] = ()


def write(folder: Path, evaluations: Sequence[Path]) -> Path:
    """Write ``MODEL_CARD.md`` and its JSON twin, and put the figures into ``card.json``.

    Args:
        folder: of the weights.
        evaluations: files made by ``trainer evaluate`` with these weights.

    Returns:
        Path of the text.

    Raises:
        ConfigurationError: an evaluation cannot be read, or is of other weights.
        WeightsError: there is no usable card in the folder, or its tensors are not the card's.
    """
    card = load_card(folder)
    read_tensors(folder, card.digest)
    documents = [_read(path, card) for path in evaluations]
    card = replace(card, metrics=card.metrics | {_name(d): figures(d) for d in documents})
    sections = list(compose(card, documents))
    save_card(folder, card)
    twin = {
        "schema": SCHEMA,
        "weights": card.digest,
        "warning": RESEARCH_ONLY,
        "sections": [asdict(section) for section in sections],
        "evaluations": documents,
    }
    text = json.dumps(twin, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace_text(folder / MODEL_CARD_TWIN, text)
    path = folder / MODEL_CARD_FILE
    replace_text(path, _markdown(card, sections))
    return path


def _read(path: Path, card: WeightsCard) -> dict[str, Any]:
    """The first evaluation of a file, with the shortcuts it is to be read beside."""
    try:
        content = parse(path.read_text(encoding="utf-8"))
        first: dict[str, Any] = content["evaluations"][0]
        of_weights = first["weights_digest"]
    except (OSError, *NO_EVALUATION) as error:
        raise no_evaluation(path, error) from None
    if of_weights != card.digest:
        raise ConfigurationError(
            f"{path}: measured with other weights ({of_weights}); run 'trainer evaluate' again"
        )
    document = first | {key: content.get(key, []) for key in ("shortcuts", "published")}
    try:
        figures(document)
        _performance(document)
    except NO_EVALUATION as error:
        raise no_evaluation(path, error) from None
    return document


NO_EVALUATION = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the figures of a file that is none give."""


def no_evaluation(path: Path, error: Exception) -> ConfigurationError:
    """What to say of a file that holds no evaluation, and why it holds none."""
    return ConfigurationError(
        f"{path}: not an evaluation ({error!r}); make one with 'trainer evaluate'"
    )


def _name(document: Mapping[str, Any]) -> str:
    return f"{' + '.join(document['data'])}, {document['split']}"


def figures(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an evaluation that the weights card keeps."""
    classes, overall = document["classes"], document["overall"]
    measured = {
        "accuracy": overall["accuracy"],
        "auc_covid19_against_normal": overall["against_normal"],
        "auc_covid19_against_rest": overall["against_rest"],
        **{
            f"{figure}_{label}": found[figure]
            for figure in ("sensitivity", "ppv")
            for label, found in classes.items()
        },
    }
    shortcuts = {
        shortcut["name"]: _known(
            accuracy=shortcut["accuracy"], auc_covid19_against_rest=shortcut["against_rest"]
        )
        for shortcut in document.get("shortcuts", [])
    }
    return {
        "images": document["used"],
        "manifest": document["manifest_digest"],
        **_known(**measured),
        "shortcuts": shortcuts,
    }


def _known(**estimates: dict[str, Any]) -> dict[str, Any]:
    """The estimates that have a value."""
    return {name: found for name, found in estimates.items() if found["value"] is not None}


def compose(card: WeightsCard, documents: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    """The sections of a card, in order."""
    yield Section("Intended use", INTENDED_USE)
    yield unseen(card)
    yield Section("Network", _network(card))
    yield _data(card)
    for document in documents:
        yield _performance(document)
    if not documents:
        yield Section("Performance", NOT_MEASURED)
    yield _calibration(card)
    yield _guard(card)
    yield Section("Failures", FAILURES)
    yield Section("Limits", LIMITS)
    yield Section("Licence", card.licence or "Not stated: ask before any use.")


def unseen(card: WeightsCard) -> Section:
    """What is to be expected where it was never fitted to; stands before all other figures."""
    title = "What to expect in a hospital that was not seen"
    found = card.metrics.get("unseen")
    if not found:
        return Section(title, NOT_MEASURED)
    text = (
        f"Measured by leaving sources out: {found['how']}. AUC of all unseen COVID-19 against all "
        f"unseen normals {_area(found['auc_covid19_against_normal'])}; where 80 % of unseen "
        f"COVID-19 is PRIORITY, {share(found['normals_in_priority'])} of unseen normals are so too."
    )
    if found["controlled"]:
        text += (
            f" In {', '.join(found['controlled'])} one kind alone was left out; the other is "
            "validation patients of sources that were seen."
        )
    areas = tuple(
        (name.removeprefix("auc_within_"), str(estimate["n"]), _area(estimate))
        for name, estimate in found.items()
        if name.startswith("auc_within_")
    )
    reached = tuple(
        (group, str(estimate["n"]), share(estimate))
        for group, estimate in found["in_priority"].items()
    )
    tables = (
        *rate_tables(card),
        Table("COVID-19 against normal", ("left out", "images", "AUC"), areas),
        Table("In PRIORITY", ("source and label", "images", "share"), reached),
    )
    return Section(title, text, tables)


def rate_tables(card: WeightsCard) -> Iterator[Table]:
    """What reaches each band in sources left out, and what scores mean there; none if unknown."""
    if reached := tuple(rate.cells for rate in rates.rates(card)):
        yield Table(rates.TITLE, rates.HEAD, reached)
    ranges = tuple(
        (
            f"{like.start:.3f} to {like.end:.3f}",
            f"{like.covid19} of {like.share.n}",
            str(like.share),
        )
        for like in rates.ranges(card)
    )
    if ranges:
        yield Table("Films of them by score", ("score", "COVID-19", "share"), ranges)


def _network(card: WeightsCard) -> str:
    labels = ", ".join(LABEL_NAMES.get(label, label) for label in card.labels)
    return (
        f"{card.architecture}, recipe {card.recipe or 'not recorded'}. Input {card.input_size} x "
        f"{card.input_size} pixels. Classes: {labels}. Weights {card.digest}."
    )


def _data(card: WeightsCard) -> Section:
    head = ("source", "training images", "validation images", "licences stated")
    rows = tuple(
        (source, str(of["train"]), str(of["val"]), "; ".join(of["licences"]) or _NOTHING)
        for source, of in card.metrics.get("sources", {}).items()
    )
    tables = (Table("Sources, split by patient", head, rows),) if rows else ()
    text = f"{(card.trained_on or 'Not recorded').rstrip('.')}. {GROUND_TRUTH}"
    return Section("Training data", text, tables)


def _performance(document: Mapping[str, Any]) -> Section:
    used, listed = document["used"], document["listed"]
    text = f"{used} of {listed} listed images could be read. Intervals are 95 %."
    beside = [document["overall"] | {"name": "these weights"}, *document["shortcuts"]]
    tables = [
        Table("By class", ("class", "sensitivity", "PPV", "images"), _class_rows(document)),
        Table("Beside shortcuts that see no lung", _JUDGED, tuple(map(_judged, beside))),
        *(
            Table(f"By {group}", _JUDGED, tuple(map(_judged, document[f"by_{group}"])))
            for group in ("source", "view")
        ),
    ]
    if document["published"]:
        rows = tuple((p["name"], share(p["accuracy"])) for p in document["published"])
        tables.insert(2, Table("Beside published figures", ("network", "accuracy"), rows))
    return Section(f"Performance: {_name(document)}", text, tuple(tables))


_JUDGED = ("", "images", "accuracy", "AUC COVID-19 / rest", "AUC COVID-19 / normal")


def _judged(judgement: Mapping[str, Any]) -> tuple[str, ...]:
    areas = (_area(judgement[key]) for key in ("against_rest", "against_normal"))
    accuracy = judgement["accuracy"]
    return (judgement["name"], str(accuracy["n"]), share(accuracy), *areas)


def _class_rows(document: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            LABEL_NAMES.get(label, label),
            share(found["sensitivity"]),
            share(found["ppv"]),
            str(found["sensitivity"]["n"]),
        )
        for label, found in document["classes"].items()
    )


def _calibration(card: WeightsCard) -> Section:
    validation = card.metrics.get("validation")
    if not validation or not card.thresholds:
        return Section("What a score means", NOT_MEASURED)
    found = validation["calibration"]
    text = (
        f"Logits are divided by {card.temperature:.3f}. On {validation['images']} validation "
        f"images, {validation['target']} of them COVID-19: expected calibration error "
        f"{found['ece']:.3f}, slope {_number(found['slope'])}, intercept "
        f"{_number(found['intercept'])}. Thresholds: {card.threshold_source}."
    )
    head = ("band", "from", "sensitivity", "specificity")
    by_source = tuple(
        (f"{band}, {source}", share(estimate))
        for band, figures_ in validation["bands"].items()
        for source, estimate in figures_["specificity_by_source"].items()
    )
    tables = (
        Table("Bands", head, tuple(band_rows(card))),
        Table("Specificity by source", ("band, source", "specificity"), by_source),
    )
    return Section("What a score means", text, tables)


def band_rows(card: WeightsCard) -> list[tuple[str, ...]]:
    """Each band's threshold with its expected sensitivity and specificity, as text."""
    bands = card.metrics.get("validation", {}).get("bands", {})
    return [
        (band, f"{at['threshold']:.4f}", share(at["sensitivity"]), share(at["specificity"]))
        for band, at in bands.items()
    ]


def _guard(card: WeightsCard) -> Section:
    refused = card.metrics.get("validation", {}).get("refused_by_guard")
    if not refused:
        return Section("Guard", "These weights have none: any picture gets a score.")
    text = (
        f"Refuses pictures unlike frontal chest radiographs of the training: {share(refused)} of "
        "the validation radiographs."
    )
    return Section("Guard", text)


def share(estimate: Mapping[str, Any]) -> str:
    """A proportion with its interval, as "96.2 % (94.5 to 97.5)"; a dash for none."""
    if estimate["value"] is None:
        return _NOTHING
    if estimate["low"] is None:
        return f"{100 * estimate['value']:.1f} % (chosen)"
    value, low, high = (100 * estimate[key] for key in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _area(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return _NOTHING
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _number(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}"


def _markdown(card: WeightsCard, sections: Sequence[Section]) -> str:
    lines = [f"# {card.name} {card.version}", "", f"**{RESEARCH_ONLY}**", ""]
    for section in sections:
        lines += [f"## {section.title}", "", section.text, ""]
        for table in section.tables:
            lines += [f"{table.caption}:", "", *rows_of(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def rows_of(table: Table) -> Iterator[str]:
    """The lines of a table in Markdown, without its caption."""
    for cells in (table.head, ("---",) * len(table.head), *table.rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
