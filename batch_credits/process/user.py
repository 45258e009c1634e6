"""Who acts: the user who runs this process, or whom that user's server lets act."""

import os
import pwd

_acts_for: list[str] = []  # one name at most


def user_name() -> str:
    """The name of the process's real user, or number where this machine knows no name. The environment says nothing
    here: it could name anyone."""
    if _acts_for:
        return _acts_for[0]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # no such user in this container
        return f"uid {os.getuid()}"


def act_for(name: str) -> None:
    """From now on this process acts for somebody whom its user's server has let in."""
    _acts_for[:] = [name]
