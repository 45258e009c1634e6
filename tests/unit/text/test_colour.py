import io

import pytest

from batch_credits.text.colour import coloured, takes_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "takes"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": "0"}, False),  # https://no-color.org: whatever it says
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_colour_is_for_terminals_that_have_it_and_people_who_want_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], takes: bool
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert takes_colour(Terminal()) is takes
    assert not takes_colour(io.StringIO()) and not takes_colour(None)
    closed = Terminal()
    closed.close()
    assert not takes_colour(closed) or takes  # whoever writes there finds out


def test_colour_ends_where_its_text_ends() -> None:
    assert coloured("failed", "red") == "\x1b[31mfailed\x1b[0m"
