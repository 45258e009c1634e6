"""Control totals that somebody else made."""

from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.loader.control_file import MAX_CONTROL_BYTES, read_control_file
from batch_credits.settings import ControlFile, ControlLine

USD, EUR = ControlLine("USD", 200, "6511.00"), ControlLine("EUR", None, "90.10")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("currency,rows,total\nUSD,200,6511.00\nEUR,,90.10\n", ControlFile(None, (USD, EUR))),
        ("Currency Code;Total\nusd ; 1\n\n", ControlFile(None, (ControlLine("USD", None, "1"),))),
        ("rows,currency\n3,JPY\n5,\n", ControlFile(5, (ControlLine("JPY", 3, None),))),
        ("\ufeffcurrency,total\r\nUSD,1.10\r\n", ControlFile(None, (ControlLine("USD", None, "1.10"),))),
        ('{"rows": 212}', ControlFile(212, ())),
        (
            '{"totals": {"USD": {"rows": 200, "total": 6511.00}, "EUR": "90.10"}}',
            ControlFile(None, (USD, EUR)),
        ),
        ('{"totals": {"USD": 0.1}}', ControlFile(None, (ControlLine("USD", None, "0.1"),))),
    ],
)
def test_control_totals_are_read(tmp_path: Path, text: str, expected: ControlFile) -> None:
    path = tmp_path / "control"
    path.write_text(text)
    assert read_control_file(path) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("currency,total\n", "holds no control totals"),
        ("currency,sum\nUSD,1\n", "its headers are"),
        ("currency,total\nUSD\n", "more or fewer cells"),
        ("currency,total\nUSD,1\nusd,2\n", "named twice"),
        ("currency,total\n,1\n", "names no currency"),
        ("currency,rows\n,1\n,1\n", "names no currency"),
        ('currency,total\nUSD,"1\n', "unexpected end"),
        ("currency,rows\nUSD,1.0\n", "no number of rows"),
        ("{}", "holds no control totals"),
        ("{", "holds no control totals"),
        ('{"rows": true}', "no number of rows"),
        ('{"rows": 1, "rows": 2}', "given twice"),
        ('{"row": 1}', "'row' is not known"),
        ('{"totals": []}', "totals is no object"),
        ('{"totals": {"dollars": 1}}', "no currency code"),
        ('{"totals": {"USD": {"count": 1}}}', "more than rows and total"),
        ('{"totals": {"USD": [1]}}', "is no total"),
        ('{"totals": ' + '{"USD": ' * 100_000, "holds no control totals"),
        ("x" * (MAX_CONTROL_BYTES + 1), "too large"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "control"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_control_file(path)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("nowhere", "binary", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            read_control_file(tmp_path / name)
