"""A check on one screen: kinds of problems with three rows each, never a line for every row; and what to do next."""

from pathlib import Path
from typing import Any

import pytest

HEAD = "customer_id,amount,currency_code,description,reference\n"


def rows(*cells: tuple[str, str]) -> str:
    return HEAD + "".join(f'{customer},"{amount}",USD,x,q{number}\n' for number, (customer, amount) in enumerate(cells))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([(f"c{n}", f"{n},{n}") for n in range(1, 6)],
         ["  ! 5 rows: amount has separators, first in row 2: The amount '1,1' has a thousands",
          "    row 2: '1,1'", "    row 3: '2,2'", "    row 4: '3,3'", "    and 2 rows more"]),
        ([("", "100")] * 4,
         ["  ! 4 rows: customer_id missing, first in row 2: The customer_id is", "    in rows 2, 3, 4 and 1 more"]),
        ([("", "100")], ["  ! 1 row: customer_id missing, in row 2: The customer_id is empty"]),
    ],
)  # fmt: skip
def test_a_kind_is_said_once_with_three_of_its_rows(
    call: Any, tmp_path: Path, cells: list[tuple[str, str]], said: list[str]
) -> None:
    (tmp_path / "payout.csv").write_text(rows(*cells))
    code, out, _ = call("check", "payout.csv")
    assert code == 1
    lines = out.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("  !"))
    assert [line[: len(text)] for line, text in zip(lines[start:], said, strict=False)] == said
    assert not lines[start + len(said)].startswith("    ")


def test_rows_of_which_different_things_are_said_have_a_line_each(call: Any, tmp_path: Path) -> None:
    content = HEAD + "".join(f"c{n % 2},100,USD,x,q\n" for n in range(4))
    (tmp_path / "payout.csv").write_text(content)
    _, out, _ = call("check", "payout.csv")
    assert "  ! 2 rows: reference duplicate, first in row 4 [duplicate]\n    row 4: Customer 'c0' already" in out
    assert "\n    row 5: Customer 'c1' already" in out


def test_a_hundred_rows_with_one_mistake_fit_one_screen(call: Any, tmp_path: Path) -> None:
    (tmp_path / "payout.csv").write_text(rows(*[(f"c{n}", f"{n},5") for n in range(1, 122)]))
    code, out, _ = call("check", "payout.csv")
    assert code == 1 and len(out.splitlines()) < 25


@pytest.mark.parametrize(
    ("cells", "words", "end"),
    [
        ([("c", "100")], [], ["Next       pay it:", "batch-credits run payout.csv"]),
        ([("c", "100"), ("", "7")], ["--amount-unit=major"],
         ["Next       mend 1 row in your file, and check it again; or pay the other row now, and mend it in the"
          " failed.csv of that run:",
          "batch-credits check payout.csv --amount-unit=major", "batch-credits run payout.csv --amount-unit=major"]),
        ([("", "7")], ["--json"], None),
        ([("", "7")], [],
         ["Next       mend 1 row in your file, and check it again:", "batch-credits check payout.csv"]),
    ],
)  # fmt: skip
def test_the_last_lines_say_what_to_do_next(
    call: Any, tmp_path: Path, cells: list[tuple[str, str]], words: list[str], end: list[str] | None
) -> None:
    (tmp_path / "payout.csv").write_text(rows(*cells))
    _, out, _ = call("check", "payout.csv", *words)
    assert (out.splitlines()[-len(end) :] == end) if end else out.rstrip().endswith("}")


def test_a_folder_of_reports_is_there_only_with_something_in_it(call: Any, tmp_path: Path) -> None:
    payout = tmp_path / "payout.csv"
    payout.write_text(rows(("c", "100")))
    call("check", "payout.csv")
    assert not (tmp_path / "reports").exists()
    payout.write_text(rows(("", "100")))
    call("check", "payout.csv")
    [folder] = (tmp_path / "reports").iterdir()
    assert [path.name for path in folder.iterdir()] == ["rejected.csv"]
