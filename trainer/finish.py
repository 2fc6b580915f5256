"""After the last epoch: export, calibrate, judge on the validation split, write card and page.

The test split is not touched: that is ``trainer evaluate``'s, once for each weights reported.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from screener.card import WeightsCard, load_card
from screener.network.lung_net import LungNet
from screener.network.lungs import Lungs, LungsCard, save_card, save_lungs
from trainer.fitting.curves import plot_curves
from trainer.fitting.export import GRAYSCALE, RESIZE, export
from trainer.fitting.fit import entries_of
from trainer.fitting.lungs.pairs import Pair, read_pairs
from trainer.judging.calibrate import calibrate
from trainer.judging.evaluate import compare, evaluate
from trainer.judging.lungs import figures, held_out, outline
from trainer.pages import card as model_card
from trainer.pages import evaluation as evaluation_page
from trainer.pages import lungs as lungs_page
from trainer.pages.run import write_run_page
from trainer.recipe import Recipe
from trainer.run import Run, fill, load_tensors

LEAST_CONFIDENCE = 0.91
"""Below it no outline of lungs is given; measured with the weights that come with the package."""
_CONFIDENCE_SOURCE = (
    "measured with the weights that come with the screener: of 1,334 adult films of eight "
    "collections 99.6 % reach 0.91, of 20 pictures that are no frontal chest radiograph 2 (CT "
    "slices, which gate and guard refuse), of lateral ones, films cut in half, blanks, noise none"
)


def finish(run: Run) -> WeightsCard:
    """Fill the run folder with weights, evaluation, curves and ``index.html``.

    Raises:
        ConfigurationError: the run has no weights yet, or its manifests are gone.
    """
    entries = entries_of(run)
    export(run)
    calibrate(run.weights, entries)
    evaluation, predictions = evaluate(run.weights, entries, "val")
    comparison = compare(entries, "val")
    evaluation_page.write(run.evaluation, [evaluation], predictions, comparison)
    model_card.write(run.weights, [run.evaluation / "evaluation.json"])
    plot_curves(run.log(), run.folder / "curves.png")
    write_run_page(run, evaluation, comparison)
    return load_card(run.weights)


def finish_lungs(run: Run, version: str = "1") -> LungsCard:
    """Fill the run folder of lungs with weights, Dice on films held out, curves and a page.

    Raises:
        ConfigurationError: the manifests are gone.
    """
    recipe, facts = run.recipe(), run.facts()
    pairs = read_pairs([Path(manifest) for manifest in facts["manifests"]])
    network = LungNet()
    fill(network, load_tensors(run.best_file), run.best_file)
    card = save_lungs(run.weights, network, _lungs_card(run, recipe, pairs, version))
    lungs = Lungs.load(run.weights)
    judged = [
        figures(name, outline(films, lungs))
        for name, films in held_out(pairs, recipe.held_out_sources).items()
    ]
    metrics = {found.name: lungs_page.rounded(found) for found in judged}
    card = replace(card, metrics=card.metrics | metrics)
    save_card(run.weights, card)
    plot_curves(run.log(), run.folder / "curves.png", measures=("valid_dice",))
    lungs_page.write(run, card, judged)
    return card


def _lungs_card(run: Run, recipe: Recipe, pairs: list[Pair], version: str) -> LungsCard:
    facts = run.facts()
    films = facts["films"]
    used = [pair for pair in pairs if pair.source not in recipe.held_out_sources]
    licences = sorted({pair.licence for pair in used if pair.split != "test" and pair.licence})
    return LungsCard(
        name=recipe.name,
        version=version,
        input_size=recipe.input_size,
        grayscale=GRAYSCALE,
        resize=f"{RESIZE}; any square is resized to the input size",
        least_confidence=LEAST_CONFIDENCE,
        confidence_source=_CONFIDENCE_SOURCE,
        recipe=f"{recipe.name}, {recipe.epochs} epochs, seed {recipe.seed}, "
        f"backbone {Path(facts['backbone']).name}; the last epoch is kept",
        trained_on=f"{films['train']} films and masks of {', '.join(_sources(used))}; "
        f"{films['val']} for the curve ({facts['manifest_digest']})",
        licence="Apache-2.0 for the weights; research use only. As the training data states: "
        + "; ".join(licences),
    )


def _sources(pairs: list[Pair]) -> list[str]:
    return sorted({pair.source for pair in pairs})
