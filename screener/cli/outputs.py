"""The files that a scan leaves beside the database: worklist and report."""

from __future__ import annotations

import os
from pathlib import Path


def write(results: Path, *, with_report: bool) -> None:
    """Write the worklist, and the report if it is wanted, anew."""
    from screener.report import publication_time, write_report
    from screener.results.export import write_worklist
    from screener.results.files import REPORT
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    with Store.reading(results) as store:
        write_worklist(Worklist(store), results)
    if with_report:
        write_report(results, results / REPORT, generated_at=publication_time(os.environ))
