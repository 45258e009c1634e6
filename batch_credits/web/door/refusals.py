"""A request that is refused, in words."""


class Refused(Exception):
    """Anything may raise it: the door makes a page of it. `status` is that of HTTP; `hint` what to do now."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
