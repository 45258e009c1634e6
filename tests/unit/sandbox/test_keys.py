"""Idempotency keys, and how long they live."""

import pytest

from batch_credits.sandbox.errors import Answer, ApiError
from batch_credits.sandbox.keys import REPLAYED, KeyStore

REQUEST = ("add", b"amount=1")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def finished(store: KeyStore, key: str = "k") -> None:
    store.finish(store.begin(key, REQUEST), Answer(200, b"{}"))


def test_the_same_request_is_replayed() -> None:
    store = KeyStore(Clock())
    finished(store)

    answer = store.begin("k", REQUEST).answer
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"{}")
    assert REPLAYED in answer.headers


@pytest.mark.parametrize("other", [("add", b"amount=2"), ("deduct", b"amount=1")])
def test_another_request_under_the_key_is_refused(other: tuple[str, bytes]) -> None:
    store = KeyStore(Clock())
    finished(store)

    with pytest.raises(ApiError) as caught:
        store.begin("k", other)
    assert (caught.value.status, caught.value.api_error_code) == (422, "unable_to_process_request")


def test_a_duplicate_of_a_running_request_is_refused() -> None:
    store = KeyStore(Clock())
    store.begin("k", REQUEST)

    with pytest.raises(ApiError) as caught:
        store.begin("k", REQUEST)
    assert (caught.value.status, caught.value.api_error_code) == (409, "invalid_state_for_request")


def test_a_key_is_forgotten_after_thirty_minutes() -> None:
    clock = Clock()
    store = KeyStore(clock)
    finished(store, "old")
    clock.now = 1000
    finished(store, "young")

    clock.now = 1799.9
    assert store.begin("old", REQUEST).answer is not None
    clock.now = 1800
    assert store.begin("old", REQUEST).answer is None
    assert store.begin("young", REQUEST).answer is not None


def test_a_release_forgets_the_request_but_not_a_newer_one() -> None:
    clock = Clock()
    store = KeyStore(clock)
    first = store.begin("k", REQUEST)
    clock.now = 1800
    second = store.begin("k", REQUEST)
    assert second is not first

    store.release(first)
    with pytest.raises(ApiError):
        store.begin("k", REQUEST)
    store.release(second)
    assert store.begin("k", REQUEST).answer is None


@pytest.mark.parametrize(("compare_headers", "replayed"), [(False, True), (True, False)])
def test_whether_headers_are_part_of_the_request(compare_headers: bool, replayed: bool) -> None:
    store = KeyStore(Clock())
    mine, other = (("chargebee-event-email", "all-disabled"),), ()
    store.finish(store.begin("k", REQUEST, mine, compare_headers=compare_headers), Answer(200, b"{}"))

    assert store.begin("k", REQUEST, mine, compare_headers=compare_headers).answer is not None
    if replayed:
        assert store.begin("k", REQUEST, other, compare_headers=compare_headers).answer is not None
    else:
        with pytest.raises(ApiError) as caught:
            store.begin("k", REQUEST, other, compare_headers=compare_headers)
        assert (caught.value.status, caught.value.api_error_code) == (422, "unable_to_process_request")


def test_keys_can_be_forgotten_at_once() -> None:
    store = KeyStore(Clock())
    for key in "abc":
        finished(store, key)

    assert store.forget("a")
    assert not store.forget("a")
    assert store.begin("a", REQUEST).answer is None
    assert store.begin("b", REQUEST).answer is not None
    store.forget_all()
    assert [store.begin(key, REQUEST).answer for key in "bc"] == [None, None]


@pytest.mark.parametrize("key", ["", "k" * 101])
def test_a_key_has_one_to_a_hundred_characters(key: str) -> None:
    with pytest.raises(ApiError) as caught:
        KeyStore(Clock()).begin(key, REQUEST)
    assert caught.value.status == 400
    KeyStore(Clock()).begin("k" * 100, REQUEST)


@pytest.mark.parametrize(("key", "ignored"), [(None, False), ("k", True)])
def test_without_a_key_every_request_is_new(key: str | None, ignored: bool) -> None:
    store = KeyStore(Clock(), ignored=ignored)
    for _ in range(2):
        remembered = store.begin(key, REQUEST)
        assert remembered.answer is None
        store.finish(remembered, Answer(200, b"{}"))
