"""How many examples and cases are tried: a share of them in `make test`, all of them in `make slow`."""

import os
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest

_IS_WHOLE = bool(os.environ.get("ALL_EXAMPLES"))


def examples(whole: int) -> int:
    """As many as are tried here."""
    return whole if _IS_WHOLE else -(-whole // 3)


def every(step: int, cases: Iterable[Any]) -> list[Any]:
    """Cases for `parametrize`, of which each of so many is tried in `make test`, and the others are slow."""
    return [_case((case,), is_slow=at % step > 0) for at, case in enumerate(cases)]


def each_value(*values: Sequence[Any]) -> list[Any]:
    """All combinations for `parametrize`. So many that each value is in one are tried in `make test`, and the others
    are slow.
    """
    shared = {tuple(at % len(of_one) for of_one in values) for at in range(max(map(len, values)))}
    places = product(*(range(len(of_one)) for of_one in values))
    return [
        _case([of_one[at] for of_one, at in zip(values, place, strict=True)], is_slow=place not in shared)
        for place in places
    ]


def _case(values: Sequence[Any], *, is_slow: bool) -> Any:
    return pytest.param(*values, marks=[pytest.mark.slow] if is_slow else [])
