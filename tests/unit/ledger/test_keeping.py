"""Whether a ledger may have forgotten what was paid: what it says of itself, and what lifts that."""

from datetime import UTC, datetime
from typing import Any

from batch_credits.ledger.keeping import what_mends

SITE, OTHER = "acme-test", "acme"
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def known_to_both(book: Any) -> Any:
    for site in (SITE, OTHER):
        book.ledger.sites.note_address(site, f"https://{site}.example")
    return book.ledger.keeping


def restore(book: Any) -> None:
    """It is used again after it was copied, and knows all until the end of 2100."""
    book.sql("INSERT INTO restored SELECT count(*) + 1, 1, 'a dump', 4133980800000 FROM restored")


def test_what_is_to_be_learned_of_a_site_is_forgotten_of_that_alone_until_it_is(book: Any) -> None:
    keeping = known_to_both(book)
    keeping.begin_learning(SITE, EARLY)
    book.reopen()
    keeping = book.ledger.keeping
    why = keeping.why_unproven(SITE)
    assert why == f"`reconcile --since 2026-01-01` of {SITE} has not come to its end"
    assert what_mends(why) == "`reconcile --since 2026-01-01` has come to its end"
    assert keeping.restored()[0] == why
    assert keeping.why_unproven(OTHER) is None
    assert not keeping.learned(OTHER, EARLY, ties_out=True)
    assert keeping.learned(SITE, EARLY, ties_out=False)
    assert keeping.why_unproven(SITE) is keeping.restored() is None


def test_what_was_learned_from_a_later_day_on_is_not_all(book: Any) -> None:
    keeping = known_to_both(book)
    keeping.begin_learning(SITE, EARLY)
    keeping.begin_learning(SITE, LATE)
    assert not keeping.learned(SITE, LATE, ties_out=False)
    assert not keeping.learned(SITE, LATE, ties_out=True)
    assert keeping.learned(SITE, EARLY, ties_out=False)


def test_what_is_begun_again_is_noted_once(book: Any) -> None:
    keeping = known_to_both(book)
    for _ in range(2):
        keeping.begin_learning(SITE, EARLY)
    assert book.sql("SELECT count(*) FROM restored") == [(1,)]
    keeping.learned(SITE, EARLY, ties_out=False)
    keeping.begin_learning(SITE, EARLY)
    assert keeping.why_unproven(SITE) is not None


def test_to_learn_all_lifts_nothing_of_a_restore(book: Any) -> None:
    keeping = known_to_both(book)
    restore(book)
    keeping.begin_learning(SITE, EARLY)
    assert keeping.why_unproven(SITE) == "a dump"
    assert "--whole" in what_mends("a dump")
    assert not keeping.learned(SITE, EARLY, ties_out=False)
    assert keeping.learned(SITE, EARLY, ties_out=True)
    assert keeping.why_unproven(SITE) is None
    assert keeping.restored()[0] == keeping.why_unproven(OTHER) == "a dump"


def test_what_was_learned_for_one_business_entity_is_no_proof_for_another(book: Any) -> None:
    keeping = known_to_both(book)
    keeping.begin_learning(SITE, EARLY)
    assert keeping.learned(SITE, EARLY, ties_out=False, business_entity_id="emea")
    assert keeping.why_unproven(SITE, "emea") is keeping.why_unproven(OTHER) is keeping.restored() is None
    why = keeping.why_unproven(SITE)
    assert why == f"`reconcile --since 2026-01-01` of {SITE} has not come to its end without a business entity"
    assert what_mends(why) == "`reconcile --since 2026-01-01` without --business-entity has come to its end"
    why = str(keeping.why_unproven(SITE, "apac"))
    assert what_mends(why) == "`reconcile --since 2026-01-01` with --business-entity apac has come to its end"
    keeping.begin_learning(SITE, LATE)
    assert keeping.learned(SITE, LATE, ties_out=False)
    assert keeping.why_unproven(SITE, "emea") is keeping.why_unproven(SITE) is None
    assert keeping.why_unproven(SITE, "apac") == why


def test_a_restored_ledger_knows_nothing_of_what_was_learned_before(book: Any) -> None:
    keeping = known_to_both(book)
    keeping.begin_learning(SITE, EARLY)
    keeping.learned(SITE, EARLY, ties_out=False, business_entity_id="emea")
    restore(book)
    assert keeping.learned(SITE, EARLY, ties_out=True)
    assert keeping.why_unproven(SITE) is None
    assert "for business entity emea" in str(keeping.why_unproven(SITE, "emea"))
    too_late = datetime(2101, 1, 1, tzinfo=UTC)
    keeping.begin_learning(SITE, too_late)
    assert keeping.learned(SITE, too_late, ties_out=False, business_entity_id="emea")
    assert keeping.why_unproven(SITE) is None
    assert "for business entity emea" in str(keeping.why_unproven(SITE, "emea"))
