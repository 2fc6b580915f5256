"""The PDF as a file: order, furniture, links, fonts, properties, and the same bytes again."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path

import pytest
from pypdf import PdfReader

from sample_data.results import build_results, make_card, make_rates, wait
from screener import rates
from screener.errors import StoreError, StoreNotFoundError
from screener.report import style, write_report
from screener.report.content import MOST_PAGES, SECTIONS, opened
from screener.report.furniture import frame
from screener.report.html import write_html
from screener.report.wording import NO_FINDING, WARNING, method, title_facts
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import LABEL_NAMES, RESEARCH_ONLY, Band, Review, Verdict
from tests.report.conftest import MADE
from tests.report.illustrated import NAMES, build_illustrated


def text_of(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


def test_every_page_has_the_warning(pages):
    assert all(RESEARCH_ONLY in page for page in pages)


def test_the_method_tells_the_bands_of_a_card_that_has_them():
    card = make_card()
    assert "PRIORITY from" in dict(method(card))["Bands"]
    assert "Bands" not in dict(method(replace(card, thresholds={})))


def test_every_page_says_which_of_how_many_it_is(pages):
    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, start=1))


def test_the_content_is_in_order(pdf):
    reader = PdfReader(pdf)
    found = [(name[1:], place) for name, place in reader.named_destinations.items()]
    down = {
        name: (reader.get_destination_page_number(place), -float(place.top))
        for name, place in found
        if name in SECTIONS
    }
    assert sorted(down, key=down.__getitem__) == [name for name in SECTIONS if name != "other"]


def test_what_was_not_scored_stands_before_the_ranking(pages):
    text = " ".join(pages)
    assert text.index("the file ends early") < text.index("All 8 scored studies")


def test_no_word_claims_a_finding(pages):
    said = " ".join(pages).replace(RESEARCH_ONLY, "").replace(" ".join(WARNING.split()), "")
    assert not re.search(r"positive|detected|diagnos", said, re.IGNORECASE)


def test_bookmarks_lead_to_sections_and_studies(pdf):
    reader = PdfReader(pdf)
    sections = [entry for entry in reader.outline if not isinstance(entry, list)]
    studies = next(entry for entry in reader.outline if isinstance(entry, list))
    assert [entry.title for entry in sections] == [
        title for name, title in SECTIONS.items() if name != "other"
    ]
    assert [entry.title for entry in studies] == [f"{n}  {NAMES[n - 1]}" for n in (1, 2, 3, 4, 5)]
    assert reader.get_destination_page_number(sections[0]) == 0


def test_a_rank_and_its_study_link_to_each_other(pdf):
    reader = PdfReader(pdf)
    targets = [
        annotation.get_object()["/Dest"]
        for page in reader.pages
        for annotation in page.get("/Annots", [])
    ]
    assert {"/study-1", "/rank-1", "/study-5", "/rank-5"} <= set(targets)
    assert {target[1:] for target in targets} <= {
        name.removeprefix("/") for name in reader.named_destinations
    }


def test_the_ranking_names_the_page_of_a_study(pdf, pages):
    reader = PdfReader(pdf)
    study = reader.get_destination_page_number(reader.named_destinations["/study-5"])
    ranking = next(page for page in pages if "LIKELIEST CLASS" in page)
    assert re.search(rf"5 ▲ PRIORITY 0\.610 .*? {study + 1} 6 ◆ ELEVATED", ranking)


def test_every_font_is_embedded(pdf):
    fonts = {}
    for page in PdfReader(pdf).pages:
        fonts |= {name: font.get_object() for name, font in page["/Resources"]["/Font"].items()}
    assert fonts
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts.values())
    assert all("DejaVu" in font["/BaseFont"] for font in fonts.values())


def test_properties_name_the_report_and_no_patient(pdf):
    reader = PdfReader(pdf)
    properties = " ".join(str(value) for value in reader.metadata.values())
    assert reader.metadata.title.startswith("Triage report")
    assert RESEARCH_ONLY in reader.metadata.subject
    assert reader.metadata.creation_date == MADE
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert not any(name in properties for name in NAMES)


def test_the_same_time_gives_the_same_bytes(results, pdf, tmp_path):
    again = write_report(results, tmp_path / "again.pdf", generated_at=MADE)
    assert again.read_bytes() == pdf.read_bytes()


def test_times_are_told_in_the_zone_of_the_report(results, tmp_path):
    zone = timezone(timedelta(hours=1), "CET")
    made = datetime(2026, 3, 3, 9, 15, tzinfo=zone)
    out = write_report(results, tmp_path / "report.pdf", generated_at=made)
    assert "2026-03-02 10:35 CET" in text_of(out)
    assert PdfReader(out).metadata.creation_date == made


def test_a_study_is_told_on_a_page(pages):
    page = next(page for page in pages if "RANK 1 ▲ PRIORITY" in page)
    assert "RANK 2 ▲ PRIORITY" not in page
    assert "Disagrees: Viral pneumonia, flagged · anna · 2026-03-02 09:35 UTC" in page
    assert "Tubes & lines in place; see <b>left</b> base." in page
    assert "With the marked tenth hidden the score goes from 0.970 to 0.388" in page
    assert page.count("Lines of equal effect: 35 % 60 % 85 % of the map") == 1
    assert any(
        "Unsuitable: lateral view" in page for page in pages if "CLASS PROBABILITIES" in page
    )


def test_the_legend_of_the_lines_ends_within_the_page(pdf):
    ends = []

    def visit(text, _, place, *__):
        if NO_FINDING in text:
            ends.append(place[4] + style.width(text.strip(), style.SMALL))

    PdfReader(pdf).pages[2].extract_text(visitor_text=visit)
    assert len(ends) == 1
    assert ends[0] <= frame("a4").right


def test_the_other_reviewers_are_heard_too(pages):
    words = "No verdict, flagged · jan · 2026-03-02 09:30 UTC · Please look again."
    assert any(words in page for page in pages)


def test_a_child_is_marked_in_the_ranking_and_on_its_page(pages):
    assert sum("under 18" in page for page in pages) >= 2


def test_a_long_comment_is_printed_whole(pages):
    text = " ".join(pages)
    assert text.count("ground glass?") == 249


def test_letter_has_its_own_page_size(results, tmp_path):
    out = write_report(results, tmp_path / "r.pdf", generated_at=MADE, paper="letter")
    assert [float(edge) for edge in PdfReader(out).pages[0].mediabox[2:]] == [612, 792]


def test_top_ranks_only_the_first_and_says_so(results, tmp_path):
    text = text_of(write_report(results, tmp_path / "r.pdf", generated_at=MADE, top=2))
    assert "Shows 2 of 8 scored studies (the first 2)." in text
    assert NAMES[2] not in text


def test_pictures_are_eighty_millimetres_wide_on_every_paper(results, tmp_path):
    for paper in ("a4", "letter"):
        out = write_report(results, tmp_path / "r.pdf", generated_at=MADE, paper=paper)
        widths = []

        def visit(operator, operands, matrix, _, widths=widths):
            if operator == b"Do":
                widths.append(matrix[0])

        PdfReader(out).pages[2].extract_text(visitor_operand_before=visit)
        assert len(widths) == 2
        assert min(widths) >= 80 / 25.4 * 72


def test_a_long_list_has_forty_pages_of_studies_and_says_so(tmp_path):
    folder = build_results(tmp_path / "results", studies=400)
    with opened(folder, MADE, None, (), "none") as report:
        priority = report.worklist.counts().by_band[Band.PRIORITY]
    assert priority > MOST_PAGES
    said = f"Pages of the first {MOST_PAGES} of {priority} studies in PRIORITY"
    pdf = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE))
    html = write_html(folder, tmp_path / "r.html", generated_at=MADE).read_text("utf-8")
    whole = text_of(
        write_report(folder, tmp_path / "b.pdf", generated_at=MADE, bands=[Band.PRIORITY])
    )
    assert said in pdf
    assert said in html
    assert said not in whole
    assert pdf.count("CLASS PROBABILITIES") == html.count("<article") == MOST_PAGES
    assert whole.count("CLASS PROBABILITIES") == priority


def test_a_band_gets_pages_of_its_own(results, tmp_path):
    out = write_report(results, tmp_path / "r.pdf", generated_at=MADE, bands=[Band.ELEVATED])
    text = text_of(out)
    assert "Shows 2 of 8 scored studies (band ELEVATED)." in text
    assert "RANK 6 ◆ ELEVATED" in text
    assert NAMES[0] not in text


def test_names_can_be_left_out(results, tmp_path):
    text = text_of(write_report(results, tmp_path / "r.pdf", generated_at=MADE, identify="none"))
    assert "Kowalski" not in text
    assert "ID0006" not in text
    assert "Patients by pseudonym" in text


def test_no_more_is_shown_than_the_scan_kept(tmp_path):
    folder = build_illustrated(tmp_path / "results", identify="none")
    text = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE, identify="full"))
    assert "Kowalski" not in text


def test_results_without_a_scored_study_still_make_a_report(tmp_path):
    folder = build_results(tmp_path / "results", studies=0, unreadable=3)
    text = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE))
    assert "3 of 3 files found have no score." in text
    assert "No study of this report is in the band PRIORITY." in text


def test_what_is_not_scored_yet_is_told_apart_from_what_was_refused(tmp_path):
    folder = build_results(tmp_path / "r", studies=12)
    with Store.open(folder) as store:
        refused = Worklist(store).counts().unscored
        wait(store, "9.9")
    out = write_report(folder, tmp_path / "out.pdf", generated_at=MADE)
    html = write_html(folder, tmp_path / "out.html", generated_at=MADE)
    for text in (text_of(out), html.read_text("utf-8")):
        assert f"{refused} of " in text
        assert "The scan had not come to 1 file" in text
        assert "1 study among them" in text
        assert "WAITING" in text
        assert "/waits/9.9.dcm" in text.replace("<wbr>", "")


def test_what_is_no_chest_radiograph_stands_apart_behind_the_studies(tmp_path):
    folder = build_results(tmp_path / "results", studies=40, seed=3)
    with Store.open(folder) as store:
        counts = Worklist(store).counts()
    out = write_report(folder, tmp_path / "r.pdf", generated_at=MADE)
    html = write_html(folder, tmp_path / "r.html", generated_at=MADE)
    assert counts.other
    for text in (text_of(out), html.read_text("utf-8")):
        said = [
            f"{counts.unscored} of {counts.found} files found",
            "in the order of review",
            f"of {counts.found} found, and",
        ]
        places = [" ".join(text.split()).index(words) for words in said]
        assert places == sorted(places)


def test_a_picture_that_is_gone_is_said_in_its_place(tmp_path):
    folder = build_results(tmp_path / "results", studies=6)
    text = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE))
    assert "No preview: the file is no longer there" in text


def test_a_scan_unlike_the_validation_images_is_warned_of(tmp_path):
    quantiles = [step / 2000 for step in range(21)]
    card = replace(make_card(), metrics={"validation": {"distances": quantiles}})
    folder = build_results(tmp_path / "results", studies=40, card=card)
    text = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE))
    assert text.index("Do not trust this ranking") < text.index("RANK BAND SCORE")


def test_rates_of_hospitals_not_seen_stand_before_the_ranking_and_on_each_page(tmp_path):
    card = replace(make_card(), metrics=make_card().metrics | {"unseen": make_rates()})
    folder = build_results(tmp_path / "results", studies=40, card=card)
    pdf = text_of(write_report(folder, tmp_path / "r.pdf", generated_at=MADE))
    page = write_html(folder, tmp_path / "r.html", generated_at=MADE).read_text("utf-8")
    with opened(folder, MADE, None, (), "none") as report:
        priority = report.worklist.counts().by_band[Band.PRIORITY]
        selection = report.selection()
    for text in (pdf, unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))):
        for words in ("tuberculosis 200 40 % (35 to 45) 70 % (65 to 75)", rates.SAID):
            assert text.index(words) < text.index(selection)
            assert text.index(words) < text.upper().index("ACCURACY")
        like = (
            "scored like this one (0.60 to 1.00), in hospitals not seen, 124 of 200 were COVID-19"
        )
        assert text.count(like) == priority > 0


def test_weights_without_such_rates_say_nothing_of_them(pdf, html):
    for text in (text_of(pdf), html.read_text("utf-8")):
        assert rates.TITLE not in text
        assert "hospitals not seen" not in text


def test_a_review_made_meanwhile_changes_nothing_half_way(tmp_path):
    folder = build_results(tmp_path / "results", studies=6, reviewed=0)
    with opened(folder, MADE, None, (), "none") as report:
        before = report.worklist.counts()
        key = next(report.ranked()).key
        with Store.open(folder) as other:
            other.add_review(Review(key, "jan", Verdict.AGREE, None, False, "", MADE))
        assert report.worklist.counts() == before


def test_why_a_reviewer_said_so_stands_beside_the_verdict(tmp_path):
    folder = build_results(tmp_path / "results", studies=4, reviewed=0)
    with Store.open(folder) as store:
        key = next(Worklist(store).rows()).key
        store.add_review(
            Review(key, "jan", Verdict.DISAGREE, "viral", False, "", MADE, "image quality")
        )
    page = tmp_path / "r.html"
    write_html(folder, page, generated_at=MADE)
    assert "image quality · jan" in page.read_text("utf-8")


def test_of_many_folders_the_title_block_names_a_few(results):
    with opened(results, MADE, None, (), "none") as report:
        run = replace(report.run, folders=tuple(f"/data/{n}" for n in range(300)))
        facts = dict(title_facts(run, report.card, "none", MADE))
    assert facts["Scanned"].endswith("/data/4\nand 295 more folders")


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(StoreNotFoundError):
        write_report(tmp_path, tmp_path / "r.pdf", generated_at=MADE)


def test_a_place_that_cannot_be_written_is_named(results, tmp_path):
    with pytest.raises(StoreError, match=r"missing/r\.pdf"):
        write_report(results, tmp_path / "missing" / "r.pdf", generated_at=MADE)


def test_all_words_stand_within_the_page(pdf):
    """Where a line begins; what is centred or aligned right could begin beyond an edge."""
    for page in PdfReader(pdf).pages:
        starts = []

        def visit(text, _, place, *__, starts=starts):
            if text.strip():
                starts.append((place[4], place[5]))

        page.extract_text(visitor_text=visit)
        width, height = map(float, page.mediabox[2:])
        assert starts
        assert all(0 < x < width and 0 < y < height for x, y in starts)


def test_the_ranking_says_the_class_of_each_study(results, pages):
    with Store.reading(results) as store:
        rows = [row for row in Worklist(store).rows() if row.score is not None]
    ranking = next(page for page in pages if "LIKELIEST CLASS" in page)
    for label in {row.label for row in rows}:
        assert LABEL_NAMES[label] in ranking


def test_a_map_in_the_border_is_remarked_on(pages):
    assert any(re.search(r"[0-9]+ % of the map in the border", page) for page in pages)
