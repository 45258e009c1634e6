"""What is asked for most, and by every completion of a shell, loads next to nothing; what somebody waits for, no more
than it needs. The time itself is measured by `benchmarks/start.py`."""

import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.cli.commands import COMMANDS, loading
from batch_credits.ledger import Ledger

ROOT = Path(__file__).parents[4]
SHOW_WHAT_IS_LOADED = """
import json, sys
before = set(sys.modules)
sys.argv[1:] = json.loads(sys.argv[1])
from batch_credits.__main__ import main
try:
    main()
except SystemExit as ended:
    sys.stdout.flush()
    print(json.dumps([ended.code, sorted(set(sys.modules) - before)]))
"""
OF_THE_COMMAND_LINE = {
    "batch_credits", "batch_credits.__main__", "batch_credits.errors", "batch_credits.text",
    "batch_credits.text.colour", "batch_credits.text.visible", "batch_credits.cli",
    "batch_credits.cli.commands", "batch_credits.cli.telling", "batch_credits.cli.telling.screen",
    "batch_credits.cli.telling.speech",
}  # fmt: skip
FOREIGN = {"aiohttp", "babel", "jinja2", "numpy", "orjson", "pandas", "platformdirs", "pydantic", "python_calamine",
           "tqdm", "uvloop", "xlsxwriter"}  # fmt: skip
SLOW = {"asyncio", "sqlite3", "multiprocessing", "ssl", "tempfile", "unittest"}


# The rooms in which something is done.
ROOMS = ("ledger", "loader", "planning", "sending", "reporter", "chargebee", "gate", "notices", "jobs", "views")
# Nothing is loaded later by a clock, and the first row that would be sent ends it.
SHOW_WHAT_IS_LOADED_AT_THE_FIRST_ROW = """
import json, os, sys
sys.argv[1:] = json.loads(sys.argv[1])
from batch_credits.jobs import run
from batch_credits.chargebee.client import Chargebee
run.LOAD_SECONDS = 3600.0
async def shown(*about, **more):
    print(json.dumps([0, sorted(sys.modules)]), flush=True)
    os._exit(0)
Chargebee.send_credit = shown
from batch_credits.__main__ import main
main()
"""
# The first row is never answered, so what is loaded is loaded beside it.
SHOW_WHAT_IS_LOADED_BESIDE_THE_FIRST_ROW = """
import asyncio, json, os, sys
sys.argv[1:] = json.loads(sys.argv[1])
from batch_credits.jobs import run
from batch_credits.chargebee.client import Chargebee
run.LOAD_SECONDS = 0.0
load = run.load_ahead
def loaded(*names):
    load(*names)
    print(json.dumps([0, sorted(sys.modules)]), flush=True)
    os._exit(0)
run.load_ahead = loaded
async def never(*about, **more):
    await asyncio.Event().wait()
Chargebee.send_credit = never
from batch_credits.__main__ import main
main()
"""
COUNT_WHAT_IS_LOOKED_THROUGH = """
import atexit, gc, sys
sys.argv[1:] = ["--version"]
atexit.register(lambda: print(len(gc.get_objects())))
from batch_credits.__main__ import main
main()
"""
IMPORT_EACH_FIRST = """
import json, os, sys
from importlib import import_module
for name in json.loads(sys.argv[1]):
    if (child := os.fork()) == 0:
        try:
            import_module(name)
        except BaseException as error:
            print(name, repr(error), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "batch_credits").rglob("*.py")
]
OF_POSTGRES = ("batch_credits.ledger.engines.postgres", "batch_credits.sending.queue", "batch_credits.__main__")


def loaded_by(*arguments: str, program: str = SHOW_WHAT_IS_LOADED, **environment: str) -> set[str]:
    """The modules that a call imports."""
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(arguments)], capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def of(loaded: set[str], *packages: str) -> set[str]:
    """Those of the modules that are in one of these packages of ours."""
    names = tuple(f"batch_credits.{package}" for package in packages)
    return {name for name in loaded if name.startswith(tuple(f"{each}." for each in names)) or name in names}


def roots(loaded: set[str]) -> set[str]:
    """The libraries that the modules are of."""
    return {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"]])
def test_a_line_of_help_loads_the_command_line_alone(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert {name for name in loaded if name.partition(".")[0] == "batch_credits"} == OF_THE_COMMAND_LINE
    assert not {name.partition(".")[0] for name in loaded} & (FOREIGN | SLOW)


def test_so_does_the_completion_of_a_commands_name() -> None:
    loaded = loaded_by(_BATCH_CREDITS_COMPLETE="zsh_complete", COMP_WORDS="batch-credits re", COMP_CWORD="1")
    assert {name for name in loaded if name.partition(".")[0] == "batch_credits"} == OF_THE_COMMAND_LINE


def test_what_ends_with_the_process_is_not_looked_through_for_garbage() -> None:
    program = [sys.executable, "-c", COUNT_WHAT_IS_LOOKED_THROUGH]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) < 100


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "payout.csv"
    path.write_text("customer_id,amount,currency_code,description,reference\nc-1,100,USD,thanks,q3\n")
    return path


def test_an_explanation_loads_sentences_alone() -> None:
    loaded = loaded_by("explain", "duplicate")
    assert not roots(loaded) & (FOREIGN | SLOW)
    assert of(loaded, "cli.commands") == {"batch_credits.cli.commands", "batch_credits.cli.commands.explain"}
    assert not of(loaded, *ROOMS)


def test_the_status_loads_what_reads_a_ledger(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger.sqlite3").close()
    loaded = loaded_by("status", "--ledger", str(tmp_path / "ledger.sqlite3"))
    assert roots(loaded) & (FOREIGN | SLOW) == {"orjson", "platformdirs", "sqlite3", "tempfile"}
    assert of(loaded, "cli.commands") == {"batch_credits.cli.commands", "batch_credits.cli.commands.status"}
    assert not of(loaded, "loader", "chargebee", "gate", "planning", "jobs", "notices", "reconciler", "sending")
    assert not of(loaded, "reporter.summary", "reporter.tally", "progress.observers", "process.deadman")


def test_the_settings_of_all_commands_are_known_without_them(tmp_path: Path) -> None:
    """A variable that only another command heeds, and a file that sets something of another's."""
    Ledger.open(tmp_path / "ledger.sqlite3").close()
    settings = tmp_path / "settings.toml"
    settings.write_text('max-total = ["USD=100"]\nreports = "here"\n[profiles.other]\nrate = 7\n')
    loaded = loaded_by(
        "status", "--ledger", str(tmp_path / "ledger.sqlite3"), "--config", str(settings), BATCH_CREDITS_PILOT="5"
    )
    assert of(loaded, "cli.commands") == {"batch_credits.cli.commands", "batch_credits.cli.commands.status"}


def test_the_help_of_a_run_loads_nothing_that_runs() -> None:
    assert not roots(loaded_by("run", "--help")) & {"aiohttp", "asyncio", "jinja2", "numpy", "pandas", "pydantic"}


def test_a_check_loads_nothing_that_sends(tmp_path: Path, small_file: Path) -> None:
    loaded = loaded_by("check", str(small_file), "--ledger", str(tmp_path / "none"), "--reports", str(tmp_path))
    assert roots(loaded) & {"babel", "pydantic"} == {"babel", "pydantic"}
    assert not roots(loaded) & {"aiohttp", "asyncio", "jinja2", "numpy", "pandas", "tqdm", "uvloop", "xlsxwriter"}
    assert not of(loaded, "chargebee.client", "chargebee.transport", "gate", "sending", "worker_pool", "jobs.run")
    assert not of(loaded, "loader.workbook.table", "reporter.page", "reporter.writing")


def loaded_by_a_run(file: Path, rate: str, program: str) -> set[str]:
    return loaded_by(
        "run", str(file), "--yes", "--rate", rate,
        "--ledger", str(file.with_name("ledger.sqlite3")), "--reports", str(file.parent), program=program,
        CHARGEBEE_SITE="acme-test", CHARGEBEE_API_KEY="k", CHARGEBEE_BASE_URL="http://127.0.0.1:9",
    )  # fmt: skip


def test_a_run_loads_before_its_first_row_is_sent_what_reads_and_sends(small_file: Path) -> None:
    loaded = loaded_by_a_run(small_file, "0", SHOW_WHAT_IS_LOADED_AT_THE_FIRST_ROW)
    assert {"aiohttp", "pydantic"} <= roots(loaded)
    assert not roots(loaded) & {"jinja2", "numpy", "pandas", "tqdm", "xlsxwriter", "python_calamine"}
    assert not of(loaded, "jobs.report", "reporter.page", "reporter.writing", "loader.workbook.kinds", "sandbox")
    assert not of(loaded, "loader.suggestions")
    assert not of(loaded, "reporter.summary", "reporter.words", "views.result", "views.pilot", "cli.telling.events")


def test_a_run_with_a_limit_loads_beside_its_first_rows_what_its_end_needs(small_file: Path) -> None:
    """Or a program that is replaced while a long run sends would end it with modules of another version."""
    loaded = loaded_by_a_run(small_file, "60", SHOW_WHAT_IS_LOADED_BESIDE_THE_FIRST_ROW)
    at_the_end = {"reporter.writing", "reporter.words", "views.result", "cli.telling.result_words"}
    assert of(loaded, *at_the_end) == {f"batch_credits.{name}" for name in at_the_end}


def test_a_process_of_a_run_loads_what_sends_alone() -> None:
    """Each of them starts while the file is read, on the core that reads it."""
    show = "import json, sys; import batch_credits.sending.worker; print(json.dumps([0, [*sys.modules]]))"
    loaded = loaded_by(program=show)
    assert "aiohttp" in roots(loaded)
    assert not roots(loaded) & {"babel", "click", "jinja2", "numpy", "pandas", "pydantic", "tqdm"}
    assert not of(loaded, "loader", "planning", "reporter", "notices", "views", "jobs", "cli", "api", "approval")


@pytest.mark.slow
def test_every_module_can_be_the_first() -> None:
    """Packages import nothing, so no order among their modules is given, and none may be needed."""
    names = json.dumps(sorted(each for each in MODULES if not each.startswith(OF_POSTGRES)))
    done = subprocess.run([sys.executable, "-c", IMPORT_EACH_FIRST, names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_command_is_in_the_module_of_its_name() -> None:
    for name, command in batch_credits.commands.items():
        assert isinstance(command, click.Command)
        assert (command.name, command.callback and command.callback.__module__) == (
            name, f"batch_credits.cli.commands.{name}",
        )  # fmt: skip
        assert name in batch_credits.commands and command.help
    assert "install" not in batch_credits.commands and batch_credits.commands.get("install") is None


def test_the_help_has_a_line_for_each(call: Any) -> None:
    code, out, _ = call("--help")
    listed = dict(line.strip().split("  ", 1) for line in out.partition("Commands:\n")[2].splitlines())
    assert code == 0
    assert {name: line.strip() for name, line in listed.items()} == COMMANDS


def test_ctrl_c_while_a_command_is_loaded_ends_before_anything_was_sent(call: Any, monkeypatch: Any) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("batch_credits.cli.commands.import_module", interrupted)
    assert call("run", "payout.csv", "--yes") == (2, "", "")
    with pytest.raises(click.exceptions.Exit), loading():
        raise KeyboardInterrupt


def test_no_garbage_is_looked_for_in_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[str] = []
    monkeypatch.setattr("batch_credits.cli.commands.gc.freeze", lambda: frozen.append("all"))
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled() and not frozen  # nothing was loaded, and what else is there may be garbage one day
    with loading():
        monkeypatch.setitem(sys.modules, "one_more", sys)
    assert gc.isenabled() and frozen == ["all"]
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_command_that_is_none() -> None:
    assert run_command_line(["install"]) == 2
