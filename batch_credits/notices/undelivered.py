"""Why a notice did not arrive."""


class Undelivered(Exception):
    """It did not, for a reason that may be shown. `is_final`: to try again is of no use."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
