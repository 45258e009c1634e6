"""What ten million credits take on each plan: arithmetic over the plans' limits and what was measured a row.

    python benchmarks/ten_million.py            the tables of docs/growth.md

A test holds the page against these lines, and the formulas against a simulation that shares nothing with them.
"""

from dataclasses import dataclass

ROWS = 10_000_000
SHARE = 0.8  # of the limit that is used, unless --share says otherwise
WINDOW = 60.0  # seconds
LATENCY = 0.3  # seconds from a request to its answer
PLANS = {"150 a minute": 150, "1,000 a minute": 1_000, "3,500 a minute": 3_500}


@dataclass(frozen=True)
class Measured:
    """By benchmarks/team.py with PostgreSQL 18 and 100,000 rows: what a row costs, without what a run costs once."""

    stored_bytes: float = 1_150  # tables and indexes
    wal_bytes: float = 1_950  # many rows a commit
    slow_wal_bytes: float = 3_050  # two commits a row
    client_seconds: float = 145e-6  # CPU: read, admit, send, report
    server_seconds: float = 87e-6
    site_seconds: float = 28e-6
    journal_seconds: float = 45e-6  # of the server's, while no other commit of the journal may go on
    beside_a_second: float = 13  # transactions of a worker that are not of the journal


M = Measured()


def pace(limit: int, share: float = SHARE) -> float:
    """Requests a second: each slot comes back a window after its answer."""
    return int(limit * share) / (WINDOW + LATENCY)


def days(limit: int, share: float = SHARE) -> float:
    """That all rows take on a site with this limit."""
    return ROWS / pace(limit, share) / 86_400


def most_commits(sync_seconds: float, group: int) -> float:
    """Commits of the journal that one database takes in a second: they are numbered one after the other."""
    return 1 / (sync_seconds + group * M.journal_seconds)


def with_limit() -> list[str]:
    """A line for each plan."""
    lines = ["| plan | days | with `--share 1` | requests a second | transactions a second at most | WAL a day |"]
    lines.append("|---|---|---|---|---|---|")
    for name, limit in PLANS.items():
        rate = pace(limit)
        wal = f"{rate * 86_400 * M.slow_wal_bytes / 1e9:.1f} GB"
        load = f"{2 * rate + M.beside_a_second:.0f}"
        lines.append(f"| {name} | {days(limit):.1f} | {days(limit, 1.0):.1f} | {rate:.1f} | {load} | {wal} |")
    return lines


def without_limit() -> list[str]:
    """A line for each party."""
    cost = {"workers, all together": M.client_seconds, "PostgreSQL": M.server_seconds}
    lines = ["| party | CPU a row | CPU minutes in all | rows a second that one core carries |", "|---|---|---|---|"]
    for name, seconds in cost.items():
        lines.append(f"| {name} | {seconds * 1e6:.0f} us | {ROWS * seconds / 60:.0f} | {1 / seconds:,.0f} |")
    return lines


def where_it_ends() -> list[str]:
    """A line for each disk."""
    groups = (100, 300, 1_000)
    lines = [f"| a sync takes | {' | '.join(f'{group:,} rows a commit' for group in groups)} |", "|---|---|---|---|"]
    for milliseconds in (0.1, 1, 5, 20):
        cells = (f"{group * most_commits(milliseconds / 1000, group):,.0f} rows/s" for group in groups)
        lines.append(f"| {milliseconds:g} ms | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print them."""
    for table in (with_limit(), without_limit(), where_it_ends()):
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
