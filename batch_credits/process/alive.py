"""Whether another process of this machine is still there."""

import os


def is_there(pid: int) -> bool:
    """Whether a process has this number. One that has ended is there until its parent has asked how it ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True
