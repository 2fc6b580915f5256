"""The canvas that lets go of each page."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from screener.report import style
from screener.report.pdf import Sheet


@pytest.fixture
def stream():
    return BytesIO()


@pytest.fixture
def sheet(stream):
    style.register_fonts()
    return Sheet(stream, (300, 200), datetime(2026, 1, 1, tzinfo=UTC))


def jpeg(seed):
    stream = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64), np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


def test_a_finished_page_is_in_the_file_and_not_in_memory(sheet, stream):
    sizes = []
    for number in range(3):
        sheet.picture(jpeg(number), 0, 0, 100, 100)
        sheet.showPage()
        sizes.append(stream.tell())
    assert min(np.diff(sizes)) > len(jpeg(0))
    assert not any(len(getattr(o, "streamContent", "")) for o in sheet._doc.idToObject.values())


def test_a_picture_drawn_on_many_pages_is_embedded_once(sheet, stream):
    for _ in range(3):
        sheet.picture(jpeg(0), 0, 0, 100, 100)
        sheet.showPage()
    sheet.save()
    assert stream.getvalue().count(b"/DCTDecode") == 1
    assert all(len(page.images) == 1 for page in PdfReader(stream).pages)


def test_a_link_may_point_forward(sheet, stream):
    sheet.link("To the end", "end", (0, 0, 10, 10))
    sheet.showPage()
    sheet.anchor("end", 100)
    sheet.write("The end", 10, 100, style.BODY)
    sheet.showPage()
    sheet.save()
    reader = PdfReader(stream, strict=True)
    assert reader.get_destination_page_number(reader.named_destinations["/end"]) == 1
    assert reader.pages[0]["/Annots"][0].get_object()["/Contents"] == "To the end"
