"""The triage report as one accessible HTML file: the twin of the PDF, with the same content.

Semantic headings, table headers, texts for every picture, and nothing fetched: it opens offline,
and its content policy forbids anything else. One small script sorts and filters; without it the
page reads the same. Written as it is read, a study at a time.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from hashlib import sha256
from html import escape
from pathlib import Path

from screener import rates
from screener.card import WeightsCard
from screener.report import figures, limits, markup, wording
from screener.report.content import SECTIONS, Report, opened
from screener.results.files import atomically
from screener.results.identity import Identify
from screener.results.worklist import Filter, RadiographRow, StudyDetail, StudyRow
from screener.study import LABEL_NAMES, LABELS, RESEARCH_ONLY, Band, Refusal, suspicion
from screener.text import plural

STYLE = Path(__file__).with_name("report.css")
SCRIPT = Path(__file__).with_name("report.js")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'"
"""Nothing is loaded, and no script runs but the report's own."""


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
    yield from _other(report)
    yield from _method(report)
    yield from _files(report)
    yield "</main>"
    yield f'<footer class="warning">{escape(RESEARCH_ONLY)}</footer>'
    yield "</body>\n</html>"


def _head(report: Report) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    script = f"\n{SCRIPT.read_text(encoding='utf-8')}"
    mark = b64encode(sha256(script.encode()).digest()).decode("ascii")
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(mark)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{wording.TITLE}, {markup.safe(report.source)}</title>"
    yield f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>"
    yield f'<script type="module">{script}</script>\n</head>\n<body>'
    yield '<a class="skip" href="#not-scored">Skip to the files without a score</a>\n<main>'


def _heading(key: str) -> str:
    return f'<section aria-labelledby="{key}">\n<h2 id="{key}">{SECTIONS[key]}</h2>'


def _summary(report: Report) -> Iterator[str]:
    counts = report.worklist.counts()
    yield f'<header><p class="label">{escape(wording.SOFTWARE)}</p>'
    yield f'<h1 id="summary">{wording.TITLE}</h1>'
    yield f"<p>{escape(wording.SUBTITLE)}</p></header>"
    yield markup.box(wording.WARNING_TITLE, wording.WARNING)
    identify = report.worklist.identify
    yield markup.terms(wording.title_facts(report.run, report.card, identify, report.generated_at))
    yield '<h2 id="outcomes">What became of the files</h2>\n<ul class="flow">'
    for name, count, meaning in wording.flow(counts):
        yield f'<li><span class="figure">{count:,}</span><strong>{name}</strong>'
        yield f'<span class="small">{escape(meaning)}</span></li>'
    yield f'</ul>\n<p class="small">{escape(wording.skipped(counts))}</p>\n<div class="charts">'
    rows = (
        (
            markup.banded(band),
            f"{count:,}",
            wording.percent(count, counts.studies),
            markup.bar(band.value, count, counts.studies),
        )
        for band, count in wording.bands(counts).items()
    )
    caption = f"{plural(counts.studies, 'study', 'studies')} by band"
    yield "<div>"
    yield from markup.table(caption, ("Band", "Studies", "Share", "Bar"), rows, "knn")
    yield f'<p class="small">{escape(wording.reviewed(counts))}</p></div>'
    yield from markup.histogram(report.worklist.histogram(markup.BINS), report.card.thresholds)
    yield '</div>\n<nav aria-label="Contents"><ul>'
    for key in list(SECTIONS)[1:]:
        if key == "other" and not counts.other:
            continue
        yield f'<li><a href="#{key}">{SECTIONS[key]}</a></li>'
    yield "</ul></nav>"


def _not_scored(report: Report) -> Iterator[str]:
    counts = report.worklist.counts()
    yield _heading("not-scored")
    if not counts.unscored and not counts.waiting:
        yield f"<p>{escape(wording.NOT_SCORED_NONE)}</p></section>"
        return
    if counts.unscored:
        yield f"<p>{escape(wording.not_scored(counts.unscored, counts.found))}</p>"
    zone = report.generated_at.tzinfo
    if counts.by_band[Band.UNSCORED]:
        rows = (
            (
                f"{markup.named(wording.patient(row))}<code>{markup.safe(row.key)}</code>",
                wording.moment(row.taken_at),
                markup.safe(row.reason),
                markup.safe(wording.review_line(row, zone))
                + f'<div class="comment">{markup.safe(row.comment)}</div>',
            )
            for row in report.worklist.rows(Filter(bands=(Band.UNSCORED,)))
        )
        columns = ("Patient or file", "Taken", "Reason", "Review")
        yield from markup.table("Studies without a score", columns, rows, " k")
    if counts.unscored:
        yield from _without_score("Files without a score", report.worklist.unscored())
    if counts.waiting:
        yield f"<p>{escape(wording.waiting(counts))}</p>"
        yield from _without_score("Files not scored yet", report.worklist.waiting())
    yield "</section>"


def _other(report: Report) -> Iterator[str]:
    counts = report.worklist.counts()
    if not counts.other:
        return
    yield _heading("other")
    yield f"<p>{escape(wording.other(counts))}</p>"
    yield from _without_score(SECTIONS["other"], report.worklist.other())
    yield "</section>"


def _without_score(caption: str, files: Iterable[Refusal]) -> Iterator[str]:
    rows = (
        (
            wording.OUTCOME_NAMES[refusal.outcome],
            f"{markup.named(str(refusal.path))}<code>{refusal.digest}</code>",
            markup.safe(refusal.reason),
        )
        for refusal in files
    )
    yield from markup.table(caption, ("Outcome", "File", "Reason"), rows, "k")


def _ranking(report: Report) -> Iterator[str]:
    yield _heading("ranking")
    if warning := report.worklist.alarm():
        yield markup.box(wording.ALARM_TITLE, wording.sentence(warning))
    yield from _rates(report)
    yield f"<p>{escape(report.selection())}</p>"
    columns = (
        "Rank", "Band", "Score", "Patient or file", "Taken", "Age, sex", "Views", "Likeliest class",
        "Review",
    )  # fmt: skip
    rows = (_ranking_row(report, row) for row in report.ranked())
    yield from markup.table("Studies in the order of review", columns, rows, "nkn k")
    yield "</section>"


def _rates(report: Report) -> Iterator[str]:
    """What a place in the list was worth elsewhere: before the list and before any accuracy."""
    if found := rates.rates(report.card):
        cells = (tuple(map(escape, rate.cells)) for rate in found)
        yield from markup.table(rates.TITLE, rates.HEAD, cells, " nnn")
        yield f'<p class="small">{escape(rates.SAID)}</p>'


def _ranking_row(report: Report, row: StudyRow) -> tuple[str, ...]:
    name = markup.named(wording.patient(row))
    if report.details(row):
        name = f'<a href="#study-{row.rank}">{name}</a>'
    marks = "".join(f'<div class="small">{escape(mark)}</div>' for mark in row.marks)
    return (
        f'<span id="rank-{row.rank}">{row.rank}</span>',
        markup.banded(row.band),
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
    if words := report.pages():
        yield f"<p>{escape(words)}</p>"
    yield markup.lines_legend()
    empty = True
    for row in report.detailed():
        empty = False
        yield from _study(report.worklist.study(row.key), report.generated_at.tzinfo)
    if empty:
        yield f"<p>{escape(wording.NO_STUDIES)}</p>"
    yield "</section>"


def _study(detail: StudyDetail, zone: tzinfo | None) -> Iterator[str]:
    row = detail.row
    anchor = f"study-{row.rank}"
    yield f'<article aria-labelledby="{anchor}"><header><div>'
    yield f'<span class="label">Rank {row.rank}</span> {markup.banded(row.band)}'
    yield f'<h3 id="{anchor}">{markup.named(wording.patient(row))}</h3></div>'
    label = f'<span class="label">{wording.SCORE}</span>'
    yield f'<p class="score">{label}<br>{row.score:.3f}</p></header>'
    if detail.alike:
        yield f"<p>{escape(str(detail.alike))}</p>"
    yield markup.terms(wording.study_facts(row), "facts")
    yield '<div class="pictures">'
    shown = detail.deciding
    yield from markup.shown(shown)
    yield "<div><dl>"
    for label, share in zip(LABELS, shown.probabilities, strict=True):
        yield f"<dt>{LABEL_NAMES[label]}</dt><dd>{share:.3f}{markup.bar('share', share, 1)}</dd>"
    yield "</dl>"
    if row.marks:
        marks = "".join(f"<li>{escape(mark)}</li>" for mark in row.marks)
        yield f'<p class="label">Marks</p><ul class="marks">{marks}</ul>'
    yield "</div></div>"
    files: list[RadiographRow | Refusal] = [*detail.radiographs, *detail.refusals]
    files += detail.waiting
    columns = ("Radiograph", "View", "Score", "Pixels", "Remarks")
    yield from markup.table(f"Files of rank {row.rank}", columns, map(_file, files), "  nn")
    said = markup.safe(wording.review_line(row, zone))
    yield f'<p><span class="label">Review</span> <b>{said}</b></p>'
    for words in (row.comment, *wording.other_opinions(detail, zone)):
        if words:
            yield f'<p class="comment" dir="auto">{markup.safe(words)}</p>'
    yield f'<p class="small"><a href="#rank-{row.rank}">Back to rank {row.rank}</a></p></article>'


def _file(file: RadiographRow | Refusal) -> tuple[str, ...]:
    name = markup.named(file.path.name)
    if isinstance(file, Refusal):
        reason = f"{wording.OUTCOME_NAMES[file.outcome]}: {markup.safe(file.reason)}"
        return name, "–", "–", "–", reason
    score = f"{suspicion(file.probabilities):.3f}"
    pixels = f"{file.columns} × {file.rows}"
    return name, file.projection.value, score, pixels, escape(wording.remarks(file))


def _method(report: Report) -> Iterator[str]:
    yield _heading("method")
    yield f"<h3>Intended use</h3><p>{escape(limits.INTENDED_USE)}</p>"
    yield f"<h3>Known limits</h3>{markup.terms(limits.KNOWN_LIMITS)}"
    yield f"<h3>From a file to its place</h3>{markup.terms(wording.method(report.card))}"
    yield "<h3>Measured performance of these weights</h3>"
    measured = list(figures.figures(report.card))
    if not measured:
        yield f"<p>{escape(wording.NO_FIGURES)}</p></section>"
        return
    yield f"<p>{escape(wording.FIGURES)}</p>"
    if found := figures.reliability(report.card):
        yield f"<p>{escape(found.reading)}</p>"
        groups = zip(found.said, found.came, found.cases, strict=True)
        yield from markup.table(
            "Reliability on the validation images",
            ("Mean score", "Share of COVID-19", "Images"),
            ((f"{said:.3f}", f"{came:.3f}", f"{cases:,}") for said, came, cases in groups),
            "nnn",
        )
    yield from _compared(report.card)
    yield "<details><summary>Every figure of the card</summary>"
    yield from markup.table(
        "Measured figures",
        ("Figure", "Measured on", "Value", "95 % interval", "Images"),
        ((escape(f.name), escape(f.measured_on), f.value, f.interval, f.images) for f in measured),
        "  nnn",
    )
    yield "</details></section>"


def _compared(card: WeightsCard) -> Iterator[str]:
    """The two small tables that a reader needs."""
    if unseen := figures.unseen(card):
        found = ((escape(f.name), f.value, f.interval, f.images) for f in unseen)
        columns = ("Figure", "Value", "95 % interval", "Images")
        yield from markup.table(wording.UNSEEN, columns, found, " nnn")
    if seen := list(figures.seen(card)):
        heads = ("Set of images", "Images", *figures.COMPARED.values())
        rows = (
            (("– " if one.is_shortcut else "") + escape(one.name), one.images, *one.values)
            for one in seen
        )
        yield from markup.table(wording.SEEN, heads, rows, " nnnn")
        yield f'<p class="small">{escape(wording.SHORTCUTS)}</p>'


def _files(report: Report) -> Iterator[str]:
    yield _heading("files")
    yield f"<p>{escape(wording.FILES)}</p>"
    rows = (
        (
            str(row.rank),
            f"{markup.named(str(file.path))}<code>{file.digest}</code>",
            file.projection.value,
            f"{file.columns} × {file.rows}",
            escape(wording.form(file)),
        )
        for row in report.ranked()
        for file in report.worklist.radiographs(row.key)
    )
    columns = ("Rank", "File and its SHA-256", "View", "Pixels", "Form")
    yield from markup.table("Scored files", columns, rows, "n  n")
    yield "</section>"
