"""Numbers of things, in words."""


def rows(number: int) -> str:
    """`1 row`, `2,000 rows`."""
    return "1 row" if number == 1 else f"{number:,} rows"
