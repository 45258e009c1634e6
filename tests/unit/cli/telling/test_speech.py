"""Words that nobody reads go nowhere, and no text acts on the screen."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.cli import _unexpected
from batch_credits.cli.telling import speech
from batch_credits.errors import LedgerError, RunStopped


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


def test_what_is_read_is_written(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    stream = speech.unfailing(None, writing)
    stream.write("Zoë \udcff\n")
    stream.flush()
    assert os.read(reading, 100) == "Zoë \\udcff\n".encode()
    assert stream.fileno() == writing and not stream.isatty()


def test_after_its_reader_has_gone_nothing_fails(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.close(reading)
    stream = speech.unfailing(None, writing)
    for _ in range(3):
        stream.write("x" * 100_000)
        stream.flush()
    stream.close()


def test_a_full_disk_behind_it() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    stream = speech.unfailing(None, full)
    stream.write("words")
    stream.flush()
    stream.close()
    os.close(full)


def test_a_reader_who_is_slow_gets_it_all(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    stream = speech.unfailing(None, writing)
    read = bytearray()

    def slowly() -> None:
        while len(read) < 300_000:
            read.extend(os.read(reading, 10_000))

    reader = threading.Thread(target=slowly)
    reader.start()
    stream.write("x" * 300_000)
    stream.flush()
    reader.join(20)
    assert len(read) == 300_000


def test_a_character_that_the_stream_has_not_is_escaped(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="latin-1") as latin:
        stream = speech.unfailing(latin, latin.fileno())
        stream.write("Zoë 東")
        stream.flush()
    assert (tmp_path / "out").read_bytes() == "Zoë \\u6771".encode("latin-1")


def test_no_text_acts_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    speech.say("one \x1b[2J\ntwo\u202e")
    speech.show_error(LedgerError("bad\x07\nAll 3 rows credited.", hint="mend\x1b"))
    said = capsys.readouterr()
    assert said.out == "one \\u001b[2J\ntwo\\u202e\n"
    assert said.err == "Error: bad\\u0007 All 3 rows credited.\n  mend\\u001b\n"


def test_what_was_typed_wrongly_is_shown(call: object, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call("nonsense\x1b[2J")  # type: ignore[operator]
    assert (code, out) == (2, "")
    assert "nonsense" in err and "\x1b" not in err


def test_codes() -> None:
    assert [speech.exit_code_of(error) for error in (LedgerError(""), RunStopped(""))] == [2, 4]


@pytest.mark.parametrize("has_place", [True, False])
def test_a_bug_is_a_sentence_and_its_details_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_place: bool
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path if has_place else tmp_path / "missing"))
    told = _unexpected(ZeroDivisionError("x\udcff"))
    assert told.message == "This is a bug in batch-credits: ZeroDivisionError."
    written = list(tmp_path.glob("batch-credits-*.txt"))
    assert len(written) == has_place
    assert "running again carries on" in told.hint
    assert (str(written[0]) if written else "cannot be written down: No such file") in told.hint


def test_what_the_system_refused_is_no_bug() -> None:
    told = _unexpected(OSError(28, "No space left on device", "somewhere"))
    assert told.message == "The system refused something: No space left on device (somewhere)."
