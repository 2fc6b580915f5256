"""Every key of the worklist."""

from sample_data.results import NOW, wait
from screener.results import adoption
from screener.results.adoption import Adoption
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import Band, Verdict
from screener.tui.dialogs import ConfirmDialog
from screener.tui.help import HelpDialog
from screener.tui.study.screen import StudyScreen
from screener.tui.worklist.filtering import FilterDialog
from screener.tui.worklist.table import StudyTable
from tests.tui.conftest import STUDIES, settled, text_of, told


async def test_opens_with_every_study_and_the_counts(open_review):
    async with open_review() as (app, _):
        assert app.screen.table.count == STUDIES
        assert f"10 of {STUDIES} reviewed" in text_of(app)


async def test_band_is_word_and_glyph(open_review):
    async with open_review() as (app, _):
        assert "▲ PRIORITY" in text_of(app)
        assert "○ UNSCORED" in text_of(app)


async def test_research_line_is_always_there(open_review):
    async with open_review(size=(60, 20)) as (app, _):
        assert "Not for diagnosis" in " ".join(text_of(app).split())


async def test_keys_move_the_cursor(open_review):
    lines = {
        "j": 1,
        "j j k": 1,
        "down down up": 1,
        "G": STUDIES - 1,
        "end": STUDIES - 1,
        "G g": 0,
        "k": 0,
        "n n p": 1,
        "ctrl+d ctrl+u": 0,
    }
    async with open_review() as (app, pilot):
        for keys, line in lines.items():
            app.screen.table.cursor = 0
            await pilot.press(*keys.split())
            assert app.screen.table.cursor == line, keys


async def test_cursor_stays_in_sight(open_review):
    async with open_review(size=(100, 20)) as (app, pilot):
        await pilot.press("G")
        table = app.screen.table
        assert table.scroll_offset.y <= table.cursor < table.scroll_offset.y + table.size.height


async def test_enter_opens_the_study_and_escape_leads_back(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("j", "j", "enter")
        assert isinstance(app.screen, StudyScreen)
        await pilot.press("n", "escape")
        assert app.screen.table.cursor == 3


async def test_the_question_for_the_order_starts_where_the_list_stands(open_review):
    async with open_review() as (app, pilot):
        seen = []
        for _ in range(4):
            await pilot.press("s", "s", "enter")
            seen.append(app.sitting.filter.sort)
        assert seen == ["score", "date", "patient", "review"]
        await pilot.press("s")
        assert "review ▴" in text_of(app)


async def test_the_order_that_holds_is_turned(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("s", "enter")
        assert (app.sitting.filter.sort, app.sitting.filter.descending) == ("rank", True)
        await pilot.press("s", "escape")
        assert app.sitting.filter.descending


async def test_reverse_turns_the_order(open_review):
    async with open_review() as (app, pilot):
        first = app.screen.current.key
        await pilot.press("S")
        rows = app.sitting.rows(0, 100_000)
        assert [row.key for row in rows if row.band is not Band.OTHER][-1] == first


async def test_sorting_keeps_the_cursor_on_its_study(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("j", "j", "j")
        key = app.screen.current.key
        await pilot.press("s", "j", "enter")
        assert app.sitting.filter.sort == "score"
        assert app.screen.current.key == key


async def test_filter_by_text(open_review):
    async with open_review() as (app, pilot):
        patient = app.screen.current.patient
        await pilot.press("slash", *patient.lower().replace("-", " ").split()[1], "enter")
        assert {row.patient for row in app.sitting.rows(0, 10)} == {patient}
        assert "only " in text_of(app)


async def test_what_is_not_scored_yet_stands_last_in_a_live_review(open_review, results):
    async with open_review() as (app, pilot):
        first = app.screen.current.key
        with Store.open(results) as store:
            wait(store, "0.1")
        app.poll()
        await settled(pilot)
        assert app.screen.current.key == first
        app.screen.go_to("0.1")
        await settled(pilot)
        behind = app.sitting.rows(app.sitting.offset_of("0.1") + 1, 100_000)
        assert {row.band for row in behind} <= {Band.OTHER}
        assert "◌ WAITING" in text_of(app)
        await pilot.press("enter")
        await settled(pilot)
        assert "not scored yet" in text_of(app)


async def test_the_cursor_stays_on_its_study_while_the_list_moves_under_it(open_review, results):
    async with open_review(size=(120, 20)) as (app, pilot):
        await pilot.press(*"j" * 30)
        await settled(pilot)
        table, key, above = app.screen.table, app.screen.current.key, stored_keys(results)
        line = table.cursor - table.scroll_offset.y
        with Store.open(results) as store:
            store.forget(above[0])
        app.show_again()
        with Store.open(results) as store:  # and once more before anything is drawn
            store.forget(above[1])
        app.show_again()
        assert app.screen.current.key == key
        await settled(pilot)
        assert app.screen.current.key == key
        assert table.cursor == 28
        assert table.cursor - table.scroll_offset.y == line


async def test_an_entry_goes_to_the_study_the_cursor_is_on(open_review, results, stored):
    async with open_review() as (app, pilot):
        await pilot.press("j", "j", "j")
        key = app.screen.current.key
        with Store.open(results) as store:
            store.forget(stored_keys(results)[0])
        app.show_again()
        with Store.open(results) as store:
            store.forget(stored_keys(results)[0])
        app.show_again()
        await pilot.press("a")
        await settled(pilot)
    assert stored.study(key).reviews[-1].verdict is Verdict.AGREE


def stored_keys(results):
    with Store.open(results) as store:
        return [row.key for row in Worklist(store).rows()]


async def test_filter_by_band_and_state(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("slash")
        assert isinstance(app.screen, FilterDialog)
        for band in (band for band in Band if band is not Band.PRIORITY):
            await pilot.click(f"#band-{band.value.lower()}")
        await pilot.press("enter")
        assert app.sitting.filter.bands == (Band.PRIORITY,)


async def test_filter_that_hides_everything_says_so_and_is_undone(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("slash", *"nobody", "enter")
        assert "No study passes this filter" in text_of(app)
        await pilot.press("slash", "ctrl+r")
        assert app.screen.table.count == STUDIES


async def test_escape_leaves_the_filter_alone(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("slash", *"nobody", "escape")
        assert app.sitting.filter == Filter()


async def test_unreviewed_goes_to_a_study_without_a_verdict(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("u")
        assert app.screen.current.verdict is None


async def test_agree_marks_the_row_and_is_stored(open_review, stored):
    async with open_review() as (app, pilot):
        await pilot.press("u", "a")
        key = app.screen.current.key
        assert "✓ agree" in text_of(app)
        await settled(pilot)
        assert f"11 of {STUDIES} reviewed" in text_of(app)
    last = stored.study(key).reviews[-1]
    assert (last.reviewer, last.verdict) == ("ewa", Verdict.AGREE)


async def test_help_lists_the_keys_of_the_focused_widget(open_review):
    async with open_review(size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpDialog)
        assert "IN THE WORKLIST" in text_of(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpDialog)


async def test_keys_can_be_changed(open_review):
    async with open_review(keymap={"table.down": "ctrl+n"}) as (app, pilot):
        await pilot.press("ctrl+n", "j")
        assert app.screen.table.cursor == 1


async def test_palette_opens_a_study(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("G")
        patient = app.screen.current.patient
        await pilot.press("ctrl+p", *patient[2:8])
        await pilot.pause(0.4)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert isinstance(app.screen, StudyScreen)
        assert app.screen.current.patient == patient


async def test_palette_finds_a_study_by_the_name_of_its_file(open_review, stored):
    key = stored.listed(Filter(bands=(Band.ROUTINE,)))[-1]
    name = stored.study(key).deciding.path.name
    async with open_review() as (app, pilot):
        await pilot.press("ctrl+p", *("full_stop" if c == "." else c for c in name))
        await pilot.pause(0.4)
        assert f"Open the study of {name}" in text_of(app)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert any(name in one.path.name for one in app.screen.images)


async def test_what_is_told_of_a_study_goes_with_it(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("z")
        assert "Nothing to undo" in told(app)
        await pilot.press("j")
        await settled(pilot)
        assert "Nothing to undo" not in told(app)
        await pilot.press("enter", "z")
        assert "Nothing to undo" in told(app)
        await pilot.press("n")
        await settled(pilot)
        assert "Nothing to undo" not in told(app)


async def test_what_went_wrong_names_its_study_and_stays(open_review):
    async with open_review() as (app, pilot):
        patient = app.screen.current.patient
        app.screen.complain("no space")
        await pilot.press("j")
        await settled(pilot)
        assert [(n.title, n.message) for n in app._notifications] == [(patient, "no space")]


async def test_click_moves_the_cursor_and_double_click_opens(open_review):
    async with open_review() as (app, pilot):
        await pilot.click(StudyTable, offset=(10, 4))
        assert app.screen.table.cursor == 4
        await pilot.click(StudyTable, offset=(10, 4), times=2)
        await pilot.pause()
        assert isinstance(app.screen, StudyScreen)


async def test_click_on_a_heading_sorts(open_review):
    async with open_review() as (app, pilot):
        column = text_of(app).splitlines()[2].index("Taken")
        await pilot.click("#heading", offset=(column - 2, 0))
        assert app.sitting.filter.sort == "date"


async def test_narrow_terminal_keeps_rank_band_and_score(open_review):
    async with open_review(size=(44, 18)) as (app, _):
        heading = text_of(app).splitlines()[2].split()
        assert heading[:3] == ["Rank▴", "Band", "Score"]


async def test_two_reviewers_keep_their_verdicts(open_review, stored):
    async with open_review(reviewer="ewa") as (app, pilot):
        await pilot.press("u", "a")
        key = app.screen.current.key
        await settled(pilot)
    async with open_review(reviewer="ola") as (app, pilot):
        app.screen.go_to(key)
        await pilot.press("d", "1", "0")
        await settled(pilot)
    said = [(review.reviewer, review.verdict) for review in stored.study(key).reviews]
    assert said == [("ewa", "agree"), ("ola", "disagree")]


async def test_folder_without_results_offers_a_scan(open_review, tmp_path):
    studies = tmp_path / "studies"
    async with open_review(folder=tmp_path / "new", studies=studies) as (app, pilot):
        assert isinstance(app.screen, ConfirmDialog)
        assert "studies" in text_of(app)
        await pilot.press("n")
    assert not (tmp_path / "new").exists()


async def test_comment_is_text_and_never_markup(open_review):
    async with open_review(size=(200, 36)) as (app, pilot):
        await pilot.press("c", *"[b]x[/b]", "enter")
        assert "“[b]x[/b]”" in text_of(app)


async def test_quit(open_review):
    async with open_review() as (app, pilot):
        await pilot.press("q")
        assert app._exit


async def test_no_colour_still_tells_the_bands_apart(open_review, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_review() as (app, _):
        assert app.no_color
        assert "▲ PRIORITY" in text_of(app)


async def test_alarm_stands_above_the_ranking(open_review):
    async with open_review() as (app, pilot):
        app.alarm = "most of these studies look unlike the training data"
        app.show_again()
        await pilot.pause()
        assert "! most of these studies look unlike" in text_of(app).splitlines()[2]


async def test_bands_that_the_site_took_over_are_named_above_the_ranking(open_review, results):
    taken_over = Adoption(0.8, 0.5, 0.1, "blind reading of 120 studies", NOW)
    async with open_review() as (app, pilot):
        assert "adopted at this site" not in text_of(app)
        with Store.open(results) as store, store.transaction() as connection:
            adoption.adopt(connection, taken_over)
        app.poll()
        await settled(pilot)
        line = text_of(app).splitlines()[2]
        assert f"bands adopted at this site on {NOW:%Y-%m-%d} from blind reading of 120" in line


async def test_rows_of_another_process_appear(open_review, results):
    async with open_review() as (app, pilot):
        with Store.open(results) as store:
            store.forget(app.screen.current.key)
        app.poll()
        await settled(pilot)
        assert app.screen.table.count == STUDIES - 1
