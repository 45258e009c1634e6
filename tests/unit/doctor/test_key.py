"""The key, as far as it can be seen: where it is from, and what is wrong with it; never what it is."""

from pathlib import Path

import pytest

from batch_credits.doctor.key import key_signs
from batch_credits.doctor.signs import Mark

KEY = "test_secret_0123456789"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHARGEBEE_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        (None, Mark.BAD),
        ("", Mark.BAD),
        ("  \n", Mark.BAD),
        (KEY, Mark.GOOD),
        (f" {KEY}\n", Mark.GOOD),
        (f"{KEY} # mine", Mark.BAD),
        (f"{KEY}\n{KEY}", Mark.BAD),
        (f"{KEY}\u00e9", Mark.BAD),
        (f"{KEY}\x07", Mark.BAD),
    ],
)
def test_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str | None, mark: Mark) -> None:
    if text is not None:
        monkeypatch.setenv("CHARGEBEE_API_KEY", text)
    [sign] = key_signs(None)
    assert sign.mark is mark
    assert KEY not in f"{sign}"
    assert (sign.do != "") is (mark is Mark.BAD)


def test_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "my key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    assert [sign.mark for sign in key_signs(file)] == [Mark.GOOD]
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        first, last = key_signs(file)
        assert (first.mark, last.mark) == (Mark.WARNING, Mark.GOOD)
        assert first.programs == (f"chmod 600 '{file}'",)
        assert f"{mode:04o}" in first.found


def test_a_file_goes_before_the_environment_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o600)
    monkeypatch.setenv("CHARGEBEE_API_KEY", "other")
    assert [sign.mark for sign in key_signs(file)] == [Mark.WARNING, Mark.GOOD]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "none", tmp_path, binary):
        [sign] = key_signs(file)
        assert sign.mark is Mark.BAD
        assert sign.remedies
