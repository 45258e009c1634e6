"""Numbers of things, in words."""


def rows(number: int) -> str:
    """`1 row`, `2,000 rows`."""
    return "1 row" if number == 1 else f"{number:,} rows"


def kinds(number: int) -> str:
    """`1 more kind`, `3 more kinds`: of problems, where only the most frequent are shown."""
    return "1 more kind" if number == 1 else f"{number:,} more kinds"
