"""Amounts that are valid and yet look wrong: pointed out before the question, and never more than that.

Two mistakes are a hundred times too much without breaking a rule: one row whose amount was typed or exported in
another unit than the others', and a whole file of that kind. The first shows against the file's own amounts, the
second only against what earlier files of this site credited. Medians, since a mean would follow the mistake.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from batch_credits.ledger import Bucket, LargeAmount

FAR_FACTOR = 20  # a row: this many times the median of its currency, and ...
FAR_SIGMAS = 4.0  # ... this far out of the spread that the amounts have, on a scale of factors
FEWEST_ROWS = 10  # fewer amounts have no distribution
UNUSUAL_FACTOR = 30  # a batch: its median against that of earlier credits; about 100 is a mistaken unit
FEWEST_EARLIER = 5
_MAD_TO_SIGMA = 1.4826  # what makes of a median deviation the deviation of a normal distribution

Words = Callable[[int, str], str]  # (minor units, currency) as people read it


def median(buckets: Iterable[Bucket]) -> int:
    """The middle amount, to the width of a bucket."""
    ordered = sorted(buckets)
    half = sum(count for _, count in ordered) / 2
    passed = 0
    for value, count in ordered:
        passed += count
        if passed >= half:
            return value
    raise ValueError("no amounts have no median")


def far_from(buckets: Sequence[Bucket]) -> int | None:
    """The amount from which on a row stands out among these; None for too few to tell."""
    if sum(count for _, count in buckets) < FEWEST_ROWS:
        return None
    middle = median(buckets)
    # Deviations as thousandths of a logarithm: a bucket's value is an integer.
    deviations = [Bucket(round(1000 * abs(math.log(value / middle))), count) for value, count in buckets]
    sigma = _MAD_TO_SIGMA * median(deviations) / 1000
    return math.ceil(middle * max(FAR_FACTOR, math.exp(min(FAR_SIGMAS * sigma, 50))))


def far_rows(spread: Mapping[str, Sequence[Bucket]], largest: Sequence[LargeAmount], in_words: Words) -> list[str]:
    """A sentence for each of the largest amounts that stands out in its own batch, and one for the rest of them."""
    sentences = []
    for currency, buckets in sorted(spread.items()):
        bound = far_from(buckets)
        if bound is None:
            continue
        middle = median(buckets)
        shown = [row for row in largest if row.currency == currency and row.amount_minor >= bound]
        for row in shown:
            sentences.append(
                f"row {row.row_number}: {in_words(row.amount_minor, currency)} is {row.amount_minor // middle:,} times "
                f"the median of the file, {in_words(middle, currency)}"
            )
        more = sum(rows for amount, rows in buckets if amount >= bound) - len(shown)
        if shown and more > 0:
            sentences.append(f"{more:,} more of {currency or 'the site currency'} that are far above that median")
    return sentences


def unusual_batch(
    spread: Mapping[str, Sequence[Bucket]], earlier: Mapping[str, Sequence[Bucket]], in_words: Words
) -> list[str]:
    """A sentence for each currency whose amounts are of another size than what this site was credited before."""
    sentences = []
    for currency, buckets in sorted(spread.items()):
        before = earlier.get(currency, ())
        if sum(count for _, count in before) < FEWEST_EARLIER:
            continue
        now, then = median(buckets), median(before)
        factor = max(now, then) / max(1, min(now, then))
        if factor >= UNUSUAL_FACTOR:
            size = "larger" if now > then else "smaller"
            sentences.append(
                f"amounts are about {factor:,.0f} times {size} than in earlier batches: the median is "
                f"{in_words(now, currency)}, and was {in_words(then, currency)}. Is the unit right (--amount-unit)?"
            )
    return sentences
