"""Verdicts with reasons, where they lead, and two reviewers who do not see each other."""

from sample_data.results import NOW
from screener.results.store import Store
from screener.study import Review, Verdict
from screener.tui.kept import Kept
from screener.tui.reasons import ReasonDialog
from tests.tui.conftest import settled, text_of, told


async def press(pilot, *keys):
    await pilot.press(*keys)
    await settled(pilot)


def scored(app):
    return [row.key for row in app.sitting.rows(0, 40) if row.score is not None]


async def test_a_verdict_leads_to_the_next_study_without_one(open_review):
    async with open_review(advance=True) as (app, pilot):
        keys = scored(app)
        app.screen.go_to(keys[0])
        await press(pilot, "a")
        first = app.sitting.worklist.study(keys[0]).row
        assert first.verdict is Verdict.AGREE
        assert app.screen.current.key == app.sitting.next_unreviewed(keys[0]) != keys[0]
        await press(pilot, "z")
        assert app.screen.current.key == keys[0]


async def test_it_stays_where_that_is_wanted(open_review):
    async with open_review() as (app, pilot):
        key = scored(app)[0]
        app.screen.go_to(key)
        await press(pilot, "a")
        assert app.screen.current.key == key


async def test_an_opened_study_is_followed_by_the_next(open_review):
    async with open_review(advance=True) as (app, pilot):
        key = next(row.key for row in app.sitting.rows(0, 40) if not row.verdict and row.score)
        app.open_study(key)
        await settled(pilot)
        await press(pilot, "d", "2", "0")
        assert app.screen.current.key != key
        row = app.sitting.study(key).row
        assert (row.verdict, row.verdict_reason) == (Verdict.DISAGREE, "")


async def test_a_disagreement_has_a_reason_from_the_list(open_review, stored):
    async with open_review() as (app, pilot):
        key = next(row.key for row in app.sitting.rows(0, 40) if row.label == "covid19")
        app.open_study(key)
        await settled(pilot)
        await press(pilot, "d", "1")
        assert isinstance(app.screen, ReasonDialog)
        await press(pilot, "2")
        usual = Kept.reasons().lines()
        assert f"because: {usual[1]}" in text_of(app)
    last = stored.study(key).reviews[-1]
    assert (last.verdict, last.label, last.reason) == ("disagree", "normal", usual[1])
    assert last.seconds is not None
    assert last.seconds > 0


async def test_the_reason_can_be_ones_own_and_is_kept_for_again(open_review, stored):
    async with open_review() as (app, pilot):
        key = scored(app)[0]
        app.screen.go_to(key)
        await press(pilot, "a", "w", "tab", *"scar", "ctrl+s")
        assert Kept.reasons().lines()[-1] == "scar"
        await press(pilot, "tab", "enter")
        app.screen.action_reason()
        await settled(pilot)
        options = app.screen.query_one("ReasonList")
        assert options.highlighted_option.id == "scar"  # starts on what was said
        await press(pilot, "ctrl+x")
        assert "scar" not in Kept.reasons().lines()
        await press(pilot, "escape")
    last = stored.study(key).reviews[-1]
    assert (last.verdict, last.reason) == (Verdict.AGREE, "scar")


async def test_escape_gives_no_verdict(open_review, stored):
    async with open_review() as (app, pilot):
        key = next(row.key for row in app.sitting.rows(0, 40) if row.label == "covid19")
        before = len(stored.study(key).reviews)
        app.screen.go_to(key)
        await press(pilot, "d", "1", "escape")
    assert len(stored.study(key).reviews) == before


async def test_there_is_no_reason_without_a_verdict(open_review):
    async with open_review() as (app, pilot):
        key = next(row.key for row in app.sitting.rows(0, 40) if not row.verdict)
        app.screen.go_to(key)
        await press(pilot, "w")
        assert "Give a verdict first" in told(app)


def said_by_another(results, key):
    with Store.open(results) as store:
        store.add_review(Review(key, "jan", Verdict.DISAGREE, "viral", True, "hers", NOW))


async def test_a_blind_reviewer_sees_nothing_of_the_other(open_review, results, stored):
    key = stored.listed()[0]
    said_by_another(results, key)
    async with open_review(blind=True) as (app, pilot):
        assert "blind" in text_of(app)
        assert "0 of 40 reviewed" in text_of(app)
        app.open_study(key)
        await settled(pilot)
        assert "not reviewed yet" in text_of(app)
        for hers in ("viral,", "jan", "hers", "⚑"):
            assert hers not in text_of(app)
        await press(pilot, "c", *"mine", "enter")
        assert "mine" in text_of(app)
        await press(pilot, "r")
        assert "without --blind" in told(app)
    assert {review.reviewer for review in stored.study(key).reviews} == {"jan", "ewa"}


async def test_a_third_sees_both(open_review, results, stored):
    key = stored.listed()[0]
    said_by_another(results, key)
    async with open_review(reviewer="third") as (app, pilot):
        app.open_study(key)
        await settled(pilot)
        assert "jan" in text_of(app)
        assert "hers" in text_of(app)


async def test_what_waits_of_another_is_hidden_too(open_review, results, stored):
    key = stored.listed()[0]
    async with open_review(blind=True) as (app, _):
        other = Review(key, "jan", Verdict.AGREE, None, False, "waits", NOW)
        app.sitting.outbox._waiting.append((other, results / "none.json"))
        assert app.sitting.study(key).reviews == ()
        assert app.sitting.study(key).row.comment == ""
        app.sitting.outbox._waiting.clear()
