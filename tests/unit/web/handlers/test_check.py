"""What the page of a check says of rows that are known."""

from typing import Any

from batch_credits.web.handlers.check import known_before
from tests.each import each


def found(rows: int, credited: int, undone: int = 0, mends: int = 0) -> dict[str, Any]:
    mended = [{"file": "payout.csv", "batch": "1234abcd" * 8, "rows": mends}] if mends else []
    counts = {"credited": credited, "already_credited": 0}
    return {"rows": rows, "counts": counts, "reversed": {"count": undone}, "mends": mended}


@each(
    "known, said",
    [
        (found(3, 0), []),
        (found(1, 1), ["1 of 1 row was credited before, and not sent again."]),
        (
            found(3, 2, 1, 1),
            [
                "2 of 3 rows were credited before, and not sent again.",
                "1 of these credits was taken back, and not paid again under the same reference.",
                "1 row mends a row of payout.csv.",
            ],
        ),
        (
            found(3, 1, 0, 2),
            ["1 of 3 rows was credited before, and not sent again.", "2 rows mend rows of payout.csv."],
        ),
    ],
)
def test_what_is_known_of_rows_before(known: dict[str, Any], said: list[str]) -> None:
    assert known_before(known) == said
