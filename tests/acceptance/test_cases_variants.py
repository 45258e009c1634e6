"""Promise: what the eye sees is what is paid. Other files of the kinds that `cases` has, in every format.

`variants` says of each what has to become of it. They are read in this process, and nothing is sent.
"""

from pathlib import Path

import pytest

from batch_credits.errors import BatchCreditsError
from batch_credits.loader.opening import open_source
from batch_credits.model import LoadedRow
from batch_credits.planning.file_totals import refuse_unequal
from batch_credits.settings import InputOptions
from tests.acceptance.variants import MAJOR, VARIANTS, Variant

FILES = [(variant, suffix) for variant in VARIANTS for suffix in variant.formats]


@pytest.mark.parametrize(
    ("variant", "suffix"), FILES, ids=[ascii(f"{variant.name}{suffix}") for variant, suffix in FILES]
)
def test_it_is_read_as_a_person_would_read_it(variant: Variant, suffix: str, tmp_path: Path) -> None:
    path = variant.write(tmp_path, suffix)
    options = InputOptions(**(variant.options or MAJOR))
    if variant.refused:
        with pytest.raises(BatchCreditsError) as refused:
            read(path, options)
        remedies = getattr(refused.value, "remedies", ())
        said = f"{refused.value.message} {refused.value.hint} {remedies}"
        assert [word for word in variant.refused if word not in said] == []
        assert [word for word in variant.unsaid if word in said] == []
        return
    rows, control_totals, notes = read(path, options)
    assert {row.request.customer_id: row.request.amount for row in rows if row.request} == variant.paid
    codes = {row.row_number: {problem.code for problem in row.problems} for row in rows if row.problems}
    assert codes.keys() == variant.rejected.keys()
    assert all(code == "?" or code in codes[number] for number, code in variant.rejected.items()), codes
    said = " ".join([*notes, *(problem.message for row in rows for problem in row.problems)])
    assert [word for word in variant.said if word not in said] == []
    assert [word for word in variant.unsaid if word in said] == []
    assert control_totals == [*variant.control_totals]


def read(path: Path, options: InputOptions) -> tuple[list[LoadedRow], list[tuple[int, str, int]], tuple[str, ...]]:
    """The rows, the control totals that hold, and the notes."""
    source = open_source(path, options)
    rows = [row for chunk in source.chunks() for row in chunk]
    refuse_unequal(source)
    return rows, [(found.row, found.currency, found.amount_minor) for found in source.totals.found], source.notes
