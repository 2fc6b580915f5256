import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sample_data.results import NOW, PIPELINE, make_card
from screener.errors import StoreBusyError, StoreError, StoreNotFoundError
from screener.lungs import TILT, LungOutline
from screener.marks import UNEXPLAINED
from screener.results import records
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import (
    ActivationMap,
    Band,
    Outcome,
    Projection,
    Proof,
    Radiograph,
    RadiographScore,
    Refusal,
    Review,
    Study,
    Verdict,
)
from tests.conftest import posix_only

CARD = make_card()
OTHER = make_card("sha256:" + "cd" * 32)


def radiograph(path: Path, study: str = "1.2", **facts: object) -> Radiograph:
    usual = Radiograph(
        path=path,
        study_key=study,
        patient_id="ID7",
        patient_name="Kowalska^Zofia",
        accession="ACC7",
        taken_at=datetime(2020, 3, 1, 12),
        patient_age=61.0,
        patient_sex="F",
        projection=Projection.PA,
        photometric="MONOCHROME2",
        transfer_syntax="1.2.840.10008.1.2.1",
        rows=10,
        columns=20,
        bits_stored=12,
        size=400,
        mtime_ns=5,
    )
    return replace(usual, **facts)


def study(*radiographs: Radiograph, key: str = "1.2") -> Study:
    return Study(key, "ID7", "Kowalska^Zofia", "ACC7", datetime(2020, 3, 1, 12), radiographs)


def scored(image: Radiograph, score: float = 0.7, digest: str = "sha256:aa") -> RadiographScore:
    return RadiographScore(image, digest, (1 - score, 0.0, 0.0, score))


def begin(store: Store, folder: Path, card=CARD, identify="none"):
    store.add_weights(card)
    return store.begin_run(
        [folder],
        card.digest,
        device="cpu",
        pipeline=PIPELINE,
        started_at=NOW,
        identify=identify,
    )


def review(
    reviewer: str, verdict: Verdict | None, *, flagged: bool = False, comment: str = ""
) -> Review:
    return Review("1.2", reviewer, verdict, None, flagged, comment, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "results") as opened:
        begin(opened, tmp_path)
        yield opened


def test_a_folder_without_results_is_not_opened(tmp_path):
    with pytest.raises(StoreNotFoundError, match="screener scan"):
        Store.open(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_score_is_known_to_the_next_run(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    assert store.known([image], CARD.digest, PIPELINE) == {image.path: scored(image)}


@pytest.mark.parametrize("change", [{"size": 401}, {"mtime_ns": 6}])
def test_a_changed_file_is_not_known(store, tmp_path, change):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    changed = replace(image, **change)
    assert store.known([changed], CARD.digest, PIPELINE) == {}
    store.put_studies([study(changed)])
    assert Worklist(store).counts().waiting == 1


def test_the_same_content_elsewhere_is_known_by_its_digest(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    copy = radiograph(tmp_path / "b.dcm", "1.3")
    assert store.known_content(copy, "sha256:aa", CARD.digest, PIPELINE) == scored(copy)


def test_another_pipeline_is_another_result(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    assert store.known([image], CARD.digest, "2") == {}


def test_new_weights_keep_old_scores(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image, 0.7)], CARD.digest, PIPELINE)
    begin(store, tmp_path, OTHER)
    assert Worklist(store).study("1.2").row.score is None
    assert Worklist(store).counts().waiting == 1
    store.put_scores([scored(image, 0.2)], OTHER.digest, PIPELINE)
    assert Worklist(store).study("1.2").row.score == 0.2
    begin(store, tmp_path, CARD)
    assert Worklist(store).study("1.2").row.score == 0.7


def test_new_thresholds_of_the_same_weights_move_the_bands(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image, 0.7)], CARD.digest, PIPELINE)
    assert Worklist(store).study("1.2").row.band == "PRIORITY"
    store.add_weights(replace(CARD, thresholds={"PRIORITY": 0.8, "ELEVATED": 0.5}))
    assert Worklist(store).study("1.2").row.band == "ELEVATED"


def test_a_refusal_with_a_digest_lasts_and_one_without_is_tried_again(store, tmp_path):
    images = [radiograph(tmp_path / name, name) for name in ("a", "b")]
    store.put_studies([study(image, key=image.study_key) for image in images])
    lasting = Refusal(images[0].path, Outcome.UNREADABLE, "cut off", "a", "sha256:bb")
    passing = Refusal(images[1].path, Outcome.NOT_ATTEMPTED, "took over 60 s", "b")
    store.put_scores([lasting, passing], CARD.digest, PIPELINE)
    assert store.known(images, CARD.digest, PIPELINE) == {images[0].path: lasting}
    assert [r.reason for r in Worklist(store).refusals()] == ["cut off", "took over 60 s"]


def test_files_that_wait_for_a_score_are_no_refusals(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"), radiograph(tmp_path / "b"))])
    store.put_refusals([Refusal(tmp_path / "c", Outcome.UNREADABLE, "empty")])
    worklist = Worklist(store)
    counts = worklist.counts()
    assert (counts.found, counts.waiting, counts.unreadable, counts.refused) == (3, 2, 1, 1)
    assert [refusal.path.name for refusal in worklist.refusals()] == ["c"]
    assert [waiting.path.name for waiting in worklist.waiting()] == ["a", "b"]
    detail = worklist.study("1.2")
    assert (detail.row.waiting, detail.row.refused, detail.refusals) == (2, 0, ())
    assert [waiting.reason for waiting in detail.waiting] == ["not scored yet"] * 2


def test_a_study_waits_until_its_first_score_or_its_last_refusal(store, tmp_path):
    images = [radiograph(tmp_path / name) for name in ("a", "b")]
    store.put_studies([study(*images)])
    worklist = Worklist(store)
    assert worklist.study("1.2").row.band is Band.WAITING
    lost = Refusal(images[0].path, Outcome.UNREADABLE, "cut off", "1.2", "sha256:bb")
    store.put_scores([lost], CARD.digest, PIPELINE)
    row = worklist.study("1.2").row
    assert (row.band, row.waiting, row.refused) == (Band.WAITING, 1, 1)
    store.put_scores([replace(lost, path=images[1].path)], CARD.digest, PIPELINE)
    assert worklist.study("1.2").row.band is Band.UNSCORED
    store.put_scores([scored(images[1])], CARD.digest, PIPELINE)
    row = worklist.study("1.2").row
    assert (row.band, row.waiting, row.refused) == (Band.PRIORITY, 0, 1)


def test_a_study_has_the_score_of_its_most_suspicious_radiograph(store, tmp_path):
    images = [radiograph(tmp_path / name) for name in ("a", "b", "c")]
    store.put_studies([study(*images)])
    store.put_scores(
        [
            scored(image, score, f"sha256:{score}")
            for image, score in zip(images, (0.2, 0.9, 0.4), strict=True)
        ],
        CARD.digest,
        PIPELINE,
    )
    row = Worklist(store).study("1.2").row
    assert (row.score, row.label, row.radiographs) == (0.9, "covid19", 3)


SQUARE = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.8), (0.1, 0.2))
HOLDS, FAILS = Proof(0.9, 0.4, 0.8), Proof(0.9, 0.85, 0.8)


def lungs(map_inside: float) -> LungOutline:
    return LungOutline((SQUARE,), 0.95, (TILT,), map_inside)


@pytest.mark.parametrize(
    ("proof", "inside", "marks"),
    [
        (HOLDS, 0.39, (TILT, "61 % of the map lies outside both lungs")),
        (HOLDS, 0.6, (TILT,)),
        (FAILS, 0.39, (UNEXPLAINED, TILT)),
        (None, 0.39, (TILT,)),
    ],
)
def test_what_the_lungs_say_joins_the_marks_of_the_study(store, tmp_path, proof, inside, marks):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    before = Worklist(store).study("1.2").row.marks
    store.put_map("sha256:aa", ActivationMap(1, 1, b"\xff", proof), 0.1, lungs(inside))
    detail = Worklist(store).study("1.2")
    assert set(detail.row.marks) - set(before) == set(marks)
    assert detail.radiographs[0].lungs == lungs(inside)
    assert detail.radiographs[0].map_inside == (inside if proof is HOLDS else None)


def test_lungs_come_back_as_they_were_stored(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    outlined = replace(scored(image), lungs=lungs(0.7))
    store.put_scores([outlined], CARD.digest, PIPELINE)
    assert store.known([image], CARD.digest, PIPELINE) == {image.path: outlined}


@pytest.mark.parametrize("text", ["{}", "[", '{"polygons": 1}'])
def test_lungs_that_cannot_be_are_a_store_error(store, tmp_path, text):
    image = radiograph(tmp_path / "a.dcm")
    store.put_studies([study(image)])
    store.put_scores([replace(scored(image), lungs=lungs(0.7))], CARD.digest, PIPELINE)
    with store.transaction() as database:
        database.execute("UPDATE result SET lungs = ?", (text,))
    with pytest.raises(StoreError):
        Worklist(store).study("1.2")


def test_a_file_that_is_gone_stays_listed(store, tmp_path):
    kept, lost = radiograph(tmp_path / "in" / "a"), radiograph(tmp_path / "in" / "b")
    elsewhere = radiograph(tmp_path / "in2" / "c", "1.9")
    store.put_studies([study(kept, lost), study(elsewhere, key="1.9")])
    store.put_scores([scored(kept), scored(lost, 0.9, "sha256:b")], CARD.digest, PIPELINE)
    run = begin(store, tmp_path / "in")
    store.put_studies([study(kept)])
    assert store.close_walk(run.id) == 1
    [refusal] = Worklist(store).study("1.2").refusals
    assert (refusal.path, refusal.outcome) == (lost.path, Outcome.NOT_ATTEMPTED)
    assert refusal.reason == "was here in an earlier scan, is gone now"
    assert Worklist(store).study("1.2").row.score == 0.7


def test_a_file_that_comes_back_has_its_score_again(store, tmp_path):
    image = radiograph(tmp_path / "a")
    store.put_studies([study(image)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    store.close_walk(begin(store, tmp_path).id)
    assert Worklist(store).counts().not_attempted == 1
    begin(store, tmp_path)
    store.put_studies([study(image)])
    assert Worklist(store).counts().scored == 1


def test_studies_of_another_grouping_make_way(store, tmp_path):
    images = [radiograph(tmp_path / name, "folder") for name in ("a.png", "b.png")]
    store.put_studies([study(*images, key="folder")])
    run = begin(store, tmp_path)
    store.put_studies([study(image, key=image.path.name) for image in images])
    store.close_walk(run.id)
    assert {row.key for row in Worklist(store).rows()} == {"a.png", "b.png"}


def test_a_path_that_is_no_text_survives(store, tmp_path):
    path = tmp_path / "caf\udce9.dcm"
    image = radiograph(path, "caf\udce9")
    store.put_studies([study(image, key=image.study_key)])
    store.put_scores([scored(image)], CARD.digest, PIPELINE)
    assert store.known([image], CARD.digest, PIPELINE) == {path: scored(image)}
    assert Worklist(store).study("caf\udce9").radiographs[0].path == path


@pytest.mark.parametrize(
    ("identify", "kept"),
    [("none", ()), ("id", ("ID7", "ACC7")), ("full", ("ID7", "ACC7", "Kowalska"))],
)
def test_the_database_holds_what_the_policy_allows(tmp_path, identify, kept):
    with Store.create(tmp_path / "r") as store:
        begin(store, tmp_path, identify=identify)
        store.put_studies([study(radiograph(tmp_path / "a"))])
    content = (tmp_path / "r" / "screening.db").read_bytes()
    for text in ("ID7", "ACC7", "Kowalska"):
        assert (text.encode() in content) == (text in kept)


def test_a_stricter_run_erases_what_was_kept(tmp_path):
    with Store.create(tmp_path / "r") as store:
        begin(store, tmp_path, identify="full")
        store.put_studies([study(radiograph(tmp_path / "a"))])
        run = begin(store, tmp_path / "elsewhere")
        assert Worklist(store).study("1.2").row.patient.startswith("P-")
        store.finish_run(run.id, NOW)
    content = b"".join(file.read_bytes() for file in (tmp_path / "r").iterdir())
    assert b"Kowalska" not in content
    assert b"ACC7" not in content


def test_finishing_a_run_records_its_counts(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    store.finish_run(1, NOW + timedelta(minutes=1), skipped=3)
    run = Worklist(store).latest_run()
    assert (run.found, run.scored, run.refused) == (1, 0, 1)
    assert run.finished_at == NOW + timedelta(minutes=1)
    assert Worklist(store).counts().skipped == 3


def test_reviews_are_appended_and_both_reviewers_keep_theirs(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    entries = [
        review("anna", Verdict.AGREE, comment="clear"),
        review("jan", Verdict.DISAGREE, flagged=True),
        review("jan", None),
    ]
    for entry in entries:
        store.add_review(entry)
    assert list(store.reviews("1.2")) == entries
    row = Worklist(store).study("1.2").row
    assert (row.reviewer, row.verdict, row.flagged, row.comment) == (
        "anna",
        Verdict.AGREE,
        False,
        "clear",
    )


def test_two_reviewers_at_once_lose_nothing(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])

    def go_through(reviewer: str) -> None:
        with Store.open(store.folder) as own:
            for number in range(20):
                own.add_review(review(reviewer, Verdict.AGREE, comment=str(number)))

    with ThreadPoolExecutor() as pool:
        list(pool.map(go_through, ("anna", "jan")))
    assert Counter(entry.reviewer for entry in store.reviews()) == {"anna": 20, "jan": 20}


@posix_only
def test_a_review_outlives_a_kill(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    killed = subprocess.run([sys.executable, "-c", REVIEW_AND_DIE, str(store.folder)])
    assert killed.returncode == -9
    assert [entry.comment for entry in store.reviews("1.2")] == ["said before the end"]


REVIEW_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from screener.results.store import Store
from screener.study import Review
store = Store.open(Path(sys.argv[1]))
store.add_review(Review("1.2", "anna", None, None, False, "said before the end", datetime.now(UTC)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_undoing_the_only_review_leaves_the_study_unreviewed(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    store.add_review(review("anna", Verdict.AGREE))
    store.add_review(review("anna", None))
    assert Worklist(store).counts().reviewed == 0
    assert len(list(store.reviews())) == 2


def test_a_review_of_an_unknown_study_is_refused(store):
    with pytest.raises(StoreError, match="no such study"):
        store.add_review(review("anna", Verdict.AGREE))


def test_a_locked_database_loses_no_review_silently(store, tmp_path, monkeypatch):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    store.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(store.folder / "screening.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="locked"):
        store.add_review(review("anna", Verdict.AGREE))
    other.close()
    store.add_review(review("anna", Verdict.AGREE))
    assert Worklist(store).counts().reviewed == 1


def test_forgetting_a_study_leaves_no_trace_of_it(store, tmp_path):
    image, twin = radiograph(tmp_path / "a"), radiograph(tmp_path / "b", "1.3")
    store.put_studies([study(image), study(twin, key="1.3")])
    store.put_scores([scored(image), scored(twin, 0.7, "sha256:cc")], CARD.digest, PIPELINE)
    store.add_review(review("anna", Verdict.AGREE))
    assert store.forget("1.2") == 1
    assert [row.key for row in Worklist(store).rows()] == ["1.3"]
    assert Worklist(store).counts().found == 1
    assert list(store.reviews()) == []
    assert b"sha256:aa" not in (store.folder / "screening.db").read_bytes()


def test_content_that_another_study_has_keeps_its_result(store, tmp_path):
    image, twin = radiograph(tmp_path / "a"), radiograph(tmp_path / "b", "1.3")
    store.put_studies([study(image), study(twin, key="1.3")])
    store.put_scores([scored(image), scored(twin)], CARD.digest, PIPELINE)
    store.forget("1.2")
    assert store.known([twin], CARD.digest, PIPELINE) == {twin.path: scored(twin)}


def test_forgetting_all_empties_the_worklist(store, tmp_path):
    store.put_studies([study(radiograph(tmp_path / "a"))])
    assert store.forget(None) == 1
    assert Worklist(store).counts().found == 0


def test_room_that_was_forgotten_is_given_back(store, tmp_path):
    images = [radiograph(tmp_path / f"{number}", f"1.{number}") for number in range(500)]
    store.put_studies([study(image, key=image.study_key) for image in images])
    before = sum(path.stat().st_size for path in store.folder.glob("screening.db*"))
    store.forget(None)
    assert store.path.stat().st_size < before / 4


def test_room_is_not_given_back_while_others_read_and_nothing_fails(store, tmp_path):
    images = [radiograph(tmp_path / f"{number}", f"1.{number}") for number in range(500)]
    store.put_studies([study(image, key=image.study_key) for image in images])
    with Store.reading(store.folder) as reader:
        reader.connection.execute("BEGIN")
        assert len(list(Worklist(reader).rows())) == 500
        assert store.forget(None) == 500


def test_a_refusal_is_new_once_and_again_for_another_reason(store, tmp_path):
    one = Refusal(tmp_path / "a", Outcome.UNSUITABLE, "a lateral view")
    other = replace(one, path=tmp_path / "b")
    assert store.put_refusals([one]) == [one]
    assert store.put_refusals([one, other]) == [other]
    again = replace(one, outcome=Outcome.UNREADABLE, reason="cut short")
    assert store.put_refusals([again, other]) == [again]


def test_a_failed_batch_leaves_nothing_behind(store, tmp_path):
    image = radiograph(tmp_path / "a")
    store.put_studies([study(image)])
    with suppress(ZeroDivisionError), store.transaction() as connection:
        connection.execute("DELETE FROM study")
        raise ZeroDivisionError
    assert Worklist(store).count() == 1


def test_one_scan_at_a_time(tmp_path):
    with Store.writing(tmp_path):
        scan = subprocess.run(
            [sys.executable, "-c", SECOND_SCAN, str(tmp_path)], capture_output=True, text=True
        )
    assert scan.stdout == f"{tmp_path}: another scan is writing here; " + (
        "wait for it or give another --output\n"
    )


SECOND_SCAN = """
import sys
from pathlib import Path
from screener.errors import StoreBusyError
from screener.results.store import Store
try:
    with Store.writing(Path(sys.argv[1])):
        print("wrote")
except StoreBusyError as error:
    print(error)
"""


def test_reading_and_reviewing_go_on_beside_a_scan(tmp_path):
    with Store.writing(tmp_path / "r") as scan:
        begin(scan, tmp_path)
        scan.put_studies([study(radiograph(tmp_path / "a"))])
        with Store.open(tmp_path / "r") as front:
            assert Worklist(front).scanning
            front.add_review(review("anna", Verdict.AGREE))
        assert Worklist(scan).counts().reviewed == 1


def test_a_damaged_database_is_a_store_error(tmp_path):
    (tmp_path / "screening.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(tmp_path)


def test_a_study_that_cannot_be_kept_costs_only_itself(store, tmp_path):
    good, large = radiograph(tmp_path / "a.dcm"), radiograph(tmp_path / "b.dcm", rows=1 << 63)
    refused = store.put_studies([study(large, key="1.3"), study(good)])
    assert refused == {"1.3": "its header holds what cannot be kept (OverflowError)"}
    keys = [row["key"] for row in store.query("SELECT key FROM study")]
    assert keys == ["1.2"]
    assert [row["path"] for row in store.query("SELECT path FROM file")] == [
        records.path_bytes(good.path)
    ]


def test_the_youngest_age_is_kept_whichever_file_says_it(store, tmp_path):
    images = (radiograph(tmp_path / "a.dcm"), radiograph(tmp_path / "b.dcm", patient_age=9.0))
    store.put_studies([study(*images)])
    assert [row["age"] for row in store.query("SELECT age FROM study")] == [9.0]


def test_two_hospitals_patients_of_one_number_have_two_pseudonyms(store, tmp_path):
    image = radiograph(tmp_path / "a.dcm")
    persons = {"1.2": "ID7\x1fA", "1.3": "ID7\x1fB", "1.4": "ID7\x1fB"}
    store.put_studies(replace(study(image, key=key), person=who) for key, who in persons.items())
    names = [row["pseudonym"] for row in store.query("SELECT pseudonym FROM study ORDER BY key")]
    assert names[0] != names[1] == names[2]
