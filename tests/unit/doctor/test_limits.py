"""How fast a site is asked, against what is documented for it."""


from batch_credits.doctor.limits import limit_signs
from batch_credits.doctor.signs import Mark
from batch_credits.settings import RunSettings, SiteSettings
from tests.each import each

LIVE, TEST = (SiteSettings(name, f"https://{name}.chargebee.com", "k") for name in ("acme", "acme-test"))
HERE = SiteSettings("127.0.0.1:8900", "http://127.0.0.1:8900", "k")


@each(
    "site, settings, is_said, mark",
    [
        (TEST, RunSettings(), False, Mark.GOOD),
        (TEST, RunSettings(rate_per_minute=1000), True, Mark.WARNING),
        (TEST, RunSettings(rate_per_minute=0), True, Mark.WARNING),
        (LIVE, RunSettings(), False, Mark.WARNING),
        (LIVE, RunSettings(rate_per_minute=1000, plan="performance"), True, Mark.GOOD),
        (LIVE, RunSettings(rate_per_minute=0), True, Mark.WARNING),
        (HERE, RunSettings(rate_per_minute=0), True, Mark.GOOD),
        (HERE, RunSettings(rate_per_minute=1000), True, Mark.GOOD),
    ],
)
def test_the_rate(site: SiteSettings, settings: RunSettings, is_said: bool, mark: Mark) -> None:
    [sign] = limit_signs(site, settings, is_said=is_said)
    assert sign.mark is mark
    assert bool(sign.remedies) is (mark is Mark.WARNING)


def test_more_calls_at_once_than_are_documented() -> None:
    _, sign = limit_signs(TEST, RunSettings(concurrency=60), is_said=True)
    assert sign.mark is Mark.WARNING
    assert "50" in sign.found
