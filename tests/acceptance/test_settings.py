"""Promise: the command line beats the environment, the environment the settings file, the file the default."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, finish, payout, write_csv


def rate_shown(said: str) -> str:
    """The pace that a plan shows, which says what rate was chosen."""
    [line] = [line for line in said.splitlines() if line.startswith("Pace")]
    return line.split()[1]


def test_precedence(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", payout("settings", 1))

    def rate(*options: str, **environment: str) -> str:
        return rate_shown(command("run", file, "--share", "1", *options, **environment).exited(2).err)  # type: ignore[arg-type]

    assert rate() == "150", "the default of a test site"
    (command.folder / "pyproject.toml").write_text("[tool.batch-credits]\nrate = 11\n")
    assert rate() == "11"
    (command.folder / "batch-credits.toml").write_text("rate = 22\n")
    assert rate() == "22"
    assert rate(BATCH_CREDITS_RATE="33") == "33"
    assert rate("--rate", "44", BATCH_CREDITS_RATE="33") == "44"


def test_settings_files_may_set_what_a_scheduled_job_needs(command: Command, shared_site: Site) -> None:
    """How a file is read and what bounds it, beside it; that nobody is asked, and which ledger remembers, at home."""
    (command.folder / "batch-credits.toml").write_text(
        'rate = 0\nreference = "toml-q3"\nmax_total = ["USD=100"]\nreports = "own"\nmap = ["customer_id=Cust"]\n'
    )
    home = command.folder / "home" / "batch-credits"
    home.mkdir(parents=True)
    (home / "batch-credits.toml").write_text('yes = true\nledger = "own.sqlite3"\nrate = 1\n')
    write_csv(
        command.folder / "payout.csv", [("toml-1", 5, "USD", "x")], ("Cust", "amount", "currency_code", "description")
    )
    job = DefaultLedger(command.folder, shared_site.url, {"XDG_CONFIG_HOME": str(home.parent)})
    finish(job.start("run", "payout.csv")).exited(0)
    assert shared_site.times("toml-") == {("toml-1", "toml-q3"): 1}
    assert (command.folder / "own.sqlite3").exists()


LIES = {
    "base_url": '"http://127.0.0.1:9"',
    "ledger": '"another.sqlite3"',
    "api_key_file": '"key.txt"',
    "yes": "true",
    "same_site": "true",
}


@pytest.mark.parametrize("name", ["batch-credits.toml", "pyproject.toml"])
@pytest.mark.parametrize("key", LIES)
def test_a_file_that_came_with_the_credits_moves_no_money(
    command: Command, shared_site: Site, key: str, name: str
) -> None:
    """Neither to another place, nor with another memory, nor without a question."""
    (command.folder / "key.txt").write_text("a key")
    table = "[tool.batch-credits]\n" if name == "pyproject.toml" else ""
    (command.folder / name).write_text(f"{table}{key} = {LIES[key]}\n")
    file = write_csv(command.folder / "payout.csv", payout("lie", 1))
    ended = finish(DefaultLedger(command.folder, shared_site.url).start("run", file.name)).exited(2)
    assert f"{name} sets {key!r}" in ended.err
    typed = command.run(file).exited(2).err
    first, again = ended.err.splitlines()[:-1], typed.splitlines()[:-1]  # the last is the command itself
    assert first == again, "also where the command line says otherwise"
    assert not shared_site.credits("lie-")
    assert not command.reports.exists()


def test_the_ledger_lies_with_the_user_and_not_in_the_folder(tmp_path: Path, shared_site: Site) -> None:
    """Another working directory must not forget what was paid."""
    data = tmp_path / "data"
    environment = {"XDG_DATA_HOME": str(data), "BATCH_CREDITS_RATE": "0", "BATCH_CREDITS_YES": "1"}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rows = payout("home", 2) + payout(name, 1)
        write_csv(tmp_path / name / "payout.csv", rows)
        command = DefaultLedger(tmp_path / name, shared_site.url, environment)
        finish(command.start("run", "payout.csv")).exited(0)
    assert set(shared_site.times("home-").values()) == {1}
    [ledger] = data.rglob("*.sqlite3")
    ours = ledger.relative_to(data / "batch-credits").parents
    assert str(ours[1]) == "sites" and str(ours[0]).startswith("sites/127.0.0.1_")
    for folder in ours:
        assert (data / "batch-credits" / folder).stat().st_mode & 0o777 == 0o700
    assert not list((tmp_path / "one").glob("*.sqlite3"))
    assert (tmp_path / "two" / "reports").is_dir(), "the default of --reports"


class DefaultLedger(Command):
    """The command as it is when nobody says where its memory lies."""

    def paths(self, name: str) -> list[str]:
        """None are given."""
        return []


def test_every_option_of_run_can_come_from_the_environment(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", [("env-1", "0.05")] * 2, ("customer_id", "amount"))
    environment = {
        "BATCH_CREDITS_REFERENCE": "env-q3",
        "BATCH_CREDITS_CURRENCY": "EUR",
        "BATCH_CREDITS_DESCRIPTION": "Thanks",
        "BATCH_CREDITS_CREDIT_TYPE": "referral_rewards",
        "BATCH_CREDITS_AMOUNT_UNIT": "major",
        "BATCH_CREDITS_NUMBER_DUPLICATES": "1",
        "BATCH_CREDITS_STRICT": "yes",
        "BATCH_CREDITS_EXPECT_ROWS": "2",
        "BATCH_CREDITS_EXPECT_TOTAL": "EUR=0.10",
        "BATCH_CREDITS_YES": "true",
        "BATCH_CREDITS_RATE": "0",
        "BATCH_CREDITS_SILENCE": "email,webhook",
        "BATCH_CREDITS_QUIET": "1",
    }
    before = shared_site.truth()["silenced"]
    ended = command("run", file, **environment).exited(0)  # type: ignore[arg-type]
    assert " ".join(ended.said.split()) == f"Ledger {command.ledger} NEW: it knows of nothing that was paid before"
    assert {(c["reference"], c["amount"], c["credit_type"]) for c in shared_site.credits("env-")} == {
        ("env-q3", 5, "referral_rewards"),
        ("env-q3 #2", 5, "referral_rewards"),
    }
    after = shared_site.truth()["silenced"]
    assert {what: after[what] - before.get(what, 0) for what in after} == {"email": 2, "webhook": 2}


def test_what_nobody_typed_is_shown_with_its_origin_and_kept(command: Command, shared_site: Site) -> None:
    """A variable that was left behind made a hundredfold payout of a payout, unseen."""
    file = write_csv(command.folder / "payout.csv", payout("left", 2))
    (command.folder / "batch-credits.toml").write_text('max_total = ["USD=1000"]\ndescription = "x"\n')
    environment = {
        "BATCH_CREDITS_AMOUNT_UNIT": "major",
        "BATCH_CREDITS_YES": "1",
        "BATCH_CREDITS_CREDIT_TYPE": "loyalty_credits",
    }
    ended = command("run", file, "--rate", 0, "--credit-type", "general", **environment).exited(0)  # type: ignore[arg-type]
    shown = [
        "Setting    --yes, from BATCH_CREDITS_YES",
        "           --description x, from batch-credits.toml",
        "           --amount-unit major, from BATCH_CREDITS_AMOUNT_UNIT",
        "           --max-total USD=1000, from batch-credits.toml",
        f"           --base-url {shared_site.url}, from CHARGEBEE_BASE_URL",
        "           quarantine 1, from BATCH_CREDITS_QUARANTINE",
    ]
    assert "\n".join(shown) in ended.err
    summary = command.report("payout").summary
    kept = {(origin["option"], origin["value"]): origin["source"] for origin in summary["settings"]["origins"]}
    assert kept == {
        ("--yes", ""): "BATCH_CREDITS_YES",
        ("--description", "x"): "batch-credits.toml",
        ("--amount-unit", "major"): "BATCH_CREDITS_AMOUNT_UNIT",
        ("--max-total", "USD=1000"): "batch-credits.toml",
        ("--base-url", shared_site.url): "CHARGEBEE_BASE_URL",
        ("quarantine", "1"): "BATCH_CREDITS_QUARANTINE",
    }
    page = (command.report("payout").directory / "summary.html").read_text()
    assert "From BATCH_CREDITS_AMOUNT_UNIT" in page and "--amount-unit major" in page
    again = command("run", file, "--credit-type", "general", **environment).exited(0).err  # type: ignore[arg-type]
    assert "\n".join(shown) in again, "with nothing owed, too"
    batch = command("status").out.split()[0]
    undone = command("reverse", batch, "--rate", 0, **environment).exited(0).err  # type: ignore[arg-type]
    assert shown[0] in undone and shown[3] in undone and "--amount-unit" not in undone
    checked = command("check", file, "--credit-type", "general", **environment).exited(1).out  # type: ignore[arg-type]
    assert "--amount-unit major, from BATCH_CREDITS_AMOUNT_UNIT" in checked


def test_what_is_told_of_a_requests_origin_is_shown_and_kept(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("told", 1))
    origin = ("--origin-user", "ann@example.com", "--origin-device", "pay desk", "--origin-ip", "2001:DB8:0::7")
    words = "user ann@example.com, device pay desk, IP 2001:db8::7"
    assert f"Origin     {words}" in command.run(file, *origin).exited(0).err
    assert words.replace("IP", "ip") in (command.report("payout").directory / "summary.html").read_text()
    batch = command("status").out.split()[0]
    assert f"Origin     {words}" in command("reverse", batch, "--yes", "--rate", 0, *origin).exited(0).err


@pytest.mark.parametrize("command_line", [("run", "payout.csv"), ("reverse", "0" * 8)])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--origin-user", "ann"), ("--origin-user", "ann@@example.com"), ("--origin-user", "ann@example.com\r\nX: 1"),
        ("--origin-user", "a b@example.com"), ("--origin-user", "a@" + "b" * 250), ("--origin-user", "\u202ea@b"),
        ("--origin-user", " "), ("--origin-device", "a\nb"), ("--origin-device", "caf\u00e9"), ("--origin-device", " "),
        ("--origin-device", "x" * 251), ("--origin-ip", "300.1.1.1"), ("--origin-ip", "example.com"),
        ("--origin-ip", "10.0.0.0/8"), ("--origin-ip", "10.0.0.1:80"), ("--origin-ip", "fe80::1%eth0"),
        ("--origin-ip", "\u0661.1.1.1"),
    ],
)  # fmt: skip
def test_an_origin_that_no_header_should_carry(
    alone: Command, command_line: tuple[str, str], option: str, value: str
) -> None:
    assert option in alone(*command_line, option, value).exited(2).err
