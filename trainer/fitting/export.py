"""From a run to what the screener loads: the best epoch's network, float16, with its card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from screener.card import WeightsCard
from screener.errors import ConfigurationError
from screener.network.weights import save_weights
from screener.reading import pixels
from trainer.fitting.states import best_of
from trainer.recipe import Recipe
from trainer.run import Run

GRAYSCALE = (
    f"pipeline {pixels.PIPELINE}: modality LUT, VOI, presentation; stretched between the 0.5 and "
    "99.5 percentiles"
)
RESIZE = "squashed to a square, antialiased bilinear, uint8"
LICENCE = (
    "Apache-2.0 for the weights; research use only. The images they were made from have licences "
    "of their own, stated with the training data"
)


def export(run: Run, folder: Path | None = None, *, version: str = "1") -> WeightsCard:
    """Write the best weights of a run as safetensors and card.

    Args:
        run: one that has finished an epoch at least.
        folder: where to; ``weights`` in the run folder unless told otherwise.
        version: of the weights, for the card.

    Raises:
        ConfigurationError: the run has no weights yet.
    """
    recipe, facts, log = run.recipe(), run.facts(), run.log()
    if not run.best_file.is_file():
        raise ConfigurationError(f"{run.folder}: no epoch is finished yet; go on with --resume")
    network, kept = best_of(run)
    kept = kept or next((row for row in reversed(log) if row.get("kept")), {})
    if not {"step", "image_size", "epoch"} <= kept.keys():
        raise ConfigurationError(
            f"{run.log_file}: names no epoch that was kept; go on with --resume"
        )
    backbone = Path(facts["backbone"]).name
    taught = "".join(f", taught by {Path(name).name}" for name in recipe.teachers)
    card = WeightsCard(
        name=recipe.name,
        version=version,
        architecture=recipe.network,
        head=recipe.head,
        input_size=int(kept["image_size"]),
        grayscale=GRAYSCALE,
        resize=RESIZE,
        recipe=f"{recipe.name}, {_how(recipe, len(log), kept)}, backbone {backbone}{taught}",
        trained_on=f"{', '.join(Path(m).name for m in facts['manifests'])} "
        f"({facts['manifest_digest']})",
        metrics={"epochs": len(log)},
        licence=LICENCE,
    )
    return save_weights(folder or run.weights, network, card)


def _how(recipe: Recipe, epochs: int, kept: Mapping[str, object]) -> str:
    """What was fitted and which of its weights are exported."""
    if recipe.soup:
        chosen = recipe.soup.of or [member.name for member in recipe.soup.members]
        return (
            f"the mean of the weights of {len(chosen)} fits ({', '.join(chosen)}), batch norm "
            f"statistics {recipe.soup.norms}"
        )
    why = (
        "the last"
        if recipe.keep == "last"
        else "the best of its image size by the mean recall over the validation split's labels "
        "and sources"
    )
    return (
        f"{epochs} of {recipe.epochs} epochs, seed {recipe.seed}; "
        f"kept: {kept['step']} epoch {kept['epoch']}, {why}"
    )
