"""Who runs this process."""

import getpass
import os


def user_name() -> str:
    """The user's name, or number where this machine knows no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return f"uid {os.getuid()}"
