"""Lists that do not end: their pages come again, under offsets that the list gave out in good faith.

Such an offset holds a step instead of a place. A step shows that page of the list, where there is one, or else the
first, so nothing is remembered between two requests.
"""

from collections.abc import Callable
from dataclasses import replace

from batch_credits.sandbox.queries import CreditQuery, Record, read_offset, write_offset

CIRCLE_PAGES = 3
FIRST_STEP = 10**12  # as a place, beyond all credits: so a plan that changes meanwhile shows the list from its start


def circling_page(show: Callable[[CreditQuery], Record], query: CreditQuery, *, endless: bool) -> Record:
    """A page of the list that `show` shows, with the offset of the next step.

    `endless` has ever new offsets; else those of a circle of `CIRCLE_PAGES`.
    """
    step = 0 if query.before is None or query.before < FIRST_STEP else query.before - FIRST_STEP
    following = step + 1 if endless else (step + 1) % CIRCLE_PAGES
    page = first = show(replace(query, before=None))
    for _ in range(step):
        if "next_offset" not in page:
            page = first
            break
        page = show(replace(query, before=int(read_offset(page["next_offset"]))))
    return {"list": page["list"], "next_offset": write_offset(str(FIRST_STEP + following))}
