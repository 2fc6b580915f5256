import pytest

from sample_data.results import NOW, build_results, make_card, wait
from screener.errors import StoreError
from screener.results.store import Store
from screener.results.worklist import _GONE_OF_STUDY, ALL, Filter, Worklist
from screener.study import RANKED, Band, Projection, Review, Verdict


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), studies=60, seed=3)


@pytest.fixture
def worklist(results):
    with Store.open(results) as store:
        yield Worklist(store)


def test_found_is_the_sum_of_the_outcomes(worklist):
    counts = worklist.counts()
    assert counts.found == (
        counts.scored + counts.unsuitable + counts.unreadable + counts.not_attempted
    )
    assert counts.waiting == 0
    assert counts.found - counts.scored == len(list(worklist.refusals()))
    assert counts.studies == sum(counts.by_band.values()) == 60


def test_unscored_studies_come_first_and_ranks_count_from_one(worklist):
    rows = list(worklist.rows())
    first = sum(row.band is Band.UNSCORED for row in rows)
    last = sum(row.band is Band.OTHER for row in rows)
    assert first
    assert last
    ranks = range(1, 61 - first - last)
    assert [row.rank for row in rows] == [*[None] * first, *ranks, *[None] * last]


def test_what_is_no_chest_radiograph_is_counted_and_listed_apart(worklist):
    counts = worklist.counts()
    chest, other = list(worklist.unscored()), list(worklist.other())
    assert (len(chest), len(other)) == (counts.unscored, counts.other)
    assert [*chest, *other] == list(worklist.refusals())
    assert {one.reason for one in other} <= {
        "modality CT (computed tomography), not radiography (CR, DX, RG)",
        "body part KNEE, not the chest",
    }
    assert any("lateral" in one.reason for one in chest)


def test_files_of_a_study_that_are_gone_are_found_by_study(worklist):
    """Not by outcome: in a large store that is thousands of files for each row."""
    plan = worklist.store.query(f"EXPLAIN QUERY PLAN {_GONE_OF_STUDY}", ("key",))
    assert [step["detail"] for step in plan] == [
        "SEARCH file USING INDEX file_by_study (study_key=?)"
    ]


def test_a_study_without_a_score_says_why(worklist):
    rows = list(worklist.rows())
    assert all(bool(row.reason) == (row.score is None) for row in rows)


def test_scores_fall_with_the_rank(worklist):
    scores = [row.score for row in worklist.rows() if row.score is not None]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("sort", ["rank", "score", "date", "patient", "review"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_are_the_rows(worklist, sort, descending, monkeypatch):
    """Of all rows, ranks run on from one chunk to the next."""
    monkeypatch.setattr("screener.results.worklist.CHUNK", 9)
    wanted = Filter(sort=sort, descending=descending)
    rows = list(worklist.rows(wanted))
    assert [row for start in range(0, 60, 7) for row in worklist.page(wanted, start, 7)] == rows
    assert {row.key for row in rows} == {row.key for row in worklist.rows()}


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("score", lambda row: {"UNSCORED": 2, "OTHER": -1}.get(row.band, row.score)),
        ("date", lambda row: row.taken_at),
        ("patient", lambda row: row.patient),
        ("review", lambda row: row.verdict is not None),
    ],
)
def test_rows_are_sorted(worklist, sort, value):
    values = [value(row) for row in worklist.rows(Filter(sort=sort, descending=True))]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("wanted", [ALL, Filter(sort="date"), Filter(bands=(Band.ROUTINE,))])
def test_an_offset_finds_its_study(worklist, wanted):
    for offset, row in enumerate(worklist.rows(wanted)):
        assert worklist.offset_of(row.key, wanted) == offset


def test_a_study_outside_the_filter_has_no_offset(worklist):
    first = next(worklist.rows(Filter(bands=(Band.PRIORITY,))))
    assert worklist.offset_of(first.key, Filter(bands=(Band.ROUTINE,))) is None


@pytest.fixture
def live(tmp_path):
    """A worklist of which two studies are not scored yet."""
    with Store.open(build_results(tmp_path, studies=30, seed=3)) as store:
        wait(store, "0.1", "9.9")
        yield Worklist(store)


@pytest.mark.parametrize("sort", ["rank", "score"])
@pytest.mark.parametrize("descending", [False, True])
def test_what_is_not_scored_yet_stands_last_both_ways(live, sort, descending):
    wanted = Filter(sort=sort, descending=descending)
    rows = list(live.rows(wanted))
    assert {row.key for row in rows[-2:]} == {"0.1", "9.9"}
    assert [row.band for row in rows[-3:]].count(Band.WAITING) == 2
    assert [live.offset_of(row.key, wanted) for row in rows] == list(range(32))
    unreviewed = [row.key for row in rows if row.verdict is None]
    reached = [live.next_unreviewed(key, wanted) for key in unreviewed]
    assert reached == [*unreviewed[1:], unreviewed[0]]


def test_what_is_not_scored_yet_has_no_rank(live):
    ranked = [row.key for row in live.rows() if row.score is not None]
    assert [live.find(str(rank)) for rank in range(1, len(ranked) + 1)] == ranked
    with pytest.raises(StoreError, match="no such study"):
        live.find(str(len(ranked) + 1))


def test_ranks_do_not_depend_on_the_filter(worklist):
    ranks = {row.key: row.rank for row in worklist.rows()}
    for row in worklist.rows(Filter(review="reviewed", sort="patient")):
        assert row.rank == ranks[row.key]


def test_filters_agree_with_the_rows(worklist):
    for wanted, holds in (
        (
            Filter(bands=(Band.PRIORITY, Band.UNSCORED)),
            lambda r: r.band in ("PRIORITY", "UNSCORED"),
        ),
        (Filter(review="reviewed"), lambda r: r.verdict is not None),
        (Filter(review="unreviewed"), lambda r: r.verdict is None),
        (Filter(review="flagged"), lambda r: r.flagged),
        (Filter(text="LINES in"), lambda r: "lines in" in r.comment),
        (Filter(text="%"), lambda r: False),
        (Filter(views=(Projection.AP,)), lambda r: "AP" in r.projections),
        (Filter(views=tuple(Projection)), lambda r: bool(r.projections)),
        (Filter(ages=((">", 60),)), lambda r: r.age is not None and round(r.age) > 60),
        (
            Filter(ages=((">=", 40), ("<=", 60)), review="unreviewed"),
            lambda r: r.age is not None and 40 <= round(r.age) <= 60 and r.verdict is None,
        ),
    ):
        expected = [row for row in worklist.rows() if holds(row)]
        assert list(worklist.rows(wanted)) == expected
        assert worklist.count(wanted) == len(expected) == worklist.counts(wanted).studies


def test_text_is_looked_for_in_the_names_of_files_and_not_of_folders(worklist):
    row = next(row for row in worklist.rows() if row.score is not None)
    path = worklist.study(row.key).deciding.path
    assert row.key in [found.key for found in worklist.rows(Filter(path.name.upper()))]
    assert not worklist.count(Filter(str(path.parent)))


def test_next_unreviewed_goes_round(worklist):
    rows = list(worklist.rows())
    waiting = [row.key for row in rows if row.verdict is None]
    assert worklist.next_unreviewed() == waiting[0]
    assert worklist.next_unreviewed(waiting[0]) == waiting[1]
    assert worklist.next_unreviewed(waiting[-1]) == waiting[0]


def test_next_unreviewed_goes_on_from_a_study_that_left_the_filter(tmp_path):
    wanted = Filter(review="unreviewed", sort="date")
    with Store.open(build_results(tmp_path, studies=8, reviewed=0)) as store:
        worklist = Worklist(store)
        keys = [row.key for row in worklist.rows(wanted)]
        store.add_review(Review(keys[3], "anna", Verdict.AGREE, None, False, "", NOW))
        assert worklist.next_unreviewed(keys[3], wanted) == keys[4]


def test_nothing_is_next_when_all_are_reviewed(tmp_path):
    with Store.open(build_results(tmp_path, studies=4, reviewed=4)) as store:
        assert Worklist(store).next_unreviewed() is None


def test_a_study_is_found_by_rank_pseudonym_key_and_beginning(worklist):
    row = next(r for r in worklist.rows() if r.rank == 3)
    assert worklist.find("3") == row.key
    assert worklist.find(row.key) == row.key
    with pytest.raises(StoreError, match="more than one"):
        worklist.find("1.2.826")
    with pytest.raises(StoreError, match="no such study"):
        worklist.find("9.9")


def test_the_histogram_counts_every_scored_study(worklist):
    assert sum(worklist.histogram(7)) == len(list(worklist.rows(Filter(bands=RANKED))))


def test_identification_can_be_lowered_but_not_raised(tmp_path):
    with Store.open(build_results(tmp_path / "full", studies=3, identify="full")) as store:
        assert next(Worklist(store).rows()).patient.startswith("Phantom^Zofia")
        assert next(Worklist(store, "id").rows()).patient.startswith("ID0")
        assert next(Worklist(store, "none").rows()).patient.startswith("P-")
    with Store.open(build_results(tmp_path / "none", studies=3)) as store:
        assert next(Worklist(store, "full").rows()).patient.startswith("P-")


def test_the_card_comes_back_whole(worklist):
    assert worklist.card() == make_card()


def test_a_card_of_a_newer_version_does_not_stop_the_worklist(tmp_path):
    with Store.open(build_results(tmp_path, studies=3)) as store:
        store.connection.execute("UPDATE weights SET card = json_set(card, '$.weather', 'rain')")
        assert Worklist(store).card() == make_card()
        assert list(Worklist(store).rows())


def test_the_order_is_band_score_date_and_key(worklist):
    rows = list(worklist.rows())
    bands = [Band.UNSCORED, Band.PRIORITY, Band.ELEVATED, Band.ROUTINE, Band.OTHER]
    thresholds = make_card().thresholds

    def rule(row):
        dated = row.taken_at.isoformat() if row.taken_at else "~"
        band = row.band if row.score is None else Band.of(row.score, thresholds)
        return bands.index(band), -(row.score or 0), dated, row.key

    assert rows == sorted(rows, key=rule)


def test_a_flag_without_a_verdict_shows_but_is_no_review(tmp_path):
    with Store.open(build_results(tmp_path, studies=3, reviewed=0)) as store:
        key = next(Worklist(store).rows()).key
        store.add_review(Review(key, "anna", None, None, True, "", NOW))
        assert Worklist(store).study(key).row.flagged
        assert Worklist(store).counts().reviewed == 0
        store.add_review(Review(key, "jan", Verdict.AGREE, None, False, "", NOW))
        assert Worklist(store).study(key).row.flagged
