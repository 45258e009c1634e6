"""Promise: somebody is told how a run goes, nobody is told what is in its rows, and nothing else changes by it."""

import json
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.acceptance.harness import KEY, Command, Running, Site, finish, payout, stop, wait_until, write_csv
from tests.acceptance.team import QUICK, Colleague
from tests.acceptance.terminal import Terminal
from tests.servers.hook import SECRET, Hook, hooked

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "notice.json").read_text(encoding="utf-8"))
MARK = "Zq7marked"  # of everything that stands in a row
HEADERS = ("customer_id", "amount", "currency_code", "description", "reference", "credit_type", f"{MARK} column")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as serving:
        yield serving


def told(hook: Hook) -> list[dict[str, Any]]:
    """The documents for programs, each as the schema has it."""
    documents = [said for said in hook.said if "data" in said]
    for document in documents:
        jsonschema.validate(document, SCHEMA)
    return documents


def on_finish(folder: Path, then: str = "") -> str:
    """A command that keeps what it reads."""
    script = f"import sys; open({str(folder / 'finished.json')!r}, 'a').write(sys.stdin.read() + chr(10)); {then}"
    return shlex.join([sys.executable, "-c", script])


def finished(folder: Path) -> list[dict[str, Any]]:
    path = folder / "finished.json"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# -- What is told --------------------------------------------------------------------------------------------


def test_a_run_from_its_start_to_its_end(command: Command, hook: Hook) -> None:
    rows = [*payout("told", 5), ("missing", 500, "EUR", "Loyalty", "q3")]
    file = write_csv(command.folder / "payout.csv", rows)
    link = "https://reports.example/payouts"
    command.run(
        file, "--notify", hook.url, "--notify-link", link, "--on-finish", on_finish(command.folder)
    ).exited(1)
    started, ended = told(hook)
    summary = command.report("payout").summary
    assert (started["type"], ended["type"]) == ("batch_credits.started", "batch_credits.ended")
    assert started["data"]["counts"]["pending"] == 6 and started["data"]["exit_code"] is None
    for name in ("batch", "kind", "file", "rows", "headline", "counts", "totals", "exit_code", "unreadable_amounts"):
        assert ended["data"][name] == summary[name], name
    assert ended["data"]["reasons"] == [] and ended["data"]["live"] is False
    assert ended["data"]["link"] == f"{link}/payout-{summary['batch'][:8]}/summary.html"
    assert started["data"]["execution"] == ended["data"]["execution"]
    assert finished(command.folder) == [ended]


def test_reversed_and_reconciled(command: Command, hook: Hook) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("undone", 3))).exited(0)
    batch = command("status").out.split()[0]
    command("reconcile", batch, "--notify", hook.url).exited(0)
    command("reverse", batch, "--yes", "--rate", 0, "--notify", hook.url).exited(0)
    said = [document["data"] for document in told(hook)]
    assert hook.events == ["started", "ended"] * 2
    assert [each["command"] for each in said] == ["reconcile"] * 2 + ["reverse"] * 2
    assert said[1]["headline"] == "1 batch ties out" and said[1]["counts"]["credited"] == 3
    assert said[3]["counts"]["deducted"] == 3 and said[3]["kind"] == "deduct"


def test_a_watched_folder_tells_what_no_run_of_it_can(command: Command, hook: Hook) -> None:
    folder = command.folder / "in"
    folder.mkdir()
    (folder / "link.csv").symlink_to("/etc/hostname")
    write_csv(folder / "a.csv", payout("watched", 2))
    quick = ("--once", "--settle", 0.2, "--every", 0.1)
    for code in (0, 2, 0):
        if code:
            write_csv(folder / "again.csv", payout("watched", 2))
        ended = command("watch", folder, *quick, BATCH_CREDITS_RATE="0", BATCH_CREDITS_NOTIFY=hook.url).exited(code)
        assert SECRET not in ended.said
    said = [document["data"] for document in told(hook)]
    assert [(each["command"], each["file"], each["exit_code"]) for each in said] == [
        ("watch", "link.csv", None), ("run", "a.csv", None), ("run", "a.csv", 0), ("watch", "again.csv", 2),
    ]  # fmt: skip
    assert [[reason["code"] for reason in each["reasons"]] for each in said] == [["left_alone"], [], [], ["repeat"]]
    [lies] = (folder / "attention").iterdir()
    assert said[-1]["link"] == str(lies) and said[-1]["site"] == said[1]["site"] and said[-1]["live"] is False


def test_a_watched_folder_needs_notices_that_can_be_told(command: Command) -> None:
    (command.folder / "in").mkdir()
    ended = command("watch", command.folder / "in", "--once", BATCH_CREDITS_NOTIFY=f"ftp://x/{SECRET}").exited(2)
    assert "BATCH_CREDITS_NOTIFY" in ended.err and SECRET not in ended.said
    ended = command("watch", command.folder / "in", "--once", BATCH_CREDITS_MAIL_TO="a@x.example").exited(2)
    assert "--mail-to needs a server and a sender" in ended.err
    assert ended.err.splitlines()[-1].endswith(" --once")  # this command has no such option


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_reconciling_that_is_ended_tells_so(tmp_path: Path, hook: Hook, number: signal.Signals) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("slow", 3))).exited(0)
        batch = command("status").out.split()[0]
        site.tell("settings", faults="latency_ms=20000")
        asked = site.truth()["requests"].get("GET", 0)
        command.report("payout").directory.joinpath("results.csv").unlink()
        asking = command.start("reconcile", batch, "--notify", hook.url)
        wait_until(lambda: site.truth()["requests"].get("GET", 0) > asked)
        asking.send_signal(number)
        ended = finish(asking).exited(4)
    assert "Interrupted: only questions were asked" in ended.err
    assert hook.events == ["started", "attention", "ended"]
    assert told(hook)[-1]["data"]["exit_code"] == 4
    assert len(command.report("payout").results) == 3, "the reports are written"


def test_a_worker_tells_what_it_did(tmp_path: Path, shared_site: Site, postgres_url: str, hook: Hook) -> None:
    environment = {**QUICK, "CHARGEBEE_SITE": "acme-test", "BATCH_CREDITS_NOTIFY": hook.url}
    colleague = Colleague(tmp_path, shared_site.url, environment, postgres_url)
    file = write_csv(tmp_path / "payout.csv", payout("work", 4))
    colleague("run", file, "--yes", "--rate", 0, "--detach").exited(0)
    colleague.work_until_idle().exited(0)
    said = [(document["data"]["command"], document["data"]["headline"]) for document in told(hook)]
    assert said == [
        ("run", "Started, 4 rows to credit"), ("run", "Admitted, 4 rows that workers send"),
        ("work", "Started"), ("work", "Worker ended, 4 rows settled"),
    ]  # fmt: skip
    worker = colleague.work()
    colleague("run", write_csv(tmp_path / "more.csv", payout("more", 2)), "--yes", "--rate", 0, "--detach").exited(0)
    wait_until(lambda: len(shared_site.credits("more-")) == 2)
    stop(worker, signal.SIGTERM)  # as happens to a worker, and nobody need look
    assert finish(worker).code in (0, 4), "by whether it had a job in hand"
    assert "attention" not in hook.events and told(hook)[-1]["data"]["command"] == "work"
    assert [document["data"]["command"] for document in told(hook)[4:]].count("work") == 2


def test_people_are_told_once_at_the_end(command: Command, hook: Hook) -> None:
    file = write_csv(command.folder / "payout.csv", payout("people", 2))
    slack, teams = f"slack+{hook.url}/slack", f"teams+{hook.url}/teams"
    command.run(file, "--notify", slack, "--notify", teams, "--notify-on", "attention,ended").exited(0)
    assert sorted(path for path, _, _ in hook.asked) == [f"/{SECRET}/slack", f"/{SECRET}/teams"]


# -- What is not told ----------------------------------------------------------------------------------------


def test_nothing_of_any_row_is_told(tmp_path: Path, hook: Hook) -> None:
    """Rows that end in each way, with a mark in all of their cells; and files that are refused for what is in them."""
    rows = [
        *((f"{MARK}-{n}", 100 + n, "USD", MARK, f"{MARK} {n}", "loyalty_credits", MARK) for n in range(6)),
        (f"missing-{MARK}", 500, "USD", MARK, MARK, "loyalty_credits", MARK),
        (f"{MARK}-bad", f"{MARK}5", "USD", MARK, MARK, "loyalty_credits", MARK),
        (f"{MARK}-currency", 5, MARK, MARK, MARK, "loyalty_credits", MARK),
        (f"{MARK}-type", 5, "USD", MARK, f"{MARK} t", MARK, MARK),
        (f"{MARK}\u200b", 5, "USD", MARK, f"{MARK} z", "loyalty_credits", MARK),
    ]
    targets = ["--notify", hook.url, "--notify", f"slack+{hook.url}", "--notify", f"teams+{hook.url}"]
    targets += ["--on-finish", on_finish(tmp_path)]
    file = write_csv(tmp_path / "payout.csv", rows, HEADERS)
    with Site("--faults", "lost_after=0.5,faulty_tries=9", "--seed", "3") as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "60"})
        ended = [command.run(file, "--no-wait", *targets, timeout=60)]
        batch = command("status").out.split()[0]
        ended.append(command("reconcile", batch, "--no-wait", *targets))
        ended.append(command("reverse", batch, "--yes", "--rate", 0, "--no-wait", *targets))
        ended.append(command.run(write_csv(tmp_path / "other.csv", rows, (MARK, *HEADERS[1:])), *targets))
        ended.append(command.run(file, "--strict", "--reference", MARK, "--map", f"amount={MARK}", *targets))
        ended.append(command.run(file, "--business-entity", f"{MARK} {MARK}", *targets))
        ended.append(command.run(tmp_path / "none.csv", "--site", f"{MARK} {MARK}", *targets))
    assert {each.code for each in ended} == {0, 1, 2}
    assert any(MARK in each.said for each in ended), "it is in the log of the job"
    assert {"started", "attention", "ended"} == set(hook.events)
    assert len(told(hook)) >= 9 and len(finished(tmp_path)) == 7
    assert_unmarked(hook, tmp_path)
    assert "payout.csv" in str(told(hook)), "a file's name may be shown"


def assert_unmarked(hook: Hook, folder: Path) -> None:
    for _, headers, body in hook.asked:
        assert MARK.encode() not in body and MARK not in str(headers), body
    assert MARK not in json.dumps(finished(folder))


def test_a_row_that_a_person_must_look_at_is_not_named(tmp_path: Path, hook: Hook) -> None:
    """What stopped the run names its customer and its reference, to whoever reads the log."""
    rows = [(f"{MARK}-1", 500, "USD", MARK, f"{MARK} {'x' * 80}"), (f"{MARK}-2", 1, "USD", MARK, "y")]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "echo_cut=1") as site:
        command = Command(tmp_path, site.url)
        targets = ("--notify", hook.url, "--notify", f"teams+{hook.url}", "--on-finish", on_finish(tmp_path))
        ended = command.run(file, "--concurrency", 1, *targets).exited(3)
    assert f"{MARK}-1" in ended.said
    assert [reason["code"] for reason in finished(tmp_path)[0]["data"]["reasons"]] == ["answered_for_another", "review"]
    assert hook.events == ["started", "attention", "ended"]
    assert_unmarked(hook, tmp_path)


def test_rows_in_doubt_are_counted_and_not_named(tmp_path: Path, hook: Hook) -> None:
    file = write_csv(tmp_path / "payout.csv", payout(MARK, 60))
    with Site("--faults", "latency_ms=3000") as site:
        command = Command(tmp_path, site.url)
        targets = ("--notify", hook.url, "--on-finish", on_finish(tmp_path))
        process = command.start_run(file, "--concurrency", 5, *targets)
        wait_until(lambda: site.posts >= 5)
        stop(process, signal.SIGINT)
        wait_until(lambda: "Stopping" in "".join(process.said) or "on the way" in "".join(process.said))
        stop(process, signal.SIGINT)
        finish(process).exited(4)
    *_, ended = told(hook)
    assert [reason["code"] for reason in ended["data"]["reasons"]] == ["interrupted", "in_doubt"]
    assert ended["data"]["counts"]["in_doubt"] == 5
    assert_unmarked(hook, tmp_path)


def test_addresses_and_commands_are_shown_nowhere(tmp_path: Path, shared_site: Site, hook: Hook) -> None:
    """Neither what is said, nor any report, log or ledger; nor the environment of a command."""
    hook.status = 500
    environment = {
        "BATCH_CREDITS_NOTIFY": f"{hook.url} slack+http://user:{SECRET}@{hook.url[7:]}?{SECRET}",
        "BATCH_CREDITS_NOTIFY_LINK": f"http://user:{SECRET}@reports.example/x",
        "BATCH_CREDITS_ON_FINISH": on_finish(tmp_path, f"print({SECRET!r}); sys.exit({SECRET!r} + '!')"),
    }
    command = Command(tmp_path, shared_site.url, environment)
    file = write_csv(tmp_path / "payout.csv", [*payout("hush", 3), ("missing-hush", 1, "USD", "x", "y")])
    ended = [command.run(file, "-v").exited(1), command.run(file, "--log-format", "json", "-v").exited(1)]
    ended += [command("run", "--help"), command("check", file), command.run(tmp_path / "none.csv", "-v").exited(2)]
    for each in ended:
        assert SECRET not in each.said, each.said
    assert "not delivered to 127.0.0.1:" in ended[0].err and "--on-finish failed: it ended with 1" in ended[0].err
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "finished.json":
            assert SECRET.encode() not in path.read_bytes(), path


# -- What it changes -----------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"


def bad_targets(kind: str, hook: Hook, silent: str) -> list[str]:
    hook.status, hook.headers = {"500": 500, "redirect": 302, "404": 404}.get(kind, 200), {"Location": hook.url}
    return {
        "500": ["--notify", hook.url],
        "404": ["--notify", hook.url],
        "redirect": ["--notify", hook.url],
        "refused": ["--notify", f"http://127.0.0.1:9/{SECRET}"],
        "no name": ["--notify", f"https://no-such-host.invalid/{SECRET}"],
        "no TLS": ["--notify", hook.url.replace("http:", "https:")],
        "silent": ["--notify", silent],
        "no key": ["--notify", hook.url, "--notify-key-file", "/none"],
        "mail": ["--mail-to", "a@x.example", "--mail-from", "b@x.example", "--mail-server", "smtp://127.0.0.1:9"],
        "no command": ["--on-finish", "/no/such/command"],
        "bad command": ["--on-finish", "sh -c 'echo noise; echo noise >&2; exit 9'"],
        "slow command": ["--on-finish", "sleep 600", "--on-finish-timeout", "0.5"],
    }[kind]


IMPATIENT = "import batch_credits.notices.post as post, batch_credits.__main__ as it; post.END_SECONDS = 1; it.main()"
KINDS = ("500", "404", "redirect", "refused", "no name", "no TLS", "silent", "no key", "mail", "no command",
         "bad command", "slow command")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_fails_changes_nothing(
    command: Command, shared_site: Site, hook: Hook, silent: str, kind: str
) -> None:
    name = "".join(filter(str.isalpha, kind)) + str(len(kind))
    targets, folder = bad_targets(kind, hook, silent), command.folder
    file = write_csv(folder / "payout.csv", payout(name, 3))
    began = time.monotonic()
    ended = finish(command.start_run(file, *targets, script=IMPATIENT if kind == "silent" else None)).exited(0)
    assert time.monotonic() - began < 30, "some seconds more than it takes on a busy machine"
    [said] = [line for line in ended.err.splitlines() if failed_to_tell(line)]
    assert SECRET not in ended.said and "noise" not in ended.said and not failed_to_tell(ended.out)
    assert ("in time" in said) == (kind == "silent")
    assert command.report("payout").counts == {"credited": 3}
    assert len(shared_site.credits(f"{name}-")) == 3


def failed_to_tell(line: str) -> bool:
    return "not delivered" in line or "--on-finish failed" in line


@pytest.mark.parametrize("kind", ["500", "bad command"])
def test_no_exit_code_is_changed(command: Command, hook: Hook, silent: str, kind: str) -> None:
    targets = bad_targets(kind, hook, silent)
    file = write_csv(command.folder / "payout.csv", [("missing-code", 5, "USD", "x", "y")])
    ended = command.run(file, "--log-format", "json", *targets).exited(1)
    events = [json.loads(line) for line in ended.err.splitlines()]
    [said] = [event["text"] for event in events if event["event"] == "note"]
    assert failed_to_tell(said)
    assert failed_to_tell(command.run(command.folder / "none.csv", *targets).exited(2).err)
    batch = command("status").out.split()[0]
    assert failed_to_tell(command("reconcile", batch, *targets).exited(1).err)
    assert failed_to_tell(command("reverse", batch, "--yes", *targets).exited(2).err)


def test_nobody_is_waited_for_while_rows_are_sent(command: Command, hook: Hook) -> None:
    hook.goes_on.clear()
    file = write_csv(command.folder / "payout.csv", payout("along", 3))
    process = command.start_run(file, "--notify", hook.url)
    wait_until(lambda: any(command.reports.glob("*/summary.json")))
    assert hook.events == ["started"], "it has no answer yet"
    hook.goes_on.set()
    finish(process).exited(0)
    assert hook.events == ["started", "ended"]


# -- Stopped, and refused ------------------------------------------------------------------------------------


@pytest.fixture
def slow_site() -> Iterator[Site]:
    with Site("--faults", "latency_ms=100") as site:
        yield site


def running(tmp_path: Path, site: Site, *more: object) -> tuple[Command, Running]:
    command = Command(tmp_path, site.url)
    file = write_csv(tmp_path / "payout.csv", payout("s", 300))
    process = command.start_run(file, "--concurrency", 2, *more)
    wait_until(lambda: site.posts >= 2)
    return command, process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_tells_it(
    tmp_path: Path, slow_site: Site, hook: Hook, number: signal.Signals
) -> None:
    command, process = running(tmp_path, slow_site, "--notify", hook.url, "--on-finish", on_finish(tmp_path))
    stop(process, number)
    finish(process).exited(4)
    assert hook.events == ["started", "attention", "ended"]
    *_, attention, ended = told(hook)
    for each in (attention["data"], ended["data"]):
        assert each["exit_code"] == 4 and [reason["code"] for reason in each["reasons"]] == ["interrupted"]
        assert each["counts"] == command.report("payout").summary["counts"]
    assert finished(tmp_path) == [ended]


def test_whoever_does_not_answer_holds_up_no_end(tmp_path: Path, slow_site: Site, hook: Hook) -> None:
    hook.goes_on.clear()
    slowly = ("--on-finish", "sleep 600", "--on-finish-timeout", 500)
    _, process = running(tmp_path, slow_site, "--notify", hook.url, *slowly)
    stop(process, signal.SIGTERM)
    wait_until(lambda: any(tmp_path.glob("reports/*/summary.html")))
    time.sleep(0.3)  # so that it waits for the notices
    began = time.monotonic()
    stop(process, signal.SIGTERM)
    ended = finish(process).exited(4)
    assert time.monotonic() - began < 20, "far from the command's time"
    assert "not delivered to 127.0.0.1:" in ended.err and "--on-finish failed" in ended.err


def test_a_site_that_refuses_the_key(tmp_path: Path, hook: Hook) -> None:
    with Site("--api-key", "another") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("x", 2)), "--notify", hook.url).exited(4)
    assert hook.events == ["started", "attention", "ended"]
    [reason] = told(hook)[-1]["data"]["reasons"]
    assert reason["code"] == "key_refused" and KEY not in str(hook.asked)


@pytest.mark.parametrize(
    ("arguments", "environment", "code"),
    [
        (("none.csv", "--yes"), {}, "input"),
        (("payout.csv", "--yes", "--api-key-file", "/none/key"), {}, "usage"),
        (("payout.csv", "--yes", "--no-such-option"), {}, "usage"),
        (("payout.csv", "--yes"), {"CHARGEBEE_API_KEY": ""}, "usage"),
        (("payout.csv", "--yes", "--rate", "fast"), {}, "usage"),
        (("payout.csv", "--yes", "--expect-rows", "7"), {}, "control"),
        (("payout.csv",), {}, "not_confirmed"),
    ],
)
def test_a_nightly_job_that_is_refused_tells_it(
    command: Command, hook: Hook, arguments: tuple[str, ...], environment: dict[str, str], code: str
) -> None:
    write_csv(command.folder / "payout.csv", payout("refused", 2))
    command.environment |= {**environment, "BATCH_CREDITS_NOTIFY": hook.url}
    command("run", *arguments).exited(2)
    [document] = told(hook)
    assert document["type"] == "batch_credits.attention" and document["data"]["exit_code"] == 2
    assert [reason["code"] for reason in document["data"]["reasons"]] == [code]


@pytest.mark.parametrize("is_typed_first", [True, False])
def test_a_profile_says_who_is_told_of_a_refusal(command: Command, hook: Hook, is_typed_first: bool) -> None:
    own = command.folder / "config" / "batch-credits" / "batch-credits.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f'[profiles.night]\nnotify = ["{hook.url}"]\n')
    words = ["--profile", "night", "--rate", "fast"]
    words = words if is_typed_first else [*words[2:], *words[:2]]
    command.environment["XDG_CONFIG_HOME"] = str(command.folder / "config")
    command("run", "none.csv", *words).exited(2)
    assert hook.events == ["attention"]


def test_a_ledger_in_use_is_told(tmp_path: Path, slow_site: Site, hook: Hook) -> None:
    command, process = running(tmp_path, slow_site)
    command.run(tmp_path / "payout.csv", "--notify", hook.url).exited(5)
    process.kill()
    process.communicate()
    [document] = told(hook)
    assert (document["data"]["exit_code"], document["data"]["reasons"][0]["code"]) == (5, "ledger_busy")


def test_at_a_terminal_nobody_else_is_told_of_a_refusal(command: Command, hook: Hook) -> None:
    with Terminal(command, "run", "none.csv", "--yes", "--notify", hook.url) as terminal:
        terminal.end().exited(2)
    assert hook.asked == []


def test_settings_of_a_working_directory_name_no_target(command: Command, hook: Hook) -> None:
    (command.folder / "batch-credits.toml").write_text(f'notify = ["{hook.url}"]\n')
    file = write_csv(command.folder / "payout.csv", payout("dir", 1))
    ended = command.run(file).exited(2)
    assert "must not decide" in ended.err and SECRET not in ended.said and hook.asked == []


def test_a_command_that_calls_us_again_starts_no_other(command: Command) -> None:
    """It reads the ledger, which is free by then."""
    again = shlex.join([sys.executable, "-m", "batch_credits", "status", "--ledger", str(command.ledger)])
    script = command.folder / "again.sh"
    script.write_text(f"#!/bin/sh\necho once >> {command.folder}/times\n{again} > {command.folder}/status.txt\n")
    script.chmod(0o755)
    file = write_csv(command.folder / "payout.csv", payout("again", 2))
    command.environment |= {"BATCH_CREDITS_ON_FINISH": str(script), "PYTHONPATH": str(Path.cwd())}
    ended = command.run(file, "--on-finish-timeout", 60).exited(0)
    assert not failed_to_tell(ended.err)
    assert (command.folder / "times").read_text() == "once\n"
    assert "payout.csv" in (command.folder / "status.txt").read_text()
