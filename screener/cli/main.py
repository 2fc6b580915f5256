"""``screener``: a group of commands, each loaded only when it is asked for."""

from __future__ import annotations

import sys

import click

from screener import __version__, config
from screener.cli.examples import EXAMPLES
from screener.program import LazyGroup, run
from screener.study import RESEARCH_ONLY

COMMANDS = {
    "scan": "Score the studies in folders and rank them.",
    "review": "Go through the worklist in the terminal.",
    "list": "Print the worklist.",
    "show": "Print all that is known of one study.",
    "diff": "Set two results folders, or two weights, beside each other.",
    "explain": "Prove the maps of studies that are scored already.",
    "report": "Write the triage report as a PDF.",
    "export": "Write the results as CSV, JSON, HTML, DICOM, or without patients.",
    "watch": "Scan folders whenever something new in them has settled.",
    "listen": "Take radiographs from a modality, score them, send results to an archive.",
    "send": "Send DICOM objects to an archive.",
    "status": "Say what waits in the spool of a listener.",
    "assess": "Measure at this site what the list is worth, by a blind reading.",
    "forget": "Remove studies from the results.",
    "info": "Say which device, weights and decoders a scan would use.",
    "weights": "List, show and verify weights.",
    "config": "Show every setting and where it comes from.",
    "completion": "Print the completion script of a shell.",
}

UNCONFIGURED = ("config", "completion")
"""Commands that must work with a damaged configuration."""

screener = LazyGroup(
    "screener.cli",
    COMMANDS,
    "Rank folders of chest radiographs by suspicion of COVID-19, so that a person reviews the "
    f"most suspicious first.\n\n{RESEARCH_ONLY}",
    config.defaults,
    UNCONFIGURED,
    EXAMPLES,
)
click.version_option(__version__, package_name="screener")(screener)


def main() -> None:
    """The entry point of ``screener``."""
    sys.exit(run(screener, "screener"))


if __name__ == "__main__":
    main()
