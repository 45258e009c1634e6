"""How long it takes to load, validate and admit a file, beside what pandas alone takes to read it, in the same run.

    python benchmarks/load.py                              1,000,000 rows of CSV and 100,000 of Excel, three rounds
    python benchmarks/load.py --rows 100000 --rounds 1

Each measure is a process of its own, the two sides of a ratio take turns, and start-up is not counted.
"""

import argparse
import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HEADERS = ("customer_id", "amount", "currency_code", "description", "credit_type", "reference")


def pandas_csv(path: Path) -> None:
    import pandas

    pandas.read_csv(path, dtype=str)


def pandas_excel(path: Path) -> None:
    import pandas

    pandas.read_excel(path, engine="calamine")


def scan(path: Path) -> None:
    from batch_credits.loader.opening import open_source
    from batch_credits.settings import InputOptions

    open_source(path, InputOptions())


def validate(path: Path) -> None:
    from batch_credits.loader.opening import open_source
    from batch_credits.settings import InputOptions

    assert not any(chunk.rejected for chunk in open_source(path, InputOptions()).chunks())


def admit(path: Path) -> None:
    from batch_credits.ledger import Ledger
    from batch_credits.loader.opening import open_source
    from batch_credits.planning.plan import stage
    from batch_credits.settings import InputOptions

    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger") as ledger:
        plan = stage(ledger, open_source(path, InputOptions()), "acme-test")
        ledger.admission.admit(plan.batch_id)
        assert plan.owed == plan.rows


MEASURES: dict[str, Callable[[Path], None]] = {
    function.__name__: function for function in (pandas_csv, pandas_excel, scan, validate, admit)
}


def measure(name: str, path: Path) -> dict[str, float]:
    """Seconds, and the peak memory in MiB, of a process that does this one thing."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", name, str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_here(name: str, path: Path) -> None:
    import pandas  # noqa: F401 - both sides need it; a program that starts pays for it once

    import batch_credits.planning.plan  # noqa: F401

    start, cpu = time.perf_counter(), time.process_time()
    MEASURES[name](path)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": mib}))


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """One after the other: a process begins with the peak memory of the one that started it.

    The customers come in no order, as in a real file.
    """
    yield HEADERS
    for n in range(count):
        customer = f"cust-{n * 7919 % count:08d}"
        yield customer, str(100 + n % 5_000), "USD", f"Loyalty credit {n}", "loyalty_credits", f"q3-{n:08d}"


def write_files(folder: Path, csv_rows: int, excel_rows: int) -> tuple[Path, Path]:
    as_csv, as_excel = folder / "payout.csv", folder / "payout.xlsx"
    with as_csv.open("w", newline="") as text:
        csv.writer(text).writerows(rows(csv_rows))
    import xlsxwriter

    with xlsxwriter.Workbook(as_excel, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows(excel_rows)):
            sheet.write_row(number, 0, cells)
    return as_csv, as_excel


def compare(title: str, path: Path, base: str, names: tuple[str, ...], rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (base, *names)}
    for _ in range(rounds):
        for name, measured in found.items():
            measured.append(measure(name, path))
    print(title)
    for name, measured in found.items():
        ratios = [one["seconds"] / other["seconds"] for one, other in zip(measured, found[base], strict=True)]
        seconds, cpu = (statistics.median(one[key] for one in measured) for key in ("seconds", "cpu"))
        print(
            f"  {name:<14} {seconds:7.2f} s   {cpu:7.2f} s of CPU   {statistics.median(ratios):5.2f} x  "
            f"({min(ratios):.2f}-{max(ratios):.2f})   peak {max(one['mib'] for one in measured):5.0f} MiB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--excel-rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "FILE"), help="what each process is called with")
    chosen = parser.parse_args()
    if chosen.measure:
        measure_here(chosen.measure[0], Path(chosen.measure[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        as_csv, as_excel = write_files(Path(folder), chosen.rows, chosen.excel_rows)
        csv_title, excel_title = f"{chosen.rows:,} rows of CSV", f"{chosen.excel_rows:,} rows of Excel"
        compare(csv_title, as_csv, "pandas_csv", ("scan", "validate", "admit"), chosen.rounds)
        compare(excel_title, as_excel, "pandas_excel", ("scan", "validate", "admit"), chosen.rounds)


if __name__ == "__main__":
    main()
