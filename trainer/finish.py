"""After the last epoch: export, calibrate, judge on the validation split, write card and page.

The test split is not touched: that is ``trainer evaluate``'s, once for each weights reported.
"""

from __future__ import annotations

from pathlib import Path

from screener.card import WeightsCard, load_card
from trainer.fitting.curves import plot_curves
from trainer.fitting.export import export
from trainer.judging.calibrate import calibrate
from trainer.judging.evaluate import compare, evaluate
from trainer.manifest import read_manifests, with_validation
from trainer.pages import card as model_card
from trainer.pages import evaluation as evaluation_page
from trainer.pages.run import write_run_page
from trainer.run import Run


def finish(run: Run) -> WeightsCard:
    """Fill the run folder with weights, evaluation, curves and ``index.html``.

    Raises:
        ConfigurationError: the run has no weights yet, or its manifests are gone.
    """
    recipe, facts = run.recipe(), run.facts()
    manifests = [Path(manifest) for manifest in facts["manifests"]]
    export(run)
    calibrate(run.weights, manifests, fraction=recipe.validation_fraction, seed=recipe.seed)
    entries = with_validation(read_manifests(manifests), recipe.validation_fraction, recipe.seed)
    evaluation, predictions = evaluate(run.weights, entries, "val")
    comparison = compare(entries, "val")
    evaluation_page.write(run.evaluation, [evaluation], predictions, comparison)
    model_card.write(run.weights, [run.evaluation / "evaluation.json"])
    plot_curves(run.log(), run.folder / "curves.png")
    write_run_page(run, evaluation, comparison)
    return load_card(run.weights)
