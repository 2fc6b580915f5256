"""Blocks onto pages: nothing cut, nothing lost, headers repeated."""

from screener.report.layout import Block, Frame, measure, paginate, stack

FRAME = Frame(0, 0, 100, 100)


def pages(blocks):
    return [placed.page for placed in paginate(blocks, FRAME)]


def test_a_block_that_does_not_fit_begins_a_page():
    assert pages([Block(60), Block(40), Block(1)]) == [1, 1, 2]


def test_space_above_is_dropped_at_the_top_of_a_page():
    placed = list(paginate([Block(100), Block(50, before=20)], FRAME))
    assert (placed[1].page, placed[1].top) == (2, 100)


def test_a_heading_stays_with_what_follows():
    assert pages([Block(70), Block(20, keep=30), Block(30)]) == [1, 2, 2]


def test_a_table_header_is_repeated():
    head = Block(10)
    placed = list(paginate([Block(50, head=head), Block(60, head=head)], FRAME))
    assert [(p.page, p.top, p.block is head) for p in placed] == [
        (1, 100, False),
        (2, 100, True),
        (2, 90, False),
    ]


def test_a_block_higher_than_a_page_is_still_placed():
    assert pages([Block(10), Block(150), Block(10)]) == [1, 2, 3]


def test_a_fresh_block_begins_a_page_but_never_an_empty_one():
    assert pages([Block(10, fresh=True), Block(10, fresh=True)]) == [1, 2]


def test_the_first_pass_finds_anchors():
    places = measure([Block(100, anchor="a"), Block(10, anchor="b")], FRAME)
    assert (places.pages, places.page_of) == (2, {"a": 1, "b": 2})


def test_a_stack_is_as_high_as_its_blocks_and_the_space_between():
    assert stack([Block(10, before=5), Block(10, before=3)]).height == 23
