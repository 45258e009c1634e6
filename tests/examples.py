"""How many examples a property is tried with: a third of them in `make test`, all of them in `make slow`."""

import os

_IS_WHOLE = bool(os.environ.get("ALL_EXAMPLES"))


def examples(whole: int) -> int:
    """As many as are tried here."""
    return whole if _IS_WHOLE else -(-whole // 3)
