"""Times as people read them."""

from batch_credits.ledger.times import iso_time


def test_times_are_utc_and_say_so() -> None:
    assert iso_time(1_790_000_000_123) == "2026-09-21T14:13:20.123Z"
    assert iso_time(0) == "1970-01-01T00:00:00.000Z"
    assert iso_time(None) is None
