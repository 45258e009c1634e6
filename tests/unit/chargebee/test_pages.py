"""A list in pages is followed while it gets anywhere, and no further."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee.pages import MAX_BARREN_PAGES, MAX_PAGES, Pages


def ids(page: int, of: int = 100) -> list[str]:
    return [f"cr-{page}-{number}" for number in range(of)]


def test_a_long_list_is_read_to_its_end() -> None:
    pages = Pages()
    assert not any(pages.no_way_on(ids(page, 3), f"offset-{page}") for page in range(2_000))


@pytest.mark.parametrize("length", [1, 2, 3, 17])
def test_offsets_that_circle_are_followed_once(length: int) -> None:
    pages = Pages()
    found = [pages.no_way_on(ids(page), str(page % length)) for page in range(length + 1)]
    assert found == [""] * length + ["the list repeats itself"]


def pages_followed(content: "list[list[str]]") -> int:
    """How many pages are read of a list that shows these over and over, under offsets that are always new."""
    pages = Pages()
    return next(page for page in count(1) if pages.no_way_on(content[(page - 1) % len(content)], f"new-{page}"))


@pytest.mark.parametrize("content", [[[]], [ids(1)], [ids(1), ids(2), []], [ids(1)[:50], ids(1)[40:], ids(1)[::-1]]])
def test_ever_new_offsets_without_anything_new_end(content: list[list[str]]) -> None:
    assert pages_followed(content) <= len(content) + MAX_BARREN_PAGES


def test_a_circle_of_many_pages_under_new_offsets_ends() -> None:
    content = [ids(page) for page in range(400)]
    assert pages_followed(content) <= 400 + MAX_BARREN_PAGES


def test_some_pages_may_bring_nothing_new() -> None:
    """A site that filters after it pages; and credits added meanwhile, which push a page's into the next."""
    pages, offsets = Pages(), count()
    for page in range(20):
        for content in (ids(page), ids(page), *[[]] * (MAX_BARREN_PAGES - 3)):
            assert not pages.no_way_on(content, str(next(offsets)))


def test_even_a_list_that_always_brings_something_new_has_a_bound() -> None:
    pages = Pages()
    followed = next(page for page in count(1) if pages.no_way_on([str(page)], f"new-{page}"))
    assert followed == MAX_PAGES
    assert len(pages._offsets) <= MAX_PAGES
    assert len(pages._ids) + len(pages._older_ids) <= 100_200


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdef")), st.sampled_from("uvwxyz")), max_size=30))
def test_no_offset_is_followed_twice(pages_told: list[tuple[set[str], str]]) -> None:
    pages, followed = Pages(), set()
    for content, offset in pages_told:
        if pages.no_way_on(content, offset):
            assert offset in followed
            break
        assert offset not in followed
        followed.add(offset)
