"""A bounded share of `make fuzz-web` for every test run."""

from collections import Counter
from pathlib import Path

from tests.fuzz.web import run_cases, served

CASES = 500


def test_spoiled_requests_are_answered_in_words_and_never_by_500(tmp_path: Path) -> None:
    with served(tmp_path) as (web, site, at):
        outcomes = dict(run_cases(0, CASES, at))
        wrong = {seed: what for seed, what in outcomes.items() if what not in ("2xx", "3xx", "4xx", "silence")}
        assert not wrong, "python -m tests.fuzz.web --cases 1 --seed SEED"
        counts = Counter(outcomes.values())
        assert counts["2xx"] > 10, "some are spoiled so little that they are answered"
        assert counts["4xx"] > CASES / 2
        assert web.said[1] == ""
        assert site.posts == 0
