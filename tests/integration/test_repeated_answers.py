"""Answers that come twice, or late: no row is told what was said of another, whichever transport sends it.

The servers here are scripts of bytes. A row is named in each refusal, so a test sees whose refusal it was told. Most
of this can only happen on a connection that is kept, as the direct transport keeps them.
"""

import asyncio
import random
from dataclasses import replace
from typing import Any

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.client import LookFailed
from batch_credits.chargebee.failures import failure_of
from batch_credits.chargebee.transport import direct
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.model import CallKind
from batch_credits.protocol import NoAnswer
from batch_credits.settings import RunSettings, SiteSettings
from tests.integration.test_http_transport import SETTINGS, Server, add, answer, call, way

__all__ = ["way"]  # each test is one of both transports

TWICE = NoAnswer("more than one answer came for one request")
UNREADABLE = ("the call failed: HttpProcessingError", "the call failed: ClientResponseError")
QUIET = 0.5  # in these tests; what is late comes within it, by 0.07 s and what a busy machine adds


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "QUIET_SECONDS", QUIET)


@pytest.fixture
def kept(way: str) -> None:
    """The test is about connections that are kept."""
    if way != "direct":
        pytest.skip("each request has a connection of its own")


def refusal(name: str, *headers: str, status: str = "404 Not Found") -> bytes:
    body = {"api_error_code": "resource_not_found", "message": name, "type": "invalid_request"}
    return answer(status, orjson.dumps(body), *headers)


def credited(name: str) -> bytes:
    return answer(body=orjson.dumps({"promotional_credit": {"id": name}}))


def scripted(*script: tuple[float, bytes] | bytes | None) -> Any:
    """A connection that writes each piece, after so many seconds if any are named; `None` reads a request.

    It stays open until the other side closes it; if asked to close, the first answer says that it will be the last, as
    HTTP has it (RFC 9112, 9.6).
    """

    async def behave(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        last = False
        for step in script:
            if step is None:
                last = b"\r\nconnection: close\r\n" in (await server.read(reader)).lower()
                continue
            seconds, piece = step if isinstance(step, tuple) else (0.0, step)
            await asyncio.sleep(seconds)
            writer.write(piece.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) if last else piece)
            last = False
            await writer.drain()
        await reader.read()

    return behave


async def told(transport: Transport, name: str) -> str:
    """What a row is told: credited, whose refusal, or why nothing is known."""
    try:
        found = await transport.send("POST", "/add", {}, name.encode())
    except Exception as error:
        failure = failure_of(error)
        assert isinstance(failure, NoAnswer)
        return failure.reason
    return in_words(found)


def in_words(found: Answer) -> str:
    if 200 <= found.status < 300:
        return "credited"
    said = orjson.loads(found.body)["message"]
    return f"refused as {said}"


def all_told(server: Server, *names: str, pause: float = 0.0, settings: RunSettings = SETTINGS) -> list[str]:
    """What these rows are told, one after the other."""

    async def work(chargebee: object, transport: Transport) -> list[str]:
        found = []
        for name in names:
            found.append(await told(transport, name))
            await asyncio.sleep(pause)
        return found

    found: list[str] = call(server, work, settings=settings)
    return found


# -- Two answers for one request ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "both",
    [
        refusal("a") * 2,
        credited("a") + refusal("a"),
        refusal("a") + credited("a"),
        credited("a") * 2,
        credited("a") + refusal("a")[:-3],
        credited("a") + b"HTTP/1.1 103 Early Hints\r\n\r\n",
        credited("a") + b"garbage\r\n\r\n",
        refusal("a") + b"\x00\x00",
    ],
    ids=["no, no", "yes, no", "no, yes", "yes, yes", "yes, part of a no", "yes, news", "yes, garbage", "no, NULs"],
)
def test_two_answers_at_once_prove_nothing(both: bytes) -> None:
    server = Server(scripted(None, both), scripted(None, credited("b")))
    first, second = all_told(server, "a", "b")
    assert first in (TWICE.reason, *UNREADABLE)
    assert second == "credited"
    assert server.connections == 2


def test_a_credit_that_was_answered_twice_is_in_doubt() -> None:
    found = call(Server(scripted(None, answer() * 2)), add)
    assert isinstance(found, NoAnswer) and found.reason in (TWICE.reason, *UNREADABLE)


def test_what_comes_behind_an_answer_that_does_not_end_its_connection_is_not_seen_by_a_session(way: str) -> None:
    """The first answer is believed: nobody asked anything before on this connection."""

    async def ignores_the_wish(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        writer.write(refusal("a") + credited("a"))
        await reader.read()

    assert all_told(Server(ignores_the_wish), "a") == [TWICE.reason if way == "direct" else "refused as a"]


def test_a_look_that_was_answered_twice_says_nothing() -> None:
    async def look(chargebee: Any, transport: Transport) -> Any:
        return await chargebee.credits_of("c-1", CallKind.ADD)

    with pytest.raises(LookFailed, match="|".join((TWICE.reason, *UNREADABLE))):
        call(Server(scripted(None, answer(body=b'{"list": []}') * 2)), look)


# -- A refusal ----------------------------------------------------------------------------------------------


def test_a_refusal_on_a_new_connection_is_believed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "QUIET_SECONDS", 60.0)
    assert all_told(Server(scripted(None, refusal("a"))), "a") == ["refused as a"]


@pytest.mark.parametrize("status", ["400 Bad Request", "429 Wait", "503 Unavailable", "302 Found"])
def test_after_a_refusal_its_connection_is_not_used_again(status: str) -> None:
    server = Server(scripted(None, refusal("a", status=status)), scripted(None, credited("b")))
    assert all_told(server, "a", "b") == ["refused as a", "credited"]
    assert server.connections == 2


def test_a_refusal_that_is_repeated_late_is_heard_by_nobody() -> None:
    server = Server(scripted(None, refusal("a"), (0.05, refusal("a"))), scripted(None, credited("b")))
    assert all_told(server, "a", "b", pause=0.1) == ["refused as a", "credited"]


@pytest.mark.usefixtures("kept")
def test_a_refusal_on_a_used_connection_is_believed_once_it_is_quiet() -> None:
    server = Server(scripted(None, credited("a"), None, refusal("b")))

    async def timed(chargebee: object, transport: Transport) -> tuple[list[str], float]:
        first = await told(transport, "a")
        begun = asyncio.get_running_loop().time()
        return [first, await told(transport, "b")], asyncio.get_running_loop().time() - begun

    found, took = call(server, timed)
    assert found == ["credited", "refused as b"]
    assert QUIET * 0.9 < took < QUIET * 4


@pytest.mark.usefixtures("kept")
def test_the_quiet_is_as_long_as_the_slowest_answer() -> None:
    """The true answer comes as late as the one before came: later than the least that is waited."""
    server = Server(scripted(None, (2 * QUIET, credited("a")), None, refusal("a"), (1.5 * QUIET, credited("b"))))
    assert all_told(server, "a", "b") == ["credited", TWICE.reason]


@pytest.mark.usefixtures("kept")
def test_the_quiet_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "LONGEST_QUIET_SECONDS", 0.01)
    server = Server(scripted(None, credited("a"), None, refusal("b"), (0.2, credited("b"))))
    assert all_told(server, "a", "b") == ["credited", "refused as b"]


@pytest.mark.usefixtures("kept")
def test_a_refusal_that_came_in_time_is_not_late_for_the_quiet() -> None:
    settings = replace(SETTINGS, timeout_seconds=QUIET / 2)
    server = Server(scripted(None, credited("a"), None, refusal("b")))
    assert all_told(server, "a", "b", settings=settings) == ["credited", "refused as b"]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("seconds", "late"),
    [
        (0.0, credited("b")),
        (0.0, refusal("b")),
        (0.05, credited("b")),
        (0.05, refusal("b")),
        (0.05, refusal("b")[:-4]),
        (0.05, b"H"),
        (0.05, b"\r\n"),
    ],
    ids=lambda part: repr(part)[:20],
)
def test_a_refusal_that_something_follows_proves_nothing(seconds: float, late: bytes) -> None:
    """It may be the answer of the row before, come twice: the true one follows."""
    server = Server(scripted(None, credited("a"), None, refusal("a"), (seconds, late)), scripted(None, credited("c")))
    assert all_told(server, "a", "b", "c") == ["credited", TWICE.reason, "credited"]
    assert server.connections == 2


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("header", "found"),
    [("Connection: close", "refused as b"), ("X: y", "the connection broke before the answer was whole")],
)
def test_a_used_connection_that_ends_after_a_refusal_must_have_said_so(header: str, found: str) -> None:
    """Else it may have been an answer to nobody, before the end; the row's own was never given."""

    async def ends(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        writer.write(credited("a"))
        await server.read(reader)
        writer.write(refusal("b", header))

    assert all_told(Server(ends), "a", "b") == ["credited", found]


# -- Between two requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [refusal("a"), refusal("a")[:-5], credited("a")], ids=["a no", "part of it", "a yes"])
def test_what_comes_unasked_on_an_idle_connection_answers_no_request(late: bytes) -> None:
    server = Server(scripted(None, credited("a"), (0.05, late)), scripted(None, refusal("b")))
    assert all_told(server, "a", "b", pause=0.15) == ["credited", "refused as b"]
    assert server.connections == 2


@pytest.mark.usefixtures("kept")
def test_what_comes_in_two_parts_around_a_request_answers_none() -> None:
    again = refusal("a")
    server = Server(scripted(None, credited("a"), (0.05, again[:20]), None, again[20:], credited("b")))
    first, second = all_told(server, "a", "b", pause=0.15)
    assert first == "credited"
    assert "refused" not in second and "credited" not in second


# -- Any script ---------------------------------------------------------------------------------------------


def some_script(chance: random.Random, names: list[str]) -> tuple[list[Any], dict[str, str]]:
    """What a peer does that answers each row once, or again, at once or late; and what it answered each."""
    steps: list[Any] = []
    truth: dict[str, str] = {}
    late: list[bytes] = []
    for name in names:
        steps.append(None)
        while late and chance.random() < 0.7:
            steps.append((chance.choice((0.0, 0.01, 0.02)), late.pop()))
        refused = chance.random() < 0.4
        truth[name] = f"refused as {name}" if refused else "credited"
        said = refusal(name) if refused else credited(name)
        steps.append((chance.choice((0.0, 0.0, 0.01, 0.03)), said))
        again = chance.choice((said, refusal(name), b""))
        match chance.choice(("once", "once", "at once", "soon", "late")):
            case "at once":
                steps[-1] = (0.0, said + again)
            case "soon":
                steps.append((chance.choice((0.0, 0.01, 0.05)), again))
            case "late":
                late.append(again)
    return steps, truth


@pytest.mark.parametrize("seed", range(5))
def test_no_row_is_ever_told_anothers_refusal(seed: int, way: str) -> None:
    """Whatever is repeated, and whenever. A credit that is told may be another's: what is in it says so."""

    async def one(number: int) -> dict[str, tuple[str, str]]:
        chance = random.Random(f"{seed}.{number}")
        names = [f"{number}-{row}" for row in range(6)]
        truth: dict[str, str] = {}

        async def peer(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            async def asked() -> str:
                return (await server.read(reader)).rpartition(b"\r\n\r\n")[2].decode()

            name = await asked()  # not always the next: where all are slow, one may be given up before it is read
            [_, *steps], answered = some_script(chance, names[names.index(name) :])
            truth[name] = answered[name]
            for step in steps:
                if step is None:
                    name = await asked()
                    truth[name] = answered[name]
                    continue
                await asyncio.sleep(step[0])
                writer.write(step[1])
                await writer.drain()
            await reader.read()

        found = {}
        async with Server(peer).running() as server:
            site = SiteSettings("acme-test", f"http://127.0.0.1:{server.port}", "key")
            async with http_transport(site, SETTINGS) as sending:
                for name in names:
                    found[name] = await told(sending, name)
                    await asyncio.sleep(chance.choice((0.0, 0.0, 0.02)))
        return {name: (found[name], truth.get(name, "unanswered")) for name in names}

    async def all_of_them() -> list[dict[str, tuple[str, str]]]:
        return await asyncio.gather(*(one(number) for number in range(40)))

    outcomes = [pair for rows in asyncio.run(all_of_them()) for pair in rows.values()]
    wrong = [pair for pair in outcomes if pair[0].startswith("refused") and pair[0] != pair[1]]
    assert not wrong
    assert sum(pair[0].startswith("refused") for pair in outcomes) > 30
    assert way == "session" or sum(pair[0] == TWICE.reason for pair in outcomes) > 10
