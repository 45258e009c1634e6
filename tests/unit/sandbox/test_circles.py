"""Lists that do not end."""

import pytest

from batch_credits.sandbox.circles import circling_page
from batch_credits.sandbox.queries import CreditQuery, Record, read_credit_query, write_offset

COUNT = 9


def show(query: CreditQuery) -> Record:
    """A page of a list of `COUNT` credits, newest first, as the site shows it."""
    end = COUNT if query.before is None else min(query.before, COUNT)
    numbers = list(range(end - 1, -1, -1))
    page: Record = {"list": numbers[: query.limit]}
    if len(numbers) > query.limit:
        page["next_offset"] = write_offset(str(numbers[query.limit - 1]))
    return page


def pages_of(limit: int, walked: int, *, endless: bool) -> tuple[list[list[int]], list[str]]:
    """What so many pages in turn hold, and the offsets they gave out."""
    pages, offsets = [], []
    query = f"limit={limit}"
    for _ in range(walked):
        page = circling_page(show, read_credit_query(query.encode()), endless=endless)
        pages.append(page["list"])
        offsets.append(page["next_offset"])
        query = f"limit={limit}&offset={page['next_offset']}"
    return pages, offsets


def test_a_circle_leads_through_three_pages_for_ever() -> None:
    pages, offsets = pages_of(2, 7, endless=False)

    assert pages == [[8, 7], [6, 5], [4, 3], [8, 7], [6, 5], [4, 3], [8, 7]]
    assert offsets[:3] == offsets[3:6]
    assert len(set(offsets)) == 3


def test_an_endless_list_shows_all_and_then_the_first_page_under_new_offsets() -> None:
    pages, offsets = pages_of(4, 9, endless=True)

    assert pages == [[8, 7, 6, 5], [4, 3, 2, 1], [0], *[[8, 7, 6, 5]] * 6]
    assert len(set(offsets)) == 9


@pytest.mark.parametrize("endless", [False, True])
def test_a_list_of_one_page_does_not_end_either(endless: bool) -> None:
    pages, offsets = pages_of(100, 6, endless=endless)

    assert pages == [list(range(8, -1, -1))] * 6
    assert len(set(offsets)) == (6 if endless else 3)


def test_an_offset_of_a_circle_is_the_beginning_where_there_is_none() -> None:
    _, [offset] = pages_of(4, 1, endless=True)

    assert show(read_credit_query(f"limit=4&offset={offset}".encode()))["list"] == [8, 7, 6, 5]
