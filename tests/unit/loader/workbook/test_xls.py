"""What only workbooks of the old format have."""

from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader import open_source
from batch_credits.settings import InputOptions
from tests.unit.loader.workbook import written

OPTIONS = InputOptions(reference="q3", description="d", currency="USD")
HEADER = ("customer_id", "amount", "description", "note")


def test_an_encrypted_old_workbook(tmp_path: Path) -> None:
    path = written.xls(tmp_path / "payout.xls", [HEADER], encrypted=True)
    with pytest.raises(InputError, match="is encrypted"):
        open_source(path, OPTIONS)


def test_a_compound_file_without_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(written.compound(b"a letter", "WordDocument"))
    with pytest.raises(InputError):
        open_source(path, OPTIONS)
