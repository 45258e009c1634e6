"""A bounded share of `make fuzz` for every test run."""

from pathlib import Path

import pytest

from tests.fuzz.campaign import corpus, run_case
from tests.fuzz.mutations import MUTATIONS

CASES_A_TEST = 40
SHARE = 160  # with every `make test`; the others are slow


@pytest.mark.parametrize(
    "first",
    [pytest.param(first, marks=[pytest.mark.slow] if first >= SHARE else []) for first in range(0, 400, CASES_A_TEST)],
)
def test_spoiled_files_end_in_rows_or_one_refusal(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + CASES_A_TEST):
        outcome = run_case(seed, tmp_path)
        assert outcome in ("loaded", "refused"), f"python -m tests.fuzz.campaign --cases 1 --seed {seed}\n{outcome}"


def test_the_corpus_has_every_kind_of_file_and_is_spoiled_in_every_way() -> None:
    assert {path.suffix for path in corpus()} == {".csv", ".tsv", ".gz", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}
    assert len(set(MUTATIONS)) == 8
