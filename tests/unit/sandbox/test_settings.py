"""What a sandbox can be set to."""

from typing import Any

import pytest

from batch_credits.sandbox import SandboxSettings
from tests.each import each


def test_the_key_stays_out_of_the_repr() -> None:
    assert "secret" not in repr(SandboxSettings(api_key="secret"))


@each(
    "wrong", [{"port": 65536}, {"port": -1}, {"rate_per_minute": -1}, {"concurrency": -1}, {"api_key": ""}]
)
def test_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SandboxSettings(**wrong)
