"""Every interleaving of the small scope, and each mistake that it must find."""

import pytest

from tests.simulation.scopes import MUTANTS, search


def test_no_interleaving_does_harm() -> None:
    states, harm = search()
    assert harm is None
    assert states > 4_000, "all of them are walked"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_found(name: str) -> None:
    _, harm = search(MUTANTS[name])
    assert harm is not None
    assert harm.startswith("recorded" if name == "no fence" else "double"), harm
