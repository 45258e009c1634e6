"""Many cases that need nothing of their own, in one test: each test of pytest's takes 2 ms more than what it tries."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def each(names: str, cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `pytest.mark.parametrize`, within one test: the first case that fails is named. What a fixture gives is given
    to all of them together.
    """
    several, found = names.split(", "), list(cases)

    def among(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def tried(**given: Any) -> None:
            for case in found:
                try:
                    test(**given, **dict(zip(several, case if len(several) > 1 else (case,), strict=True)))
                except BaseException as error:
                    error.add_note(f"{names}: {case!r}")
                    raise

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in several]
        tried.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return tried

    assert found, "no case would always pass"
    return among
