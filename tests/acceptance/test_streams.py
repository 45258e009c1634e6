"""Promise: who listens, and where, changes neither what is done nor the exit code; and no text acts on the screen."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_credits.cli import batch_credits
from tests.acceptance.harness import (
    Command,
    Ended,
    Running,
    Site,
    Streams,
    clean_environment,
    each_once,
    finish,
    payout,
    write_csv,
)
from tests.acceptance.test_broken_world import serving
from tests.acceptance.warm import NOBODY

# Arguments of each command that say something, and the exit code; BATCH is a batch of one file.
CALLS = {
    "check": (("payout.csv",), 0),
    "run": (("payout.csv", "--yes", "--rate", "0"), 0),
    "status": ((), 0),
    "report": (("BATCH",), 0),
    "reconcile": (("BATCH",), 0),
    "resolve": (("BATCH", "--row", "2", "--not-credited"), 2),
    "reverse": (("BATCH", "--yes", "--rate", "0"), 0),
    "pack": (("BATCH",), 0),
    "verify": (("nothing",), 2),
    "approve": (("payout.csv", "--show"), 2),
    "approvers": (("list",), 0),
    "doctor": ((), 0),
    "explain": ((), 0),
    "template": ((), 0),
    "init": (("--site", "acme-test", "--print"), 0),
    "ledger": (("check", "--ledger", "LEDGER"), 0),
    "work": (("--until-idle",), 2),
    "sandbox": (("--faults", "nonsense"), 2),
    "watch": (("nowhere",), 2),
    "web": (("--listen", "0.0.0.0"), 2),
}


def nobody_reads(number: int) -> Callable[[], None]:
    """A pipe whose reader has gone."""

    def prepare() -> None:
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, number)

    return prepare


def is_full(number: int) -> Callable[[], object]:
    """A file on a disk without room."""
    return lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), number)


def is_closed(*numbers: int) -> Callable[[], None]:
    """Streams that a scheduler closed."""

    def prepare() -> None:
        for number in numbers:
            os.close(number)

    return prepare


# Those of a warm process, by what each of its own streams is.
ODD_FILES: dict[str, Streams] = {
    "stdout: nobody reads": (None, NOBODY, None),
    "stderr: nobody reads": (None, None, NOBODY),
    "stdout: full": (None, "/dev/full", None),
    "stderr: full": (None, None, "/dev/full"),
}
ODD_STREAMS = {
    "stdout: nobody reads": nobody_reads(1),
    "stderr: nobody reads": nobody_reads(2),
    "stdout: full": is_full(1),
    "stderr: full": is_full(2),
    "all closed": is_closed(0, 1, 2),
}


def with_streams(command: Command, prepare: Callable[[], object], *arguments: object) -> Ended:
    """Run a command whose streams are odd, from nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_credits", *map(str, arguments)],
        cwd=command.folder, env=command.variables({}), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=prepare,
    )  # fmt: skip
    return finish(process)


def test_every_command_is_here() -> None:
    assert set(CALLS) == set(batch_credits.commands)


# From nothing, since how Python comes up is tried too: `run` without any stream, and before a pipe that nobody reads;
# the others where there is time. In a warm process what each command does, and how Python goes down.
FROM_NOTHING = (("run", "stdout: nobody reads"), ("run", "all closed"))
SHARE = ("check", "reverse", "reconcile", "report", "status", "approve")  # and run; the others are slow
EACH_COMMAND_AND_EACH_STREAM = [
    *(pytest.param(name, streams, False, marks=[] if (name, streams) in FROM_NOTHING else [pytest.mark.slow])
      for name in CALLS for streams in ODD_STREAMS),
    *(pytest.param(name, "stdout: nobody reads", True, marks=[] if name in SHARE else [pytest.mark.slow])
      for name in CALLS if name != "run"),
    *(pytest.param("run", streams, True) for streams in ODD_FILES if ("run", streams) not in FROM_NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(("name", "streams", "is_warm"), EACH_COMMAND_AND_EACH_STREAM)
def test_a_command_ends_as_it_would_if_somebody_read(
    command: Command, shared_site: Site, name: str, streams: str, is_warm: bool
) -> None:
    prefix = f"{name}-{list(ODD_STREAMS).index(streams)}-{is_warm}"
    rows = payout(prefix, 3)
    file = write_csv(command.folder / "payout.csv", rows)
    if name not in ("run", "check"):
        command.run(file).exited(0)
    batch = command("status").out.split()[0] if command.ledger.exists() else ""
    arguments, code = CALLS[name]
    has_none = name in ("approve", "approvers", "explain", "template", "init", "sandbox", "ledger")
    paths = [] if has_none else command.paths(name)
    places = {"BATCH": batch, "LEDGER": str(command.ledger)}
    words = [name, *paths, *[places.get(argument, argument) for argument in arguments]]
    if is_warm:
        ended = finish(Running(words, command.folder, command.variables({}), ODD_FILES[streams], goes_down=True))
    else:
        ended = with_streams(command, ODD_STREAMS[streams], *words)
    ended.exited(code)
    assert "Exception ignored" not in ended.said
    if name == "run":
        assert shared_site.times(f"{prefix}-") == each_once(rows)
        assert command.report("payout").counts == {"credited": 3}


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",), ("nonsense",)])
def test_help_is_no_other(alone: Command, arguments: tuple[str, ...]) -> None:
    code = 2 if arguments == ("nonsense",) else 0
    loads_its_command = len(arguments) > 1 or code == 2  # which takes its time
    for prepare in [ODD_STREAMS["all closed"]] if loads_its_command else ODD_STREAMS.values():
        process = subprocess.run(
            [sys.executable, "-m", "batch_credits", *arguments],
            cwd=alone.folder, capture_output=True, text=True, timeout=20, preexec_fn=prepare, check=False,
        )  # fmt: skip
        Ended(process.returncode, process.stdout, process.stderr).exited(code)
    for streams in ODD_FILES.values() if loads_its_command else ():
        started = Running(list(arguments), alone.folder, clean_environment(), streams, goes_down=True)
        finish(started).exited(code)


FORGED = "All 3 rows credited."
MESSAGE = rf"\u001b[2J\u0007\u009b1A\n{FORGED}\r\n\u202e{FORGED}\u2028\u0000"


def acts_on_the_screen(text: str) -> bool:
    return not text.replace("\n", "").isprintable() or any(line.strip() == FORGED for line in text.splitlines())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "request_blocked"),
        (400, "param_wrong_value"),
        pytest.param(401, "api_authentication_failed", marks=pytest.mark.slow),
        pytest.param(404, "site_not_found", marks=pytest.mark.slow),
    ],
)
def test_what_a_site_says_does_not_act_on_the_screen(tmp_path: Path, status: int, code: str) -> None:
    file = write_csv(tmp_path / "pay\x1b[2J\u202e\nout.csv", payout("x", 3))
    body = f'{{"message": "{MESSAGE}", "type": "t", "param": "{MESSAGE}", "api_error_code": "{code}"}}'.encode()
    with serving(status=status, body=body) as (url, _asked):
        command = Command(tmp_path, url)
        said = [command.run(file, "--no-wait"), command.run(file, "--no-wait", "--log-format", "json")]
        batch = command("status").out.split()[0]
        for arguments in (("status",), ("report", batch), ("reconcile", batch, "--no-wait"), ("reconcile",)):
            said.append(command(*arguments))
        said.append(command("resolve", batch, "--row", 2, "--credited", "cr\x1b[2J"))
        if status != 400:  # which is asked again for a minute
            said.append(command("check", file, "--online"))
        said.append(command("explain", "\x1b[2J"))
    for ended in said:
        assert ended.code in (0, 1, 2, 3, 4) and "Traceback" not in ended.said and "This is a bug" not in ended.said
        assert not acts_on_the_screen(ended.out), ended.out
        assert not acts_on_the_screen(ended.err), ended.err


# -- No place to write --------------------------------------------------------------------------------------

NO_TEMPORARY_DIRECTORY = (
    "import sys, tempfile; missing = sys.argv.pop(1); tempfile._candidate_tempdir_list = lambda: [missing];"
    "tempfile.tempdir = None;"
    "from batch_credits.__main__ import main; main()"
)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("name", ["check", "run"])
def test_no_temporary_directory(command: Command, shared_site: Site, suffix: str, name: str) -> None:
    """`check` and workbooks need one; to pay a CSV file needs none."""
    rows = payout(f"temp{name}{suffix[1:]}", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    if suffix == ".xlsx":
        import pandas

        file = file.with_suffix(suffix)
        pandas.read_csv(command.folder / "payout.csv").to_excel(file, index=False)
    arguments = [name, *command.paths(name), str(file), *(("--yes", "--rate", "0") if name == "run" else ())]
    words = [str(command.folder / "missing"), *arguments]
    ended = finish(Running(words, command.folder, command.variables({}), script=NO_TEMPORARY_DIRECTORY))
    if (name, suffix) == ("run", ".csv"):
        ended.exited(0)
        assert shared_site.times(rows[0][0].split("-")[0]) == each_once(rows)  # type: ignore[attr-defined]
        return
    ended.exited(2)
    assert "temporary directory" in ended.err and "TMPDIR" in ended.err
    assert not shared_site.credits(str(rows[0][0]).split("-")[0])


@pytest.mark.parametrize("room", [0, 1, 20_000])
def test_a_disk_that_is_full_before_there_is_a_ledger(command: Command, shared_site: Site, room: int) -> None:
    from tests.acceptance.test_broken_world import with_files_no_larger_than

    rows = payout(f"new{room}", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    ended = with_files_no_larger_than(room, command, "run", file, "--yes", "--rate", 0).exited(2)
    assert "Exception ignored" not in ended.err
    assert "The ledger" in ended.err and not shared_site.credits(f"new{room}-")
    command.run(file).exited(0)
    assert shared_site.times(f"new{room}-") == each_once(rows)


@pytest.mark.parametrize("name", ["check", "run"])
def test_a_name_that_no_file_can_have(command: Command, name: str) -> None:
    ended = command(name, "x" * 300 + ".csv", *(("--yes",) if name == "run" else ())).exited(2)
    assert "File name too long" in ended.err


def test_reports_in_a_folder_that_cannot_be(command: Command, shared_site: Site) -> None:
    rows = payout("long", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    ended = command.run(file, "--reports", "x" * 300).exited(2)
    assert "reports cannot be written" in ended.err and not shared_site.times("long-")
    command("check", file, "--reports", "x" * 300).exited(2)
