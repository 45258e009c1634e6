"""Whatever is broken, a look at it ends with a sign."""

import pytest

from batch_credits.doctor.signs import Mark, good, looked_at, sign_of
from batch_credits.errors import UsageError


def raises(error: Exception) -> list[object]:
    raise error


def test_what_is_found_is_handed_on() -> None:
    assert looked_at("x", lambda: [good("x", "fine")]) == [good("x", "fine")]


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (OSError(28, "No space left on device", "/x"), "No space left on device (/x)"),
        (OSError("odd"), "odd"),
        (ZeroDivisionError("by 0"), "ZeroDivisionError: by 0"),
        (UsageError("No site.", hint="Name it."), "No site."),
    ],
)
def test_what_goes_wrong_is_a_bad_sign(error: Exception, found: str) -> None:
    [sign] = looked_at("x", lambda: raises(error))  # type: ignore[arg-type,return-value]
    assert (sign.about, sign.mark) == ("x", Mark.BAD)
    assert found in sign.found
    assert sign.do


def test_an_error_brings_what_to_do() -> None:
    error = UsageError("No.", hint="Do so.", remedies=[(("--site", "SITE"),)], instead=[("status",)])
    sign = sign_of("x", error)
    assert (sign.do, sign.remedies, sign.instead) == ("Do so.", error.remedies, error.instead)
