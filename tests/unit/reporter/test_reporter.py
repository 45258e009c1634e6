import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.errors import ReportsNotWritten
from batch_credits.ledger.runs import History
from batch_credits.model import ControlTotal, Outcome, ReportRow
from batch_credits.reporter.words import next_steps
from batch_credits.reporter.writing import write_reports
from tests.unit.reporter.conftest import Report, make_batch, make_row, make_run

SENTINEL = 5_000


def test_four_reports_lie_in_the_directory_of_the_batch(report: Report) -> None:
    summary = report([make_row(2)], make_run())
    names = sorted(path.name for path in summary.paths.directory.iterdir())
    assert names == ["failed.csv", "results.csv", "summary.html", "summary.json"]
    assert summary.paths.directory.name == "payout-ab12cd34"
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in summary.paths.directory.iterdir())


def test_reports_written_again_say_what_is_true_now(report: Report) -> None:
    assert report([make_row(2, Outcome.IN_DOUBT)]).exit_code == 3
    summary = report([make_row(2)])
    assert (summary.exit_code, summary.in_balance, summary.count(Outcome.CREDITED)) == (0, True, 1)
    assert json.loads(summary.paths.summary_json.read_text())["exit_code"] == 0


def test_what_somebody_mended_is_kept_when_the_reports_are_written_again(report: Report) -> None:
    """A run of the same file again, or `report`, wrote over an hour of work in failed.csv."""
    paths = report([make_row(2, Outcome.FAILED)]).paths
    assert report([make_row(2, Outcome.FAILED)]).edited == ()
    for number, name in ((1, "failed-edited.csv"), (1, "failed-edited.csv"), (2, "failed-edited-2.csv")):
        paths.failed.write_text(f"mended by hand {number}")
        os.utime(paths.failed, (later := paths.summary_html.stat().st_mtime + 1, later))
        summary = report([make_row(2, Outcome.FAILED)])
        assert [path.name for path in summary.edited] == [name]
        assert summary.edited[0].read_text() == f"mended by hand {number}"
        assert summary.edited[0].stat().st_mode & 0o777 == 0o600
        assert "mended by hand" not in paths.failed.read_text()
        assert ("is kept as " + name) in " ".join(f"{sentence} {command}" for sentence, command in next_steps(summary))
    assert report([make_row(2, Outcome.FAILED)]).edited == ()


def test_what_nothing_is_left_to_mend_of_is_not_to_be_run(report: Report) -> None:
    paths = report([make_row(2, Outcome.FAILED)]).paths
    paths.failed.write_text("mended")
    os.utime(paths.failed, (later := paths.summary_html.stat().st_mtime + 1, later))
    [(sentence, command)] = next_steps(report([make_row(2)]))
    assert "is kept as failed-edited.csv" in sentence and "need not be run" in sentence and command == ""


def test_and_so_it_is_when_it_comes_back_with_its_own_time(report: Report) -> None:
    """As `cp -p`, rsync or WinSCP bring it, which was mended elsewhere before the reports were last written."""
    paths = report([make_row(2, Outcome.FAILED)]).paths
    paths.failed.write_text("mended")
    earlier = paths.summary_html.stat().st_mtime - 3600
    os.utime(paths.failed, (earlier, earlier))
    [copy] = report([make_row(2, Outcome.FAILED)]).edited
    assert (copy.name, copy.read_text()) == ("failed-edited.csv", "mended")
    assert report([make_row(2, Outcome.FAILED)]).edited == ()


def test_the_caller_may_know_better_whether_the_site_is_live(tmp_path: Path) -> None:
    assert write_reports(make_batch(site="acme"), History(), list, tmp_path).live
    assert not write_reports(make_batch(site="acme"), History(), list, tmp_path, live=False).live


def test_rows_are_read_once_and_never_held(tmp_path: Path) -> None:
    asked = []

    def rows() -> Iterator[ReportRow]:
        asked.append(True)
        for number in range(SENTINEL):
            yield make_row(number, Outcome.FAILED, cells=(f"{number}" * 40, "1250", "USD", "x" * 200))

    batch = make_batch(rows_read=SENTINEL, totals={"USD": ControlTotal(SENTINEL, SENTINEL * 1250)})
    write_reports(make_batch(), History(), list, tmp_path)  # what is loaded at the first use is not of the rows
    tracemalloc.start()
    try:
        summary = write_reports(batch, History(), rows, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert summary.in_balance
    assert len(asked) == 1
    assert peak < 1_000_000  # the rows are three times that


def test_rows_that_break_off_leave_the_old_reports(tmp_path: Path) -> None:
    first = write_reports(make_batch(), History(), list, tmp_path)
    before = {path: path.read_bytes() for path in first.paths.directory.iterdir()}

    def rows() -> Iterator[ReportRow]:
        yield make_row(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_reports(make_batch(), History(), rows, tmp_path)
    assert {path: path.read_bytes() for path in first.paths.directory.iterdir()} == before


@pytest.mark.parametrize("name", ["reports", "x" * 300])
def test_a_disk_that_refuses_is_said_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "reports").write_text("a file where the directory should be")
    with pytest.raises(ReportsNotWritten, match="cannot be written") as caught:
        write_reports(make_batch(), History(), list, tmp_path / name)
    assert caught.value.instead == (("report", "ab12cd34"),)
