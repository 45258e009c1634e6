"""A check that cannot be begun: it is said, and tried again."""

import asyncio
import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from batch_credits.web.desk.checks import Checks
from batch_credits.web.desk.children import Children
from batch_credits.web.desk.uploads import Upload


def test_what_is_in_the_way_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.web.desk.checks.must_be_approved", lambda: False)
    tried: list[int] = []

    def check(*_: Any) -> Any:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def visit() -> None:
        checks = Checks(cast(Children, SimpleNamespace(check=check)))
        upload = Upload("0" * 20, tmp_path, "a.csv", "ada", "2026-11-28T15:00:00+00:00", {})
        assert checks.found(upload) is None and checks.known(upload) is None
        await checks.wait(upload, 10)
        for found in (checks.known(upload), checks.found(upload)):
            assert found is not None and found.error is not None and not found.asks
            assert found.error["message"] == "The file could not be checked: No space left on device."
        assert checks.found(upload) is None
        await checks.wait(upload, 10)

    asyncio.run(visit())
    assert len(tried) == 2
