"""/metrics and /healthz, asked over a socket."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from batch_credits.errors import UsageError
from batch_credits.metrics.meter import STALLED_SECONDS, Meter
from batch_credits.metrics.reading import Whose
from batch_credits.metrics.server import MAX_AT_ONCE, serving


class Late:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Late()


@pytest.fixture
def meter() -> Meter:
    return Meter(Whose("acme-test", "run"), clock=CLOCK)


@pytest.fixture
def port(meter: Meter) -> Iterator[int]:
    with serving(meter, "127.0.0.1", 0) as port:
        yield port


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def test_metrics_and_health(port: int, meter: Meter) -> None:
    status, content_type, text = ask(port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert status == 200 and content_type.startswith("application/openmetrics-text") and text.endswith("# EOF\n")
    assert ask(port, "/metrics?x=1")[1].startswith("text/plain")
    status, content_type, text = ask(port, "/healthz")
    assert (status, content_type) == (200, "application/json")
    assert json.loads(text) == {"status": "ok", "command": "run", "site": "acme-test"}
    assert ask(port, "/healthz", "HEAD")[::2] == (200, "")
    assert ask(port, "/")[0] == 404
    assert ask(port, "/metrics", "POST")[0] == 501


def test_what_hangs_is_not_healthy(port: int, meter: Meter) -> None:
    meter.beat()
    CLOCK.now += STALLED_SECONDS + 1
    status, _, text = ask(port, "/healthz")
    assert (status, json.loads(text)["status"]) == (503, "stalled")
    meter.rest()
    assert ask(port, "/healthz")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "", "localhost.evil.example"])
def test_a_page_that_rebound_a_name_reads_nothing(port: int, host: str) -> None:
    assert ask(port, "/metrics", Host=host)[0] == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1", "[::1]:9", "[::1]"])
def test_this_machine_by_any_of_its_names(port: int, host: str) -> None:
    assert ask(port, "/healthz", Host=host)[0] == 200


def test_on_another_address_any_name_will_do(meter: Meter) -> None:
    with serving(meter, "0.0.0.0", 0) as port:
        assert ask(port, "/healthz", Host="pod-7.example")[0] == 200


def test_those_that_hang_keep_nobody_out_for_long(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_AT_ONCE)]
    try:
        with pytest.raises((http.client.HTTPException, OSError)):
            for _ in range(100):  # they are taken one after the other
                ask(port, "/healthz")
    finally:
        for each in silent:
            each.close()
    for _ in range(1_000):
        try:
            assert ask(port, "/healthz")[0] == 200
            break
        except (http.client.HTTPException, OSError):
            continue
    else:
        raise AssertionError("nobody gets in any more")


def test_an_address_of_another_machine_is_refused(meter: Meter) -> None:
    with pytest.raises(UsageError) as refused, serving(meter, "192.0.2.1", 9177):
        raise AssertionError("it is ours")
    assert "192.0.2.1" in refused.value.message
    with pytest.raises(UsageError), serving(meter, "no such name.invalid", 9177):
        raise AssertionError("it is ours")
