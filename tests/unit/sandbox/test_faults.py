"""The faults there are."""

from batch_credits.sandbox import faults


def test_every_fault_is_explained_in_the_module() -> None:
    explained = {line.split()[0] for line in (faults.__doc__ or "").splitlines() if line.startswith("    ")}
    assert explained == {*faults.WRITE_FAULTS, *faults.READ_FAULTS}
