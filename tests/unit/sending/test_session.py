"""What sending changes of the process it runs in, it gives back."""

import gc

import pytest

from batch_credits.sending.session import COLLECT_EVERY, _rare_collections, fewer_commits
from batch_credits.settings import RunSettings


def test_garbage_is_collected_rarely_and_as_before_however_it_ended() -> None:
    usual = gc.get_threshold()
    gc.set_threshold(700, 11, 12)
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), _rare_collections():
        assert gc.get_threshold() == (COLLECT_EVERY, *before[1:])
        assert gc.get_freeze_count() > 0, "what the start has made is walked over again and again"
        1 / 0  # noqa: B018
    after = gc.get_threshold()
    gc.set_threshold(*usual)
    assert (after, gc.get_freeze_count()) == (before, 0)


def test_on_a_server_answers_wait_for_company_where_there_is_no_limit() -> None:
    limited, unlimited = (fewer_commits(RunSettings(rate_per_minute=rate)) for rate in (150, 0))
    assert (limited.flush_seconds, limited.pages_at_once) == (0.02, 1)
    assert (unlimited.flush_seconds, unlimited.pages_at_once) == (pytest.approx(0.1), 3)
