"""The file for a collector: whole, readable by another user, and never in the place of something else."""

import stat
from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.metrics.exposition import openmetrics
from batch_credits.metrics.reading import Reading, Whose
from batch_credits.metrics.textfile import MAX_BYTES, TextFile

WHOSE = Whose("acme-test", "run")
READING = Reading(WHOSE, "1", 5.0, 6.0, 0, succeeded_at=6.0, finished_at=6.0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_the_collector_too_and_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "batch.prom"
    file = TextFile(path)
    file.write(READING)
    assert (path.read_bytes(), mode(path)) == (openmetrics(READING), 0o644)
    path.chmod(0o640)
    file.write(READING)
    assert mode(path) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["batch.prom"], "nothing is left beside it"


def test_what_a_run_before_said_is_taken_over(tmp_path: Path) -> None:
    file = TextFile(tmp_path / "batch.prom")
    assert file.earlier(WHOSE) == (None, None, "")
    file.write(READING)
    assert file.earlier(WHOSE) == (6.0, 6.0, "acme-test")
    (tmp_path / "batch.prom").write_text("")
    assert file.earlier(WHOSE) == (None, None, ""), "who wants another mode makes an empty one"


@pytest.mark.parametrize("content", [b"customer_id,amount\nc-1,5\n", b"\xff\xfe", b"# EOF\n", b"x" * (MAX_BYTES + 1)])
def test_what_is_not_ours_is_not_lost(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "payout.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        TextFile(path).earlier(WHOSE)
    assert "--metrics-file" in refused.value.message and str(path) in refused.value.message
    assert path.read_bytes() == content


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        TextFile(tmp_path).earlier(WHOSE)
