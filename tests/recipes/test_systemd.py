"""Units that systemd takes, that leave a service little to do harm with, and whose commands run."""

import ctypes
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.harness import clean_environment
from tests.recipes.conftest import DEPLOY, Payout, ran

UNITS = [*sorted((DEPLOY / "systemd").iterdir()), DEPLOY / "batch-credits-web.service"]
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 20  # tenths, of 100: systemd calls less than 50 OK
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1


def settings(unit: Path) -> list[tuple[str, str]]:
    """What a unit says, in its order."""
    return [(name, value) for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)]


def one(unit: Path, name: str) -> str:
    """The value of a setting that stands there once."""
    [value] = [value for each, value in settings(unit) if each == name]
    return value


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with the program where it is on this machine."""
    folder = tmp_path_factory.mktemp("units")
    here = Payout(folder, None)  # type: ignore[arg-type]  # no site is called
    for unit in UNITS:
        text = unit.read_text()
        program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
        (folder / unit.name).write_text(text.replace(program[1], here.moved(program[1])) if program else text)
    return folder


def test_systemd_takes_them(units: Path) -> None:
    files = sorted(path.name for path in units.iterdir())
    said = ran(["systemd-analyze", "verify", "--man=no", *(f"./{name}" for name in files)], cwd=units)
    assert said.exited(0).text == ""
    (units / "batch-credits-work.service").write_text("[Service]\nExecStart=/nowhere\nNonsense=1\n")
    spoiled = ran(["systemd-analyze", "verify", "--man=no", "./batch-credits-work.service"], cwd=units)
    assert "/nowhere" in spoiled.text and "Nonsense" in spoiled.text, "it would have said so"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_little_is_left_to_do_harm_with(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit]
    ran(command, cwd=unit.parent).exited(0)


def test_when() -> None:
    timer = DEPLOY / "systemd" / "batch-credits-nightly.timer"
    when = one(timer, "OnCalendar")
    said = ran(["systemd-analyze", "calendar", "--base-time=2026-03-28 00:00:00 UTC", when], cwd=DEPLOY).exited(0).text
    assert f"Normalized form: {when}" in said and "2026-03-28 02:30:00 UTC" in said
    assert (timer.with_suffix(".service")) in SERVICES, "it begins the service of its name"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_it_comes_again_where_that_can_help_and_has_time_to_end(unit: Path) -> None:
    assert one(unit, "Restart") == "on-failure"
    stays_down = {"1", "2", "3"} if "web" not in unit.name else {"2"}
    assert set(one(unit, "RestartPreventExitStatus").split()) == stays_down
    # A run waits for its answers, and writes its reports; a worker waits 20 s.
    assert int(one(unit, "TimeoutStopSec")) >= (180 if "nightly" in unit.name else 30)
    assert dict(settings(unit)).get("KillSignal", "SIGTERM") == "SIGTERM"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_secret_is_in_a_unit(unit: Path) -> None:
    text = unit.read_text()
    assert "CHARGEBEE_API_KEY=" not in text and "PGPASSWORD" not in text
    assert "key:/etc/batch-credits/key" in text or "--api-key-file /etc/batch-credits/key" in text


def run_unit(unit: Path, here: Payout, **more: str) -> subprocess.CompletedProcess[str]:
    """A unit's command with its environment, without the right to make memory executable."""
    told = dict(here.moved(value).split("=", 1) for name, value in settings(unit) if name == "Environment")
    command = shlex.split(here.moved(one(unit, "ExecStart")))

    def confine() -> None:
        os.umask(int(one(unit, "UMask"), 8))
        assert one(unit, "MemoryDenyWriteExecute") == "true"
        ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)  # no harm where the kernel is older

    return subprocess.run(
        command + (["--until-idle"] if "work" in unit.name else []), preexec_fn=confine, cwd=here.folder, text=True,
        env={**clean_environment(), **told, "CHARGEBEE_BASE_URL": here.site.url, **more}, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_the_nightly_payout(tonight: Payout) -> None:
    unit = DEPLOY / "systemd" / "batch-credits-nightly.service"
    for _ in range(2):
        done = run_unit(unit, tonight)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(tonight.times()) == 5 and set(tonight.times().values()) == {1}
    made = [path for path in (tonight.folder / "reports").rglob("*") if path.is_file()]
    assert made and all(path.stat().st_mode & 0o077 == 0 for path in made)
    condition = tonight.moved(one(unit, "ConditionPathExists"))
    assert Path(condition) == tonight.file


def test_a_worker(tonight: Payout, postgres_url: str) -> None:
    told = {"BATCH_CREDITS_LEDGER": postgres_url}
    key = {"CHARGEBEE_BASE_URL": tonight.site.url, "BATCH_CREDITS_API_KEY_FILE": str(tonight.folder / "key")}
    program = tonight.moved("/opt/batch-credits/bin/batch-credits")
    detached = [program, "run", tonight.file, "--yes", "--detach"]
    ran(detached, cwd=tonight.folder, variables={**told, **key, "CHARGEBEE_SITE": "acme"}).exited(0)
    assert tonight.times() == {}
    done = run_unit(DEPLOY / "systemd" / "batch-credits-work.service", tonight, **told)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(tonight.times()) == 5
