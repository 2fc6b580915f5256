"""``trainer``: a group of commands, each loaded only when it is asked for."""

from __future__ import annotations

import sys

import click

from screener import __version__
from screener.program import LazyGroup, run
from screener.study import RESEARCH_ONLY
from trainer.cli.examples import EXAMPLES

COMMANDS = {
    "fit": "Rebuild the weights by a staged recipe, resumably.",
    "unseen": "Judge a recipe on sources that it was not fitted to.",
    "lr-find": "Run the learning rate finder for one step of a recipe.",
    "compare": "Set several runs beside each other on one page.",
    "recipes": "List the recipes that come with the trainer, or print one.",
    "validate": "Check a recipe and manifests; all errors at once.",
    "prepare": "Make a manifest from the public collections' own layouts.",
    "export": "Write a run's best weights as the screener loads them.",
    "calibrate": "Set temperature, thresholds and guard on the validation split.",
    "evaluate": "Judge weights on labelled images, with intervals.",
    "audit": "Look for shortcuts, leaks and duplicates in a dataset.",
    "card": "Write the model card from measured figures.",
}

trainer = LazyGroup(
    "trainer.cli",
    COMMANDS,
    f"Build and judge the weights that the screener uses.\n\n{RESEARCH_ONLY}",
    examples=EXAMPLES,
)
click.version_option(__version__, package_name="trainer")(trainer)


def main() -> None:
    """The entry point of ``trainer``."""
    sys.exit(run(trainer, "trainer"))


if __name__ == "__main__":
    main()
