"""What a file needs to be read, offered one by one to who sits at a terminal, and to nobody else."""

import io
from pathlib import Path
from typing import Any

import pytest

from batch_credits.cli import run_command_line
from batch_credits.cli.telling.suggesting import offer_profile

FILE = "Auszahlung Q3\n\nKundennummer;Betrag;Buchungstext\nkd-1;1.234,50;Prämie\nkd-2;24,35;Prämie\n"
TO_THE_END = "y\n\n\n\n\n\n\n\n"  # all that is suggested, up to what only a person knows


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `check` over a file with what is typed, and gives the exit code and what was said on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("CHARGEBEE_SITE", "CHARGEBEE_BASE_URL", "BATCH_CREDITS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "export.csv").write_bytes(FILE.encode("cp1252"))

    def run(typed: str | None, *options: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal(typed) if typed is not None else io.StringIO())
        monkeypatch.setattr("sys.stderr.isatty", lambda: typed is not None, raising=False)
        code = run_command_line(["check", "export.csv", "--ledger", str(tmp_path / "l.sqlite3"), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_all_of_it_taken_and_kept_as_a_profile(tmp_path: Path, checked: Any) -> None:
    code, out, err = checked(f"{TO_THE_END}EURX\nEUR\nq3\nno good\ngerman\n")
    assert code == 0 and "1,258.85 EUR" in out
    assert "EURX" in err and "row 4: 1,234.50 EUR to kd-1, reference q3, described as 'Prämie'" in err
    command = next(line for line in out.splitlines() if line.startswith("batch-credits run"))
    assert "--encoding cp1252 --header-row 3 --map customer_id=Kundennummer" in command
    assert "--locale de_DE --amount-unit major --currency EUR --reference q3" in command
    [kept] = (tmp_path / "config").rglob("*.toml")
    assert "[profiles.german]" in kept.read_text() and "q3" not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    code, out, _ = checked(None, "--profile", "german", "--reference", "q4")
    assert code == 0 and "1,258.85 EUR" in out and "profile german" in out


def test_no_profile_keeps_what_is_of_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    offer_profile((("--sheet", "July"), ("--reference", "q3")))  # nothing is left to keep, so nobody is asked
    monkeypatch.setattr("sys.stdin", Terminal("months\n"))
    offer_profile((("--sheet", "July"), ("--locale", "de_DE"), ("--reference", "q3")))
    [kept] = (tmp_path / "config").rglob("*.toml")
    text = kept.read_text()
    assert "[profiles.months]" in text and "de_DE" in text and "July" not in text and "q3" not in text


def test_a_profile_is_not_written_over(tmp_path: Path, checked: Any) -> None:
    own = tmp_path / "config" / "batch-credits" / "batch-credits.toml"
    own.parent.mkdir(parents=True)
    own.write_text('rate = "100"\n[profiles.german]\nlocale = "de_DE"')
    _, _, err = checked(f"{TO_THE_END}EUR\nq3\ngerman\nother\n")
    assert "has a profile german already" in err
    assert own.read_text().startswith('rate = "100"\n[profiles.german]\nlocale = "de_DE"\n\n[profiles.other]\n')


def test_no_is_a_refusal_and_nothing_is_kept(tmp_path: Path, checked: Any) -> None:
    code, out, err = checked("n\n")
    assert code == 2 and out == "" and not (tmp_path / "config").exists()
    assert err.rstrip().splitlines()[-1].startswith("batch-credits check export.csv")


def test_what_is_not_taken_is_missing(checked: Any) -> None:
    code, _, err = checked("y\n-\n\n\n\n\n\n\nEUR\nq3\n")
    assert code == 2 and "is not UTF-8" in err


def test_the_end_of_the_input_is_no_answer(checked: Any) -> None:
    code, out, err = checked("y\n\n")
    assert code == 2 and out == "" and "no answer" in err


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_a_terminal_nobody_is_asked(checked: Any, options: tuple[str, ...]) -> None:
    code, out, err = checked(None if not options else TO_THE_END, *options)
    assert code == 2 and "one by one" not in err
    assert (out == "") is not ("--json" in options)
    assert err.rstrip().splitlines()[-1].endswith("--currency CURRENCY --reference REFERENCE")
