"""Another site is offered with the profile that brings its address, never beside that of another site."""

from pathlib import Path

import pytest

from batch_credits.cli.profile_of_site import with_profile
from batch_credits.errors import LEFT_OUT, Remedy

PROFILES = """
[profiles.alpha]
site = "Alpha-Test"
base_url = "http://127.0.0.1:1"
[profiles.beta]
site = "beta-test"
base_url = "http://127.0.0.1:2"
[profiles.reading]
encoding = "cp1252"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    for name in ("CHARGEBEE_SITE", "CHARGEBEE_BASE_URL", "BATCH_CREDITS_PROFILE", "BATCH_CREDITS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "own.toml"
    path.write_text(PROFILES)
    return str(path)


@pytest.mark.parametrize(
    ("taken", "remedy", "fitting"),
    [
        ("beta", (("--site", "alpha-test"),), (("--profile", "alpha"),)),
        ("beta", (("--rate", "3"), ("--site", "alpha-test")), (("--rate", "3"), ("--profile", "alpha"))),
        ("beta", (("--site", "gamma"),), (("--profile", LEFT_OUT), ("--site", "gamma"))),
        ("reading", (("--site", "alpha-test"),), (("--site", "alpha-test"),)),
        ("beta", (("--ledger", "FILE"),), (("--ledger", "FILE"),)),
        (None, (("--site", "alpha-test"),), (("--site", "alpha-test"),)),
    ],
)
def test_the_profile_of_the_site_is_offered(config: str, taken: str | None, remedy: Remedy, fitting: Remedy) -> None:
    typed = {"--config": config} | ({"--profile": taken} if taken else {})
    assert with_profile(remedy, typed) == fitting


@pytest.mark.parametrize("variable", ["CHARGEBEE_SITE", "CHARGEBEE_BASE_URL"])
def test_no_profile_is_offered_that_a_variable_would_beat(
    config: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "beta-test")
    remedy = (("--site", "alpha-test"),)
    assert with_profile(remedy, {"--config": config, "--profile": "beta"}) == remedy


def test_a_profile_and_a_file_that_the_environment_names_count(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_CREDITS_PROFILE", "beta")
    monkeypatch.setenv("BATCH_CREDITS_CONFIG", config)
    assert with_profile((("--site", "alpha-test"),), {}) == (("--profile", "alpha"),)


def test_files_that_cannot_be_read_leave_the_remedy_as_it_is(config: str) -> None:
    Path(config).write_text("[profiles")
    remedy = (("--site", "alpha-test"),)
    assert with_profile(remedy, {"--config": config, "--profile": "beta"}) == remedy
