"""What the soak concludes from its samples, of series whose truth is known."""

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

JUDGED = Path(__file__).parents[3] / "benchmarks" / "judged.py"
MIB = 1024.0**2


@pytest.fixture(scope="module")
def judged() -> ModuleType:
    spec = importlib.util.spec_from_file_location("judged_by_test", JUDGED)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def hour(bytes_a_credit: float, noise: float = 20_000.0, windows: int = 60) -> tuple[list[float], list[float]]:
    """Credits, and bytes that are held, at the end of each window; the first third is warming up."""
    chance = random.Random(7)
    credits = [3_500.0 * (n + 1) for n in range(windows)]
    warm = [20 * MIB * min(1.0, 3 * n / windows) for n in range(windows)]
    return credits, [w + bytes_a_credit * c + chance.gauss(0, noise) for c, w in zip(credits, warm, strict=True)]


@pytest.mark.parametrize(("bytes_a_credit", "verdict"), [(0, "flat"), (-3, "flat"), (40, "grows"), (16, "grows")])
def test_a_leak_is_told_from_noise(judged: ModuleType, bytes_a_credit: float, verdict: str) -> None:
    assert judged.leaks(*hour(bytes_a_credit))[0] == verdict


def test_what_noise_hides_is_not_called_flat(judged: ModuleType) -> None:
    assert judged.leaks(*hour(0, noise=5 * MIB))[0] == "undecided"


def test_a_few_windows_decide_nothing(judged: ModuleType) -> None:
    for windows in (0, 1, 2, 5):
        assert judged.leaks(*hour(40, windows=windows))[0] == "undecided"
        assert judged.straight(*hour(40, windows=windows))[0] == "undecided"


def test_a_ledger_that_grows_faster_and_faster_is_no_straight_line(judged: ModuleType) -> None:
    credits = [3_500.0 * n for n in range(60)]
    assert judged.straight(credits, [500 * c for c in credits])[0] == "linear"
    assert judged.straight(credits, [500 * c + c * c / 500 for c in credits])[0] == "bent"


def test_calls_are_late_against_the_window_of_the_limit(judged: ModuleType) -> None:
    arrivals = [0.0, 0.5, 60.25, 60.75, 121.0]
    assert judged.late_by(arrivals, 2, 60.0) == [0.25, 0.25, 0.75]
    assert judged.of_the_bound(arrivals, 2, 60.0) == pytest.approx(121.0 / 120.0)
    assert judged.of_the_bound(arrivals[:2], 2, 60.0) is None
    assert min(judged.late_by([0.0, 59.0], 1, 60.0)) == -1.0  # it came too early


def test_a_share_of_values(judged: ModuleType) -> None:
    assert judged.at(0.5, [3.0, 1.0, 2.0]) == 2.0
    assert judged.at(0.99, [1.0]) == 1.0
    assert judged.at(0.5, []) is None


def test_samples_of_one_window_are_one_point(judged: ModuleType) -> None:
    assert judged.by_window([1, 2, 3, 61], [5.0, 9.0, 6.0, 8.0], 60.0) == [6.0, 8.0]
