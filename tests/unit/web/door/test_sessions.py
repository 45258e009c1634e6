"""Promise: a link lets one browser in, and nobody stays for ever."""

import pytest

from batch_credits.web.door.sessions import LinkUsed, Sessions

DAY = 24 * 3600


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def entered(sessions: Sessions) -> str:
    cookie = sessions.enter(sessions.new_link())
    assert cookie is not None
    return cookie


def test_a_link_works_once() -> None:
    sessions = Sessions("Ada")
    link = sessions.token
    cookie = sessions.enter(link)
    assert cookie is not None
    assert sessions.actor_of(cookie) == "Ada"
    assert sessions.token == ""
    with pytest.raises(LinkUsed):
        sessions.enter(link)


def test_what_is_no_link_lets_nobody_in_and_uses_nothing_up() -> None:
    sessions = Sessions("Ada")
    for guessed in ("", "x", sessions.token[:-1], sessions.token + "x", "\udcff", "é"):
        assert sessions.enter(guessed) is None
    assert sessions.enter(sessions.token) is not None


def test_tokens_are_long_and_of_chance() -> None:
    made = {Sessions("Ada").token for _ in range(50)}
    assert len(made) == 50
    assert min(map(len, made)) >= 40


def test_another_link_lets_another_browser_in_and_the_first_stays_used() -> None:
    sessions = Sessions("Ada")
    first = sessions.token
    cookie = sessions.enter(first)
    assert cookie is not None
    second = sessions.new_link()
    assert second != first
    with pytest.raises(LinkUsed):
        sessions.enter(first)
    assert sessions.enter(second) not in (None, cookie)
    assert sessions.actor_of(cookie) == "Ada"


def test_a_link_that_was_not_used_does_not_work_beside_the_next() -> None:
    sessions = Sessions("Ada")
    first = sessions.token
    sessions.new_link()
    assert sessions.enter(first) is None


def test_whoever_waits_for_it_hears_that_a_link_was_used_and_of_nothing_else() -> None:
    sessions, heard = Sessions("Ada"), []
    sessions.when_used = lambda: heard.append("used")
    sessions.enter("guessed")
    assert heard == []
    link = sessions.token
    sessions.enter(link)
    with pytest.raises(LinkUsed):
        sessions.enter(link)
    assert heard == ["used"]


def test_nobody_stays_for_longer_than_a_working_day() -> None:
    clock = Clock()
    sessions = Sessions("Ada", clock)
    cookie = entered(sessions)
    clock.now = 8 * 3600
    assert sessions.actor_of(cookie) == "Ada"
    clock.now = DAY
    assert sessions.actor_of(cookie) is None
    clock.now = 0
    assert sessions.actor_of(cookie) is None, "and does not come back"


def test_only_so_many_are_in_and_the_first_goes_first() -> None:
    sessions = Sessions("Ada")
    cookies = [entered(sessions) for _ in range(201)]
    assert sessions.actor_of(cookies[0]) is None
    assert [sessions.actor_of(cookie) for cookie in cookies[1:]] == ["Ada"] * 200


def test_no_token_and_no_cookie_is_kept_as_it_is() -> None:
    sessions = Sessions("Ada")
    link = sessions.token
    cookie = sessions.enter(link)
    assert cookie is not None
    kept = repr(vars(sessions))
    assert link not in kept
    assert cookie not in kept


def test_a_form_s_token_is_of_one_session_of_one_server() -> None:
    sessions, other = Sessions("Ada"), Sessions("Ada")
    token = sessions.form_token("cookie a")
    assert sessions.is_form_token("cookie a", token)
    for whose, said in (("cookie b", token), ("cookie a", ""), ("cookie a", token[:-1]), ("cookie a", "é")):
        assert not sessions.is_form_token(whose, said)
    assert not other.is_form_token("cookie a", token)
