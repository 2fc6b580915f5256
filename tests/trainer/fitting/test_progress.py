"""What is said of the time left holds for the whole of what was asked for."""

import pytest

from trainer import recipe as recipes
from trainer.fitting import progress as module
from trainer.fitting.fit import HEAD_ALONE, works
from trainer.fitting.progress import Progress, spoken


@pytest.fixture
def said(monkeypatch):
    """What is told when a minute passes at every look at the clock."""
    minutes = iter(range(0, 100_000, 61))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(minutes)))
    lines = []
    monkeypatch.setattr(Progress, "say", lambda self, line: lines.append(line))
    return lines


def test_time_left_is_that_of_all_steps(said):
    progress = Progress()
    progress.plan({"small": 100.0, "large": 400.0})
    progress.step("small", epochs=2, batches=50, batch_size=8)
    progress.batch(0, 10, 50, seconds=60.0, fresh=10)  # 6 s a batch, 90 left, 400 more behind them
    assert said[-1].endswith("1.3 images/s, 49 min left of the whole")
    progress.step("large", epochs=1, batches=100, batch_size=8)
    progress.batch(0, 50, 100, seconds=600.0, fresh=50)
    assert said[-1].endswith("10 min left of the whole")


def test_fits_that_follow_count_too(said):
    progress = Progress()
    with progress.followed_by(300.0), progress.followed_by(300.0):
        progress.plan({"whole": 100.0})
        progress.step("whole", epochs=1, batches=100, batch_size=1)
        progress.batch(0, 50, 100, seconds=50.0, fresh=50)  # 50 batches, then six times 100
    assert said[-1].endswith("11 min left of the whole")


def test_without_a_plan_it_is_that_of_the_step(said):
    progress = Progress()
    progress.step("whole", epochs=3, batches=100, batch_size=1)
    progress.batch(1, 50, 100, seconds=50.0, fresh=50)
    assert said[-1].endswith("150 s left of the whole") or said[-1].endswith(
        "2 min left of the whole"
    )


def test_the_rate_finder_is_seen(said):
    progress = Progress()
    for batch in range(1, 101):
        progress.trial("whole", batch, 100)
    assert said == [f"whole: rate finder, batch {n} of 100" for n in (1, 50, 100)]


def test_a_step_costs_its_images_by_their_size():
    recipe = recipes.read(recipes.find("covid_resnet"))
    cost = works(recipe, images=1000)
    first, second, third = recipe.stages
    assert (
        cost[f"{first.name}-head"] == HEAD_ALONE * 1000 * first.frozen_epochs * first.image_size**2
    )
    assert cost[f"{third.name}-whole"] == 1000 * third.epochs * third.image_size**2
    names = list(cost)
    assert names[0].startswith(first.name)
    assert second.name in names[2]


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (119, "2 min"), (7199, "2 h 00 min"), (3900, "65 min")]
)
def test_times_are_said_as_one_says_them(seconds, words):
    assert spoken(seconds) == words
