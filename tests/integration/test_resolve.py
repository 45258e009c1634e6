"""A person's word on a row in review, against the sandbox's own list over real HTTP."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import KeyRefused, Outage, UsageError
from batch_credits.jobs.resolve import say_credited, say_not_credited
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, RequestState
from batch_credits.sandbox import FaultPlan, Sandbox, SandboxSettings
from batch_credits.settings import RunSettings, SiteSettings
from tests.unit.ledger.conftest import Book

SETTINGS = RunSettings(rate_per_minute=0)
MINE = {"customer_id": "c-1", "amount": 100, "currency_code": "USD", "reference": "loyalty-2026"}

Say = Callable[[Ledger, BatchRecord, SiteSettings], Coroutine[Any, Any, Any]]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


def reviewed(book: Book, *, customer: str = "c-1", call: str = "{}", credit_id: str | None = None) -> int:
    """A batch whose row 2 was sent, and is in review."""
    batch = book.plan(book.row(2, customer, "loyalty-2026"))
    run = book.ledger.runs.start(batch)
    [credit] = book.owed(batch)
    book.ledger.claims.commit(run, [], [credit], call)
    credit.open_attempts, credit.attempts, credit.credit_id = 1, 1, credit_id
    book.learn(run, credit, RequestState.REVIEW, reason="nobody knows")
    return batch


def credited(credit_id: str) -> Say:
    return lambda ledger, batch, site: say_credited(ledger, batch, 2, credit_id, site, SETTINGS)


def not_credited(ledger: Ledger, batch: BatchRecord, site: SiteSettings) -> Coroutine[Any, Any, str | None]:
    return say_not_credited(ledger, batch, 2, site, SETTINGS)


def on_a_site(
    book: Book, batch: int, say: Callable[[list[str]], Say], *seeds: dict[str, Any], faults: str = "", **settings: Any
) -> Any:
    """What comes of the word, on a site that has these credits; the word may name their ids."""

    async def main() -> Any:
        async with Sandbox(SandboxSettings(port=0, **settings)) as sandbox:
            ids = sandbox.seed_credits(*seeds)
            sandbox.set_faults(FaultPlan.parse(faults))
            site = SiteSettings("acme-test", sandbox.base_url, "key")
            try:
                return await say(ids)(book.ledger, book.ledger.batches.staged(batch), site)
            finally:
                assert sandbox.truth()["posts"] == 0, "it only asks"

    return asyncio.run(main())


def state_of(book: Book) -> tuple[Any, ...]:
    [row] = book.sql("SELECT state, credit_id, open_attempts, look_first, closing_balance FROM credit_request")
    return tuple(row)


def test_the_credit_that_is_the_row_s(book: Book) -> None:
    listed = on_a_site(book, reviewed(book), lambda ids: credited(ids[1]), {**MINE, "reference": "q4"}, MINE)
    assert state_of(book) == ("credited", listed.credit_id, 0, 0, "200")


@pytest.mark.parametrize("reference", ["LOYALTY-2026", " loyalty-2026\u00a0"])
def test_a_form_that_the_site_keeps(book: Book, reference: str) -> None:
    on_a_site(book, reviewed(book), lambda ids: credited(ids[0]), {**MINE, "reference": reference})
    assert state_of(book)[0] == "credited"


def test_an_id_that_nobody_knows(book: Book) -> None:
    with pytest.raises(UsageError, match="lists no credit nonsense, without a business entity: row 2 stays in review"):
        on_a_site(book, reviewed(book), lambda _: credited("nonsense"), MINE)
    assert state_of(book) == ("review", None, 1, 0, None)


EMEA = '{"chargebee-business-entity-id":"emea"}'


def test_it_is_looked_for_under_the_entity_that_it_was_sent_for(book: Book) -> None:
    on_a_site(book, reviewed(book, call=EMEA), lambda ids: credited(ids[0]), {**MINE, "business_entity_id": "emea"},
              faults="entity_scoped=1")  # fmt: skip
    assert state_of(book)[0] == "credited"


def test_it_is_not_looked_for_under_another_entity(book: Book) -> None:
    with pytest.raises(UsageError, match="for business entity emea: row 2 stays in review"):
        on_a_site(book, reviewed(book, call=EMEA), lambda ids: credited(ids[0]), MINE, faults="entity_scoped=1")
    with pytest.raises(UsageError, match="Row 2 is credited"):
        on_a_site(book, _batch(book), lambda _: not_credited, {**MINE, "business_entity_id": "emea"},
                  faults="entity_scoped=1")  # fmt: skip
    assert state_of(book)[0] == "review"


def _batch(book: Book) -> int:
    return book.ledger.batches.all()[0].batch_id


def test_chargebee_s_silence_settles_nothing_that_is_said_to_be_credited(book: Book) -> None:
    with pytest.raises(Outage) as said:
        on_a_site(book, reviewed(book), lambda ids: credited(ids[0]), MINE, faults="list_error=1")
    assert "Nothing was changed" in said.value.hint
    assert state_of(book) == ("review", None, 1, 0, None)


def test_chargebee_s_silence_leaves_the_look_to_the_next_run(book: Book) -> None:
    batch = reviewed(book, credit_id="cr-named")
    said = on_a_site(book, batch, lambda _: not_credited, MINE, faults="list_error=1")
    assert "internal_error" in said
    assert state_of(book) == ("pending", "cr-named", 0, 1, None), "what an answer named is not forgotten unasked"
    assert book.sql("SELECT 1 FROM finding WHERE reason LIKE '% says: not credited (Chargebee could not be asked)'")


@pytest.mark.parametrize("say", [lambda ids: credited(ids[0]), lambda _: not_credited])
def test_a_key_that_is_refused_changes_nothing(book: Book, say: Callable[[list[str]], Say]) -> None:
    with pytest.raises(KeyRefused):
        on_a_site(book, reviewed(book), say, MINE, api_key="another")
    assert state_of(book) == ("review", None, 1, 0, None)


def test_a_word_that_nothing_speaks_against(book: Book) -> None:
    others = ({**MINE, "reference": "q4"}, {**MINE, "customer_id": "c-2"}, {**MINE, "type": "decrement"})
    assert on_a_site(book, reviewed(book), lambda _: not_credited, *others) is None
    assert state_of(book) == ("pending", None, 0, 1, None)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([MINE], "Row 2 is credited: Chargebee lists"),
        ([MINE, MINE], " and .* for it"),
        ([{**MINE, "reference": "Loyalty-2026"}], "Row 2 is credited"),
        ([{**MINE, "amount": 101}], "with 1.01 USD, general; the row asks for 1.00 USD, general"),
    ],
)
def test_a_word_against_which_chargebee_speaks(book: Book, seeds: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        on_a_site(book, reviewed(book), lambda _: not_credited, *seeds)
    assert state_of(book) == ("review", None, 1, 0, None)


def test_a_list_that_knows_the_stored_form_of_the_customer_s_id_alone(book: Book) -> None:
    """It may be another customer's, too: that is for a person to say."""
    with pytest.raises(UsageError, match="under the reference of row 2, for a customer 'c-1'") as refused:
        on_a_site(book, reviewed(book, customer="C-1"), lambda _: not_credited, MINE, faults="strict_filter=1")
    assert "If that is the row's, say so: --credited" in refused.value.hint
    assert state_of(book)[0] == "review"


def named_by_an_answer(book: Book, say: Callable[[list[str]], Say]) -> Callable[[list[str]], Say]:
    """The word on a row to which an answer named the site's first credit."""

    def named(ids: list[str]) -> Say:
        book.sql("UPDATE credit_request SET credit_id = ?", ids[0])
        return say(ids)

    return named


def test_an_id_that_the_row_s_answer_named(book: Book) -> None:
    """The site cuts texts, so the look cannot know the credit; but it is the one that the answer told of."""
    cut, batch = {**MINE, "reference": "loyal"}, reviewed(book)
    with pytest.raises(UsageError, match="its reference is 'loyal', and the row's is 'loyalty-2026'"):
        on_a_site(book, batch, lambda ids: credited(ids[0]), cut)
    with pytest.raises(UsageError, match="Row 2 is credited"):
        on_a_site(book, batch, named_by_an_answer(book, lambda _: not_credited), cut)
    on_a_site(book, batch, named_by_an_answer(book, lambda ids: credited(ids[0])), cut)
    assert state_of(book)[0] == "credited"
    [(word,)] = book.sql("SELECT reason FROM finding WHERE state = 'credited'")
    assert word.endswith(", under reference 'loyal'")


def test_an_id_that_a_spoilt_answer_named(book: Book) -> None:
    """It is another's, so it keeps nothing from being sent."""
    batch = reviewed(book)
    other = {**MINE, "customer_id": "c-2"}
    assert on_a_site(book, batch, named_by_an_answer(book, lambda _: not_credited), other) is None
    assert state_of(book) == ("pending", None, 0, 1, None)


def test_an_id_that_an_answer_named_and_nobody_lists(book: Book) -> None:
    assert on_a_site(book, reviewed(book, credit_id="cr-named"), lambda _: not_credited) is None
    assert state_of(book) == ("pending", None, 0, 1, None)
