"""Telling beside the run: tried a few times, under one id, within bounds, and said once for each target."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from batch_credits.notices import post as module
from batch_credits.notices.notice import Notice
from batch_credits.notices.post import Post
from batch_credits.notices.targets import Command, Target, webhook_of
from batch_credits.notices.undelivered import Undelivered
from tests.unit.notices.samples import COMMAND, ENDED, MAIL, STARTED

HOOK = webhook_of("https://a.example/secret")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What each way to tell was asked for; `does` says what it then does."""
    seen: list[tuple[str, str]] = []
    seen_does: dict[str, Callable[[], None]] = {}

    def way(name: str) -> Callable[..., None]:
        def tell(target: Target, notice: Notice, *_: object) -> None:
            seen.append((name, notice.id))
            seen_does.get(name, lambda: None)()

        return tell

    for name in ("post", "write", "start"):
        monkeypatch.setattr(module, name, way(name))
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.001, 0.001))
    monkeypatch.setattr(module, "_TICK_SECONDS", 0.001)
    return seen, seen_does


def fails(*reasons: str, is_final: bool = False) -> Callable[[], None]:
    """Fails with each of these, then no more."""
    left = [*reasons]

    def act() -> None:
        if left:
            raise Undelivered(left.pop(0), is_final=is_final)

    return act


def test_each_target_gets_its_notices_in_their_order(told: Any) -> None:
    post = Post([HOOK, MAIL, COMMAND])
    post.tell([(HOOK, STARTED)])
    post.tell([(HOOK, ENDED), (MAIL, ENDED), (COMMAND, ENDED)])
    assert post.close() == []
    assert [notice for name, notice in told[0] if name == "post"] == [STARTED.id, ENDED.id]
    assert sorted(name for name, _ in told[0]) == ["post", "post", "start", "write"]


def test_it_is_tried_again_under_the_same_id(told: Any) -> None:
    seen, does = told
    does["post"] = fails("it answered 500", "Connection refused")
    post = Post([HOOK])
    post.tell([(HOOK, ENDED)])
    assert post.close() == []
    assert seen == [("post", ENDED.id)] * 3


def test_it_is_not_tried_for_ever_and_said_once(told: Any) -> None:
    seen, does = told
    does["post"] = fails(*["it answered 500"] * 100)
    post = Post([HOOK])
    post.tell([(HOOK, ENDED)])
    [said] = post.close()
    assert said == "Notice (ended) not delivered to a.example: it answered 500."
    assert len(seen) == 3


def test_what_stays_the_same_is_not_tried_again(told: Any) -> None:
    seen, does = told
    does["write"] = fails("it does not accept the user and the password", is_final=True)
    post = Post([MAIL])
    post.tell([(MAIL, ENDED)])
    assert post.close() == [
        "Notice (ended) not delivered to mail by mail.example.com: it does not accept the user and the password."
    ]
    assert len(seen) == 1


def test_several_that_failed_are_one_sentence(told: Any) -> None:
    told[1]["post"] = fails(*["it answered 500"] * 100)
    post = Post([HOOK])
    post.tell([(HOOK, STARTED)])
    post.tell([(HOOK, ENDED)])
    assert post.close() == ["Notice (started and ended) not delivered to a.example: it answered 500."]


def test_one_that_failed_makes_way_for_the_next(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, does = told
    is_next = threading.Event()

    def first_waits() -> None:
        if len(seen) == 1:
            is_next.wait(10)
            raise Undelivered("it did not answer in time")

    does["post"] = first_waits
    post = Post([HOOK])
    post.tell([(HOOK, STARTED)])
    post.tell([(HOOK, ENDED)])
    is_next.set()
    assert post.close() == ["Notice (started) not delivered to a.example: it did not answer in time."]
    assert seen == [("post", STARTED.id), ("post", ENDED.id)]


def test_who_does_not_answer_is_waited_for_no_longer_than_said(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    told[1]["post"] = lambda: release.wait(60)
    monkeypatch.setattr(module, "END_SECONDS", 0.05)
    post = Post([HOOK, MAIL])
    began = time.monotonic()
    post.tell([(HOOK, STARTED)])
    post.tell([(HOOK, ENDED), (MAIL, ENDED)])
    assert time.monotonic() - began < 5, "to tell waits for nothing"
    assert post.close() == ["Notice (started and ended) not delivered to a.example: it did not answer in time."]
    assert time.monotonic() - began < 30
    release.set()


def test_who_asks_for_the_end_gets_it(told: Any) -> None:
    release = threading.Event()
    told[1]["post"] = lambda: release.wait(60)
    post = Post([HOOK])
    post.tell([(HOOK, ENDED)])
    threading.Timer(0.05, post.give_up).start()
    began = time.monotonic()
    assert len(post.close()) == 1
    assert time.monotonic() - began < 5
    release.set()


def test_whoever_looks_on_is_told_once_that_it_waits(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    release, wondered = threading.Event(), list[bool]()
    told[1]["post"] = lambda: release.wait(60)
    post = Post([HOOK])
    post.tell([(HOOK, ENDED)])

    def wonders() -> None:
        wondered.append(True)
        threading.Timer(0.1, release.set).start()

    assert post.close(wonders) == []
    assert wondered == [True]


def test_a_command_has_its_own_time_but_where_the_end_is_asked_for_twice() -> None:
    post = Post([Command(("x",), 600.0)])
    [carrier] = post._carriers
    assert carrier.seconds > 600
    carrier.finish(module.HURRIED_SECONDS)
    assert carrier._until is not None and carrier._until < time.monotonic() + 10
    assert post.close(is_hurried=True) == []


def test_a_bug_of_ours_is_said_and_ends_nothing(told: Any) -> None:
    def bug() -> None:
        raise KeyError("customer c-1")

    told[1]["start"] = bug
    post = Post([COMMAND])
    post.tell([(COMMAND, ENDED)])
    assert post.close() == ["The command of --on-finish failed: this is a bug in batch-credits: KeyError."]


def test_a_system_without_a_thread_to_give(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    post = Post([HOOK])
    post.tell([(HOOK, ENDED)])
    assert post.close() == ["Notice (ended) not delivered to a.example: it did not answer in time."]


def test_nobody_to_tell_takes_no_time() -> None:
    post = Post([])
    post.tell([])
    assert post.close() == []
