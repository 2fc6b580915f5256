"""The triage report as one accessible HTML file: the twin of the PDF, with the same content.

Semantic headings, table headers, texts for every picture, no scripts, and nothing fetched: it opens
offline, and its content policy forbids anything else. Written as it is read, a study at a time.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from html import escape
from pathlib import Path

from screener.export import atomically
from screener.records import Identify
from screener.report import figures, wording
from screener.report.content import SECTIONS, TARGET, Report, highest, opened
from screener.report.preview import NoPreview, preview
from screener.study import LABEL_NAMES, LABELS, RESEARCH_ONLY, Band, Refusal
from screener.text import visible
from screener.worklist import Filter, RadiographRow, StudyDetail, StudyRow

STYLE = Path(__file__).parent / "report" / "report.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
BINS = 20


def write_html(
    results: Path,
    out: Path,
    *,
    generated_at: datetime,
    top: int | None = None,
    bands: Sequence[Band] = (),
    identify: Identify = "full",
) -> Path:
    """Write the report as HTML; see :func:`screener.report.write_report` for the arguments.

    Raises:
        StoreError: there are no results in the folder, or the file cannot be written.
    """
    with (
        opened(results, generated_at, top, tuple(bands), identify) as report,
        atomically(out) as stream,
    ):
        for part in page(report):
            stream.write(part.encode("utf-8", "backslashreplace") + b"\n")
    return out


def page(report: Report) -> Iterator[str]:
    """The whole document in parts."""
    yield from _head(report)
    yield from _summary(report)
    yield from _not_scored(report)
    yield from _ranking(report)
    yield from _studies(report)
    yield from _method(report)
    yield from _files(report)
    yield "</main>"
    yield f'<footer class="warning">{escape(RESEARCH_ONLY)}</footer>'
    yield "</body>\n</html>"


def _text(text: str) -> str:
    """Somebody's text: its lines kept, control characters shown, its direction its own."""
    return "\n".join(escape(visible(line)) for line in text.splitlines())


def _name(text: str) -> str:
    return f"<bdi>{_text(text)}</bdi>"


def _head(report: Report) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{wording.TITLE}, {_text(report.source)}</title>"
    yield f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#not-scored">Skip to the files without a score</a>\n<main>'


def _heading(key: str) -> str:
    return f'<section aria-labelledby="{key}">\n<h2 id="{key}">{SECTIONS[key]}</h2>'


def _box(title: str, text: str) -> str:
    return f'<div class="box"><strong>{escape(title)}</strong><p>{escape(text)}</p></div>'


def _terms(terms: Iterable[tuple[str, str]], kind: str = "terms") -> str:
    inside = "".join(f"<dt>{escape(name)}</dt><dd>{_text(text)}</dd>" for name, text in terms)
    return f'<dl class="{kind}">{inside}</dl>'


def _band(band: Band) -> str:
    glyph = f'<span aria-hidden="true">{band.glyph}</span>'
    return f'<span class="band {band.value}">{glyph} {band.value}</span>'


def _table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: str = ""
) -> Iterator[str]:
    """A table whose first cell of each row is its header.

    Args:
        caption: what it holds.
        columns: titles.
        rows: cells as HTML.
        numbers: a letter a column; "n" for numbers, "k" for words kept on one line.
    """
    kinds = [
        {"n": ' class="number"', "k": ' class="keep"'}.get(letter, "")
        for letter in numbers.ljust(len(columns))
    ]
    yield '<div class="wide" tabindex="0" role="group" aria-label="' + escape(caption) + '">'
    yield f"<table><caption>{escape(caption)}</caption><thead><tr>"
    yield "".join(
        f'<th scope="col"{kind}>{escape(title)}</th>'
        for title, kind in zip(columns, kinds, strict=True)
    )
    yield "</tr></thead><tbody>"
    for first, *rest in rows:
        cells = "".join(
            f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True)
        )
        yield f'<tr><th scope="row"{kinds[0]}>{first}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _summary(report: Report) -> Iterator[str]:
    counts = report.worklist.counts()
    yield f'<header><p class="label">{escape(wording.SOFTWARE)}</p>'
    yield f'<h1 id="summary">{wording.TITLE}</h1>'
    yield f"<p>{escape(wording.SUBTITLE)}</p></header>"
    yield _box(wording.WARNING_TITLE, wording.WARNING)
    identify = report.worklist.identify
    yield _terms(wording.title_facts(report.run, report.card, identify, report.generated_at))
    yield '<h2 id="outcomes">What became of the files</h2>\n<ul class="flow">'
    for name, count, meaning in wording.flow(counts):
        yield f'<li><span class="figure">{count:,}</span><strong>{name}</strong>'
        yield f'<span class="small">{escape(meaning)}</span></li>'
    yield f'</ul>\n<p class="small">{escape(wording.skipped(counts))}</p>\n<div class="charts">'
    rows = (
        (
            _band(band),
            f"{count:,}",
            wording.percent(count, counts.studies),
            _bar(band.value, count, counts.studies),
        )
        for band, count in counts.by_band.items()
    )
    caption = f"{wording.plural(counts.studies, 'study', 'studies')} by band"
    yield "<div>"
    yield from _table(caption, ("Band", "Studies", "Share", "Bar"), rows, "knn")
    yield f'<p class="small">{escape(wording.reviewed(counts))}</p></div>'
    yield from _histogram(report.worklist.histogram(BINS), report.card.thresholds)
    yield '</div>\n<nav aria-label="Contents"><ul>'
    for key in list(SECTIONS)[1:]:
        yield f'<li><a href="#{key}">{SECTIONS[key]}</a></li>'
    yield "</ul></nav>"


def _bar(kind: str, part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect width="{share:.1f}" height="8" fill="currentColor"/></svg>'
    )


def _histogram(bins: Sequence[int], thresholds: dict[str, float]) -> Iterator[str]:
    """The distribution of scores as a picture, with its numbers in words."""
    most = max(*bins, 1)
    limits = ", ".join(f"{band} from {least:.2f}" for band, least in thresholds.items())
    spans = "; ".join(
        f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}: {count}"
        for number, count in enumerate(bins)
        if count
    )
    yield '<figure><svg viewBox="0 0 320 150" role="img" aria-labelledby="spread spread-numbers">'
    yield '<title id="spread">Distribution of the scores</title>'
    yield f'<desc id="spread-numbers">Studies by suspicion score. {spans}. {limits}.</desc>'
    for number, count in enumerate(bins):
        band, height = Band.of((number + 0.5) / BINS, thresholds), 100 * count / most
        yield (
            f'<rect class="{band.value}" fill="currentColor" x="{10 + 15 * number}" width="14" '
            f'y="{125 - height:.1f}" height="{height:.1f}"/>'
        )
    for least in thresholds.values():
        x = 10 + 300 * least
        yield f'<path d="M{x:.1f} 15V125" stroke="#17202a" stroke-dasharray="2 2"/>'
    yield '<path d="M10 125H310" stroke="#17202a"/>'
    for tick in range(0, 11, 2):
        yield f'<text x="{10 + 30 * tick}" y="138" text-anchor="middle">{tick / 10:.1f}</text>'
    words = f"Studies in each {1 / BINS:.2f} of the suspicion score; {limits}."
    yield f"</svg><figcaption>{escape(words)}</figcaption></figure>"


def _not_scored(report: Report) -> Iterator[str]:
    counts = report.worklist.counts()
    refused = counts.found - counts.scored
    yield _heading("not-scored")
    if not refused:
        yield f"<p>{escape(wording.NOT_SCORED_NONE)}</p></section>"
        return
    yield f"<p>{escape(wording.not_scored(refused, counts.found))}</p>"
    zone = report.generated_at.tzinfo
    if counts.by_band[Band.UNSCORED]:
        rows = (
            (
                f"{_name(row.patient)}<code>{_text(row.key)}</code>",
                wording.moment(row.taken_at),
                f"{row.refused}",
                _text(wording.review_line(row, zone))
                + f'<div class="comment">{_text(row.comment)}</div>',
            )
            for row in report.worklist.rows(Filter(bands=(Band.UNSCORED,)))
        )
        columns = ("Patient", "Taken", "Files", "Review")
        yield from _table("Studies without a score", columns, rows, " kn")
    files = (
        (
            wording.OUTCOME_NAMES[refusal.outcome],
            f"{_name(str(refusal.path))}<code>{refusal.digest}</code>",
            _text(refusal.reason),
        )
        for refusal in report.worklist.refusals()
    )
    yield from _table("Files without a score", ("Outcome", "File", "Reason"), files, "k")
    yield "</section>"


def _ranking(report: Report) -> Iterator[str]:
    yield _heading("ranking")
    if warning := report.worklist.alarm():
        yield _box(wording.ALARM_TITLE, wording.sentence(warning))
    yield f"<p>{escape(report.selection())}</p>"
    columns = (
        "Rank", "Band", "Score", "Patient", "Taken", "Age, sex", "Views", "Likeliest class",
        "Review",
    )  # fmt: skip
    rows = (_ranking_row(report, row) for row in report.ranked())
    yield from _table("Studies in the order of review", columns, rows, "nknnk")
    yield "</section>"


def _ranking_row(report: Report, row: StudyRow) -> tuple[str, ...]:
    name = _name(row.patient)
    if report.details(row):
        name = f'<a href="#study-{row.rank}">{name}</a>'
    marks = "".join(f'<div class="small">{escape(mark)}</div>' for mark in row.marks)
    return (
        f'<span id="rank-{row.rank}">{row.rank}</span>',
        _band(row.band),
        f"{row.score:.3f}",
        name,
        f"{row.taken_at:%Y-%m-%d}" if row.taken_at else "–",
        f"{wording.age(row.age)} {escape(row.sex)}",
        wording.views(row.projections),
        f"{LABEL_NAMES.get(row.label or '', '–')}{marks}",
        escape(wording.verdict(row)),
    )


def _studies(report: Report) -> Iterator[str]:
    yield _heading("studies")
    number = 0
    for number, row in enumerate(report.detailed(), start=1):  # noqa: B007 (counted below)
        yield from _study(report.worklist.study(row.key), report.generated_at.tzinfo)
    if not number:
        yield f"<p>{escape(wording.NO_STUDIES)}</p>"
    yield "</section>"


def _study(detail: StudyDetail, zone: tzinfo | None) -> Iterator[str]:
    row = detail.row
    anchor = f"study-{row.rank}"
    yield f'<article aria-labelledby="{anchor}"><header><div>'
    yield f'<span class="label">Rank {row.rank}</span> {_band(row.band)}'
    yield f'<h3 id="{anchor}">{_name(row.patient)}</h3></div>'
    label = f'<span class="label">{wording.SCORE}</span>'
    yield f'<p class="score">{label}<br>{row.score:.3f}</p></header>'
    yield _terms(wording.study_facts(row), "facts")
    yield '<div class="pictures">'
    shown = highest(detail.radiographs)
    yield from _pictures(shown)
    yield "<div><dl>"
    for label, share in zip(LABELS, shown.probabilities, strict=True):
        yield f"<dt>{LABEL_NAMES[label]}</dt><dd>{share:.3f}{_bar('share', share, 1)}</dd>"
    yield "</dl>"
    if row.marks:
        marks = "".join(f"<li>{escape(mark)}</li>" for mark in row.marks)
        yield f'<p class="label">Marks</p><ul class="marks">{marks}</ul>'
    yield "</div></div>"
    files: list[RadiographRow | Refusal] = [*detail.radiographs, *detail.refusals]
    columns = ("Radiograph", "View", "Score", "Pixels", "Remarks")
    yield from _table(f"Files of rank {row.rank}", columns, map(_file, files), "  nn")
    yield f'<p><span class="label">Review</span> <b>{_text(wording.review_line(row, zone))}</b></p>'
    if row.comment:
        yield f'<p class="comment" dir="auto">{_text(row.comment)}</p>'
    yield f'<p class="small"><a href="#rank-{row.rank}">Back to rank {row.rank}</a></p></article>'


def _pictures(shown: RadiographRow) -> Iterator[str]:
    pictures = preview(shown)
    name = f"{shown.projection.value} · {_name(shown.path.name)}"
    if isinstance(pictures, NoPreview):
        yield f'<p class="missing">No preview: {escape(pictures.reason)}.</p>'
        yield f'<p class="small">{name}</p>'
        return
    alt = escape(f"Radiograph {visible(shown.path.name)}, view {shown.projection.value}")
    yield f'<figure><img alt="{alt}" src="{_data(pictures.plain)}">'
    yield f"<figcaption>{wording.PREVIEW} · {name}</figcaption></figure>"
    if pictures.heat is None or shown.activation is None:
        yield f'<p class="missing">{escape(wording.NO_MAP)}</p>'
        return
    where = wording.strongest(shown.activation)
    alt = f"The same radiograph under its activation map for COVID-19, strongest in the {where}"
    yield f'<figure><img alt="{alt}" src="{_data(pictures.heat)}">'
    caption = f"Colours from none to this image’s maximum. {wording.HEAT_CAPTION}"
    yield f'<div class="scale" aria-hidden="true"></div><figcaption>{escape(caption)}'
    yield "</figcaption></figure>"


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"


def _file(file: RadiographRow | Refusal) -> tuple[str, ...]:
    name = _name(file.path.name)
    if isinstance(file, Refusal):
        reason = f"{wording.OUTCOME_NAMES[file.outcome]}: {_text(file.reason)}"
        return name, "–", "–", "–", reason
    score = f"{file.probabilities[TARGET]:.3f}"
    pixels = f"{file.columns} × {file.rows}"
    return name, file.projection.value, score, pixels, escape(wording.remarks(file))


def _method(report: Report) -> Iterator[str]:
    yield _heading("method")
    yield f"<h3>Intended use</h3><p>{escape(wording.INTENDED_USE)}</p>"
    yield f"<h3>Known limits</h3>{_terms(wording.KNOWN_LIMITS)}"
    yield f"<h3>From a file to its place</h3>{_terms(wording.method(report.card))}"
    yield "<h3>Measured performance of these weights</h3>"
    measured = list(figures.figures(report.card))
    if not measured:
        yield f"<p>{escape(wording.NO_FIGURES)}</p></section>"
        return
    yield f"<p>{escape(wording.FIGURES)}</p>"
    if found := figures.reliability(report.card):
        yield f"<p>{escape(found.reading)}</p>"
        groups = zip(found.said, found.came, found.cases, strict=True)
        yield from _table(
            "Reliability on the validation images",
            ("Mean score", "Share of COVID-19", "Images"),
            ((f"{said:.3f}", f"{came:.3f}", f"{cases:,}") for said, came, cases in groups),
            "nnn",
        )
    yield from _table(
        "Measured figures",
        ("Figure", "Measured on", "Value", "95 % interval", "Images"),
        ((escape(f.name), escape(f.measured_on), f.value, f.interval, f.images) for f in measured),
        "  nnn",
    )
    yield "</section>"


def _files(report: Report) -> Iterator[str]:
    yield _heading("files")
    yield f"<p>{escape(wording.FILES)}</p>"
    rows = (
        (
            str(row.rank),
            f"{_name(str(file.path))}<code>{file.digest}</code>",
            file.projection.value,
            f"{file.columns} × {file.rows}",
            escape(wording.form(file)),
        )
        for row in report.ranked()
        for file in report.worklist.radiographs(row.key)
    )
    columns = ("Rank", "File and its SHA-256", "View", "Pixels", "Form")
    yield from _table("Scored files", columns, rows, "n  n")
    yield "</section>"
