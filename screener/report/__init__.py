"""The triage report on paper: one PDF from the results folder, without torch or a window.

Reads the store's read model and, for previews, the radiographs themselves; writes one file. It
ranks and scores nothing of its own. Importing this package costs nothing: reportlab is loaded by
the first report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from screener.errors import ConfigurationError
from screener.results.identity import Identify
from screener.study import Band

PAPERS = ("a4", "letter")


def write_report(
    results: Path,
    out: Path,
    *,
    generated_at: datetime,
    top: int | None = None,
    bands: Sequence[Band] = (),
    paper: str = "a4",
    identify: Identify = "full",
) -> Path:
    """Write the triage report of a results folder as a PDF, replacing ``out`` only when complete.

    Args:
        results: a folder made by ``screener scan``.
        out: the PDF to write.
        generated_at: the time printed in the report and its metadata, with a time zone.
        top: rank no more studies than this; all when None.
        bands: rank only these bands and give each of their studies a page; when empty, all bands
            are ranked and PRIORITY has the pages, the first 40 of them unless ``top`` is given.
        paper: ``a4`` or ``letter``.
        identify: at most what of patients is shown; the results may hold less.

    Raises:
        StoreError: there are no results in the folder, or the file cannot be written.
    """
    from screener.report.document import write

    return write(results, out, generated_at, top, tuple(bands), paper, identify)


def publication_time(environment: Mapping[str, str]) -> datetime:
    """SOURCE_DATE_EPOCH where it is set, so that a report can be made again byte for byte; or now.

    Raises:
        ConfigurationError: SOURCE_DATE_EPOCH is not a whole number of seconds.
    """
    epoch = environment.get("SOURCE_DATE_EPOCH", "").strip()
    if not epoch:
        return datetime.now().astimezone()
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError(
            f"SOURCE_DATE_EPOCH is {epoch!r}; set it to whole seconds since 1970, or unset it"
        ) from None
