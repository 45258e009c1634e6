"""What sending changes of the process it runs in, it gives back."""

import gc

import pytest

from batch_credits.sending.session import COLLECT_EVERY, _rare_collections


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
