"""``trainer unseen``: what a recipe reaches in sources that it was not fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.errors import ConfigurationError
from screener.quantities import AT_ONCE, MANY
from trainer.cli.options import (
    backbone_option,
    data_option,
    device_kind,
    device_option,
    recipe_argument,
    resumable,
    resumed,
    settings_option,
)

if TYPE_CHECKING:
    from trainer.run import Run

SETTLED = ("recipe", "data", "folder", "overrides", "backbone", "groups", "films", "rounds")
"""What a resume cannot honour."""

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("unseen")
@recipe_argument
@data_option
@click.option("--run", "folder", type=_FOLDER, help="A new folder for everything that is made.")
@click.option("--resume", type=_FOLDER, help="Go on with the run in this folder, as it began.")
@settings_option
@backbone_option
@click.option(
    "--leave-out",
    "groups",
    metavar="NAME=SOURCE,...",
    multiple=True,
    help="Sources to leave out together, a fold each time it is given; else each source alone.",
)
@click.option(
    "--films",
    default=0,
    type=click.IntRange(0, MANY.max),
    help="Films an epoch, to make it cheap; 0 for the recipe's own.",
)
@click.option("--rounds", default=1, show_default=True, type=AT_ONCE, help="Seeds of each fold.")
@click.option(
    "--most",
    default=400,
    show_default=True,
    type=click.IntRange(2, 10**6),
    help="Images of each source and label that a fold is judged on.",
)
@device_option
def command(
    recipe: str,
    data: tuple[Path, ...],
    folder: Path | None,
    resume: Path | None,
    overrides: tuple[str, ...],
    backbone: str,
    groups: tuple[str, ...],
    films: int,
    rounds: int,
    most: int,
    device: str,
) -> None:
    """Fit RECIPE once for each group of sources left out, and judge it on what it has not seen.

    Recipes, epochs, ingredients and thresholds are chosen by this, never by validation from sources
    that were seen. Members of a soup are judged alone, averaged, and averaged greedily. Images of
    split 'test' are never looked at.
    """
    run = resumed(resume, SETTLED, "unseen") if resume else None
    kind = device_kind(device)
    run = run or _new(recipe, data, folder, overrides, backbone, groups, films, rounds)
    with resumable(run):
        _judge(run, kind, most)


def _judge(run: Run, device: str, most: int) -> None:
    from trainer.fitting.progress import Progress
    from trainer.judging import leave_out
    from trainer.judging.unseen import CALIBRATED, SCORES_FILE, folds_of, write_scores
    from trainer.manifest import read_manifests
    from trainer.pages import unseen as page

    facts = run.facts()
    folds = folds_of(read_manifests(map(Path, facts["manifests"])), facts["groups"])
    runs = leave_out.fold_runs(run, folds, facts["films"], facts["rounds"])
    with Progress() as progress:
        leave_out.fit_folds(runs, progress, device)
    console.note("scoring what was not seen")
    scored = leave_out.score(runs, most)
    write_scores(run.folder / SCORES_FILE, scored)
    found = leave_out.all_figures(scored)
    said = {key: facts[key] for key in ("films", "rounds", "backbone")}
    said |= {"most": most, CALIBRATED: True}
    text = run.recipe_file.read_text(encoding="utf-8")
    path = page.write(run.folder, text, folds, found, said)
    for head, rows in (page.areas(found), page.shares(found)):
        for row in (head, *rows):
            click.echo("\t".join(row))
    console.note(f"{path}: everything on one page")


def _new(
    recipe: str,
    data: tuple[Path, ...],
    folder: Path | None,
    overrides: tuple[str, ...],
    backbone: str,
    groups: tuple[str, ...],
    films: int,
    rounds: int,
) -> Run:
    from trainer.cli.validate import checked
    from trainer.fitting.backbones import check
    from trainer.fitting.distil import settled
    from trainer.judging.leave_out import taught
    from trainer.judging.unseen import folds_of
    from trainer.manifest import read_manifests
    from trainer.run import Run

    if not data or folder is None:
        raise ConfigurationError("give --data MANIFEST and --run FOLDER, or --resume FOLDER")
    chosen = checked(recipe, overrides, data)
    for fold in folds_of(read_manifests(data), groups):
        settled(taught(chosen, fold))
    run = Run(folder)
    run.refuse_second()
    check(chosen.network, backbone)
    facts = {"manifests": [str(path.resolve()) for path in data], "backbone": backbone}
    plan = {"lr": "paper", "groups": list(groups), "films": films, "rounds": rounds}
    run.start(chosen, facts | plan)
    return run
