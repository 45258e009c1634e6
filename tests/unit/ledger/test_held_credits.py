"""What of a batch can be undone."""

from typing import Any

from batch_credits.call import call_for
from batch_credits.model import RequestState


def test_the_business_entities_that_were_credited_are_those_of_the_runs_that_sent(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch)
    first, second, third = book.owed(batch)
    book.send(run, first, call=call_for("emea"))
    book.learn(run, first, RequestState.CREDITED)
    book.send(run, second, call=call_for("apac"))
    book.learn(run, second, RequestState.FAILED)
    assert book.ledger.held_credits.entities(batch) == ["emea"]
    assert book.ledger.listing.entities(batch) == ["apac", "emea"]
    book.send(run, third, call=call_for(None))
    book.learn(run, third, RequestState.CREDITED)
    assert book.ledger.held_credits.entities(batch) == [None, "emea"]
