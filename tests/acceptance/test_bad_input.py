"""Promise: every bad input gives one clear line for each problem, and never a traceback; nothing of it is sent."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Ended, Site, write_csv

GOOD = b"customer_id,amount,currency_code,description,reference\nc-1,100,USD,Loyalty,q3\n"
HEADER = b"customer_id,amount,currency_code,description,reference\n"


@dataclass(frozen=True)
class Refused:
    """A file or option that is refused as a whole, and words that its message must have."""

    name: str
    words: str
    content: bytes | None = GOOD
    file: str = "payout.csv"
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


REFUSED = [
    Refused("empty file", "empty", b""),
    Refused("blank lines only", "blank lines", b"\n\n \n"),
    Refused("header only", "no row|no data|only a header|rows", HEADER),
    Refused("missing file", "There is no file", None),
    Refused("unknown suffix", "suffix", file="payout.pdf"),
    Refused("old Excel", "suffix", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "payout.xls"),
    Refused("no customer column", "customer_id", b"amount,description,reference\n1,a,b\n"),
    Refused("no amount column", "amount", b"customer_id,description,reference\nc,a,b\n"),
    Refused("misspelt header", "curency", b"customer_id,amount,curency,description,reference\nc,1,USD,a,b\n"),
    Refused("synonym", "Ref", b"customer_id,amount,currency_code,description,Ref\nc,1,USD,a,b\n"),
    Refused("same header twice", "amount", b"customer_id,amount,Amount,description,reference\nc,1,2,a,b\n"),
    Refused("unclosed quote", "quot", HEADER + b'c-1,100,USD,"Loyalty,q3\nc-2,100,USD,Loyalty,q3\n'),
    Refused("too many cells", "row 2|line 2", HEADER + b"c-1,1,000,USD,Loyalty,q3\n"),
    Refused("wrong encoding", "encoding|UTF-8", HEADER + "c-1,100,USD,Treue f\u00fcr Sie,q3\n".encode("latin-1")),
    Refused("unknown encoding", "encoding", options=("--encoding", "klingon")),
    Refused("NUL bytes", "NUL|binary|text", HEADER + b"c-1,100,USD,\x00,q3\n"),
    Refused("a picture", "PNG|binary|text|encoding|NUL|UTF", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    Refused("corrupt xlsx", "Excel|xlsx|read", b"PK\x03\x04 and nothing more", "payout.xlsx"),
    Refused("csv called xlsx", "Excel|xlsx|read", GOOD, "payout.xlsx"),
    Refused("sheet of a csv", "sheet", options=("--sheet", "Q3")),
    Refused("map without equals", "NAME=VALUE", options=("--map", "amount")),
    Refused("map of no field", "amuont", options=("--map", "amuont=amount")),
    Refused("map to no header", "Betrag", options=("--map", "amount=Betrag")),
    Refused("currency that is none", "XXQ|currency", options=("--currency", "XXQ")),
    Refused("credit type that is none", "credit", options=("--credit-type", "cash")),
    Refused("blank reference", "reference", options=("--reference", "  ")),
    Refused("reference too long", "reference", options=("--reference", "x" * 501)),
    Refused("unit that is none", "amount-unit", options=("--amount-unit", "euro")),
    Refused("unknown option", "--ammount", options=("--ammount", "3")),
    Refused("limit without currency", "USD=", options=("--max-amount", "500")),
    Refused("limit that is no amount", "max-amount", options=("--max-amount", "USD=lots")),
    Refused("delimiter of two", "delimiter", options=("--delimiter", ";;")),
    Refused("negative rate", "rate", environment={"BATCH_CREDITS_RATE": "-1"}),
    Refused("share above one", "share", options=("--share", "1.5")),
    Refused("quarantine that is no number", "QUARANTINE", environment={"BATCH_CREDITS_QUARANTINE": "soon"}),
    Refused("silence of nothing", "silenced", options=("--silence", "sms")),
    Refused("no key", "CHARGEBEE_API_KEY", environment={"CHARGEBEE_API_KEY": " "}),
    Refused("address with a path", "scheme and host", environment={"CHARGEBEE_BASE_URL": "http://127.0.0.1:1/api"}),
    Refused("address without encryption", "unencrypted", environment={"CHARGEBEE_BASE_URL": "http://acme.example"}),
    Refused("address that is none", "127.0.0.1:1", environment={"CHARGEBEE_BASE_URL": "127.0.0.1:1"}),
    Refused("key file that is missing", "api-key-file", options=("--api-key-file", "nowhere")),
    Refused("ledger that is a directory", "ledger", options=("--ledger", ".")),
    Refused("ledger that is something else", "ledger", options=("--ledger", "payout.csv")),
    Refused("settings file that is no TOML", "batch-credits.toml", environment={"with toml": "rate = = 3"}),
    Refused("settings file with an unknown key", "raet", environment={"with toml": "raet = 3"}),
]


def one_message(ended: Ended) -> str:
    """What was said, which must be one problem and perhaps a hint or a few options and the command, not a page."""
    ended.exited(2)
    lines = [line for line in ended.said.splitlines() if line.strip() and not line.startswith(("Usage:", "Try '"))]
    assert 1 <= len(lines) <= 8, ended.said
    assert lines[0].startswith("Error: "), ended.said
    return " ".join(lines)


@pytest.fixture
def attempt(command: Command, shared_site: Site) -> Callable[[Refused], None]:
    """Try it, and assert that it is refused in one line with nothing sent and nothing left in the ledger."""

    def tried(case: Refused) -> None:
        file = command.folder / case.file
        for left in (file, command.folder / "batch-credits.toml"):
            left.unlink(missing_ok=True)
        if case.content is not None:
            file.write_bytes(case.content)
        environment = dict(case.environment)
        if toml := environment.pop("with toml", None):
            (command.folder / "batch-credits.toml").write_text(toml)
        posts = shared_site.posts
        ended = command("run", case.file, "--yes", *case.options, **environment)  # type: ignore[arg-type]
        said = one_message(ended)
        assert re.search(case.words, said, re.IGNORECASE), said
        assert shared_site.posts == posts

    return tried


# Eight cases to a test: each takes a process, and a test of its own would hide nothing but cost as much again.
@pytest.mark.parametrize("cases", [REFUSED[start::8] for start in range(8)])
def test_what_is_refused_as_a_whole(attempt: Callable[[Refused], None], cases: list[Refused]) -> None:
    wrong = []
    for case in cases:
        try:
            attempt(case)
        except AssertionError as error:
            wrong.append(f"--- {case.name}: {error}")
    assert not wrong, "\n".join(wrong)


def test_a_directory_is_no_file(command: Command) -> None:
    assert "is not a file" in one_message(command.run(command.folder))


ROWS = [
    # (customer, amount, currency, description, reference, type), the field and the code of its first problem
    (("", "100", "USD", "Loyalty", "q3", ""), "customer_id", "missing"),
    (("c" * 51, "100", "USD", "Loyalty", "q3", ""), "customer_id", "too_long"),
    (("c-1", "", "USD", "Loyalty", "q3", ""), "amount", "no_amount"),
    (("c-1", "0", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "-5", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "1.5", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "1e3", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "1_000", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "\u0661\u0662", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "NaN", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "inf", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "$5", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "=5+5", "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", str(2**53), "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "9" * 400, "USD", "Loyalty", "q3", ""), "amount", None),
    (("c-1", "100", "DOLLAR", "Loyalty", "q3", ""), "currency_code", None),
    (("c-1", "100", "XQQ", "Loyalty", "q3", ""), "currency_code", None),
    (("c-1", "100", "USD", "", "q3", ""), "description", "missing"),
    (("c-1", "100", "USD", "d" * 251, "q3", ""), "description", "too_long"),
    (("c-1", "100", "USD", "Loyalty", "", ""), "reference", "missing"),
    (("c-1", "100", "USD", "Loyalty", "r" * 501, ""), "reference", "too_long"),
    (("c-1", "100", "USD", "Loyalty", "q\u200b3", ""), "reference", None),
    (("c-1", "100", "USD", "Loyalty", "q3", "cash"), "credit_type", None),
]


def test_every_rule_rejects_its_row_and_says_why(command: Command, shared_site: Site) -> None:
    headers = ("customer_id", "amount", "currency_code", "description", "reference", "credit_type")
    rows = [cells for cells, _, _ in ROWS]
    file = write_csv(
        command.folder / "payout.csv", [*rows, ("good-1", "100", "USD", "Loyalty", "q3", "general")], headers
    )
    checked = command("check", file).exited(1)
    ended = command.run(file).exited(1)
    assert [c["customer_id"] for c in shared_site.credits("good-")] == ["good-1"]
    report = command.report("payout")
    assert report.counts == {"rejected": len(ROWS), "credited": 1}
    with (report.directory / "rejected.csv").open(encoding="utf-8-sig", newline="") as text:
        in_rejected = {row["credit_row"]: row["credit_error"] for row in csv.DictReader(text)}
    for row, (cells, field_name, code) in zip(report.results, ROWS, strict=False):
        assert (row["credit_outcome"], row["credit_error_param"]) == ("rejected", field_name), cells
        assert code is None or row["credit_error_code"] == code, row
        assert row["credit_error"].endswith("."), row
        assert in_rejected[row["credit_row"]].startswith(row["credit_error"]), cells  # it says more of how to mend
        assert code is None or f"[{code}]" in checked.out, "the screen has the kinds, and the first rows of each"
    assert "Traceback" not in ended.said


MAJOR = [("19.99", "USD", 1999), ("5", "USD", 500), ("1200", "JPY", 1200), ("0.29", "KWD", 29), ("1.1", "EUR", 110)]
NOT_MAJOR = [("1.999", "USD"), ("1.5", "JPY"), ("1.234", "KWD"), ("5", "CLP"), ("1,000.5.5", "USD"), ("0.001", "EUR")]


def test_major_units_are_converted_exactly_or_refused(command: Command, shared_site: Site) -> None:
    rows = [(f"major-{n}", amount, currency, "Loyalty", "q3") for n, (amount, currency, _) in enumerate(MAJOR)]
    rows += [(f"minor-{n}", amount, currency, "Loyalty", "q3") for n, (amount, currency) in enumerate(NOT_MAJOR)]
    command.run(write_csv(command.folder / "payout.csv", rows), "--amount-unit", "major").exited(1)
    paid = {c["customer_id"]: (c["amount"], c["currency_code"]) for c in shared_site.credits("m")}
    assert paid == {f"major-{n}": (minor, currency) for n, (_, currency, minor) in enumerate(MAJOR)}
    assert command.report("payout").counts == {"credited": len(MAJOR), "rejected": len(NOT_MAJOR)}


def test_ids_keep_their_zeros_and_texts_their_letters(command: Command, shared_site: Site) -> None:
    rows = [("00123", 100, "USD", "NA", "1e5"), ("NULL-1", 100, "USD", "=cmd|'/c calc'!A0", "TRUE-1")]
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(0)
    assert shared_site.times("00123") == {("00123", "1e5"): 1}
    assert shared_site.times("NULL-1") == {("NULL-1", "TRUE-1"): 1}
    assert {c["description"] for c in shared_site.credits("NULL-1")} == {"=cmd|'/c calc'!A0"}


def test_the_excel_file_is_the_csv_file(command: Command, shared_site: Site, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    workbook.active.append(["Customer ID", "Amount", "Currency code", "Description", "Reference"])
    for number in range(3):
        workbook.active.append([f"excel-{number}", 100 + number, "USD", "Loyalty", "q3"])
    workbook.save(tmp_path / "payout.xlsx")
    command.run(tmp_path / "payout.xlsx").exited(0)
    assert {(c["customer_id"], c["amount"]) for c in shared_site.credits("excel-")} == {
        (f"excel-{number}", 100 + number) for number in range(3)
    }
