"""Idempotency keys: what was asked under a key, when, and what the answer was (Chargebee API docs).

A key lives for 30 minutes. The docs do not say from when: here from the request's arrival, the shorter of the two.
What a duplicate gets while the first still runs is not documented either: here 409.
"""

from collections.abc import Callable
from dataclasses import dataclass

from batch_credits.sandbox.errors import Answer, ApiError, wrong_value

KEY_HEADER = "chargebee-idempotency-key"
REPLAYED = ("chargebee-idempotency-replayed", "true")
WINDOW_SECONDS = 30 * 60.0
MAX_KEY_LENGTH = 100

Headers = tuple[tuple[str, str], ...]  # of one request: names in lower case and values, sorted


@dataclass(slots=True, eq=False)
class Remembered:
    """One request under one key; the answer is None while the request runs."""

    key: str | None
    request: tuple[str, bytes]
    headers: Headers
    arrived_at: float
    answer: Answer | None = None


class KeyStore:
    """Remembers requests by key. With `ignored` it remembers nothing, as if no key had been sent."""

    def __init__(self, clock: Callable[[], float], *, ignored: bool = False) -> None:
        self.ignored = ignored
        self._clock = clock
        self._by_key: dict[str, Remembered] = {}  # in order of arrival

    def begin(
        self, key: str | None, request: tuple[str, bytes], headers: Headers = (), *, compare_headers: bool = False,
        by_key_alone: bool = False,
    ) -> Remembered:  # fmt: skip
        """Look the key up, or take it: with an answer in it, the entry is a replay; without, the request may run.

        `request` is whatever must be equal for a replay: the operation and the body. Whether those of the headers
        that change what is done must be too is not documented: only with `compare_headers`. Nothing need be equal with
        `by_key_alone`.

        Raises:
            ApiError: 400, the key is too long; 409, the first request still runs; 422, it was another request.
        """
        if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
            raise wrong_value(KEY_HEADER, f"must have 1 to {MAX_KEY_LENGTH} characters")
        now = self._clock()
        if key is None or self.ignored:
            return Remembered(None, request, headers, now)
        self._forget_before(now - WINDOW_SECONDS)
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = Remembered(key, request, headers, now)
        elif not by_key_alone and (found.request != request or (compare_headers and found.headers != headers)):
            raise ApiError(422, "unable_to_process_request", "The idempotency key was used for another request")
        elif found.answer is None:
            raise ApiError(409, "invalid_state_for_request", "The first request with this idempotency key still runs")
        return found

    def finish(self, remembered: Remembered, answer: Answer) -> None:
        """Keep the answer for whoever asks again under the same key."""
        remembered.answer = Answer(answer.status, answer.body, (*answer.headers, REPLAYED))

    def release(self, remembered: Remembered) -> None:
        """Forget the request: the next one under its key runs anew."""
        if remembered.key is not None and self._by_key.get(remembered.key) is remembered:
            del self._by_key[remembered.key]

    def is_running(self, key: str) -> bool:
        """Whether the first request under this key has no answer yet."""
        found = self._by_key.get(key)
        return found is not None and found.answer is None

    def forget(self, key: str) -> bool:
        """Forget whatever was asked under a key; whether there was something."""
        return self._by_key.pop(key, None) is not None

    def forget_all(self) -> None:
        """Forget every key, as if all of them were old."""
        self._by_key.clear()

    def _forget_before(self, moment: float) -> None:
        while self._by_key:
            key = next(iter(self._by_key))
            if self._by_key[key].arrived_at > moment:
                return
            del self._by_key[key]
