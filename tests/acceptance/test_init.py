"""Promise: `init` writes a profile by asking; the key never shows, what stands stays, and a run takes it as it is."""

import tomllib
from pathlib import Path

import pytest

from tests.acceptance.harness import KEY, Site, each_once, payout, write_csv
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_settings import DefaultLedger

Home = DefaultLedger


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user who has set nothing, and whose folder is a job's."""
    (tmp_path / "job").mkdir()
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data")}
    return DefaultLedger(tmp_path / "job", None, environment)


def settings(home: Home) -> Path:
    return home.folder.parent / "config" / "batch-credits" / "batch-credits.toml"


def test_asked_at_a_terminal_and_paid_by_the_profile(home: Home, shared_site: Site) -> None:
    key = home.folder / "the.key"
    with Terminal(home, "init", "--base-url", shared_site.url, columns=160) as terminal:
        for question, answer in (
            ("Name of the profile", b"nightly\n"),
            ("File that holds the API key", f"{key}\n".encode()),
            ("Paste the API key", f"{KEY}\n".encode()),
            ("The ledger, which remembers", b"\n"),
            ("Where reports are written", b"\n"),
            ("Who asks for it", b"nobody\n"),
            ("Error: .* Who asks for it", b"ann@example.com\n"),
            (r"Write this to .*batch-credits.toml\?", b"y\n"),
        ):
            terminal.until(question)
            terminal.types(answer)
        said = terminal.end().exited(0).out
    assert KEY not in said
    assert key.read_text() == f"{KEY}\n" and key.stat().st_mode & 0o777 == 0o600
    assert settings(home).stat().st_mode & 0o777 == 0o600 and KEY not in settings(home).read_text()
    assert "batch-credits run FILE --profile nightly" in said

    rows = payout("init", 2)
    write_csv(home.folder / "payout.csv", rows)
    ended = home("run", "payout.csv", "--profile", "nightly", "--yes", "--rate", 0, "-v").exited(0)
    assert shared_site.times("init-") == each_once(rows)
    assert f"--api-key-file {key}, from {settings(home)}, profile nightly" in ended.err
    assert len([*(home.folder.parent / "data").rglob("ledger.sqlite3")]) == 1
    assert home.report("payout").counts == {"credited": 2}


def test_a_no_writes_nothing(home: Home) -> None:
    with Terminal(home, "init", columns=160) as terminal:
        for question, answer in (
            ("Chargebee site", b"acme_test\n"),
            ("is it acme-test", b"acme\n"),
            ("acme is a LIVE site.*Name of the profile", b"\n"),
            ("File that holds the API key", b"\n"),
            ("Paste the API key", b"test_unseen\n"),
            ("The key says that it is of a test site, and acme is a live site.*The site's plan", b"performance\n"),
            ("The ledger", b"\n"),
            ("Where reports", b"\n"),
            ("Who asks", b"\n"),
            ("Write this to", b"n\n"),
        ):
            terminal.until(question)
            terminal.types(answer)
        said = terminal.end().exited(2).out
    assert 'plan = "performance"' in said and "test_unseen" not in said
    assert not settings(home).parent.exists()


def test_what_stands_in_the_file_stays(home: Home) -> None:
    settings(home).parent.mkdir(parents=True)
    before = '# mine\nmax_total = ["USD=5"]\n\n[profiles.acme]\nsite = "acme"'  # without an end of the last line
    settings(home).write_text(before)
    key = home.folder / "k"
    key.write_text("a key")
    said = ("init", "--site", "acme-test", "--api-key-file", "k", "--reports", "r", "--yes")
    home(*said).exited(0)
    text = settings(home).read_text()
    assert text.startswith(before + "\n\n[profiles.acme-test]\n")
    found = tomllib.loads(text)["profiles"]
    assert found == {
        "acme": {"site": "acme"},
        "acme-test": {"site": "acme-test", "api_key_file": str(key), "reports": str(home.folder / "r")},
    }
    again = home(*said).exited(2)
    assert "has a profile acme-test already" in again.err and "[profiles.acme-test]" in again.out
    assert settings(home).read_text() == text


def test_without_a_terminal_it_says_what_to_do(home: Home) -> None:
    refused = home("init").exited(2)
    commands = [f"batch-credits init --site SITE {flag}" for flag in ("--yes", "--print")]
    assert refused.err.splitlines()[-2:] == commands
    assert "No site" in home("init", "--yes").exited(2).err
    assert "There is no file" in home("init", "--yes", "--site", "acme", "--api-key-file", "nowhere").exited(2).err
    assert "[profiles.acme]" in home("init", "--print", "--site", "acme").exited(0).out
    assert not settings(home).parent.exists()


def test_a_file_of_a_scheduler(home: Home) -> None:
    file = home.folder / "new" / "jobs.toml"
    said = home("init", "--site", "acme", "--config", file, "--yes").exited(0).out
    assert f"run FILE --profile acme --config {file}" in said
    assert file.parent.stat().st_mode & 0o777 == 0o700
    home.environment |= {"BATCH_CREDITS_CONFIG": str(file), "BATCH_CREDITS_PROFILE": "acme"}
    write_csv(home.folder / "payout.csv", payout("jobs", 1))
    assert "acme" in home("check", "payout.csv").exited(0).out
