"""Whether the packs before one are those that it names, down to the first of its site."""

from collections.abc import Iterable
from pathlib import Path

from batch_credits.errors import UsageError
from batch_credits.pack.bag import NONE, BagInfo
from batch_credits.pack.opened import is_pack
from batch_credits.pack.verify import Verified, verify

MAX_PACKS = 10_000


def packs_at(path: Path) -> list[Path]:
    """The pack that this is, or those that lie in this folder.

    Raises:
        UsageError: there is none, or too many.
    """
    if is_pack(path):
        return [path]
    try:
        there = path.iterdir() if path.is_dir() else ()
        found = sorted(each for each in there if each.name[0] != "." and is_pack(each))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not found or len(found) > MAX_PACKS:
        raise UsageError(f"{path} is no pack, and holds {'too many' if found else 'none'}.", hint="Name another place.")
    return found


def chain_problems(pack: Verified, path: Path) -> tuple[list[str], int]:
    """What is wrong with the chain from a pack to the first of its site; and how many packs before it were looked at.
    Of a single pack at `path` only that link is looked at; each is held against its own manifests.

    Raises:
        UsageError: there is none.
    """
    assert pack.info is not None
    places = packs_at(path)
    is_single = places == [path]
    known, problems = _known(places, pack)
    at, looked = pack.info, 0
    while at.previous != NONE:
        before = known.get(at.previous)
        if before is None:
            if is_single and looked:
                break
            problems.append(
                f"The chain is broken: pack {at.number} of {at.site} names a pack before it whose digest is"
                f" {at.previous}, and {path} {'is another one' if is_single else 'does not hold it'}."
            )
            break
        info = before.info
        if info is None or info.number != at.number - 1 or info.site != at.site:
            problems.append(f"The chain is broken: {before.path} is not pack {at.number - 1} of {at.site}.")
            break
        problems += [f"{before.path}: {problem}" for problem in before.problems]
        looked += 1
        at = info
    problems += first_problem(at)
    return problems, looked


def first_problem(info: BagInfo) -> list[str]:
    """What is wrong with a pack that names none before it."""
    if info.previous == NONE and info.number != 1:
        return [f"The chain is broken: pack {info.number} of {info.site} names none before it."]
    return []


def _known(places: Iterable[Path], pack: Verified) -> tuple[dict[str, Verified], list[str]]:
    """The packs at these places by their digests, and what is wrong with those that have none."""
    known, problems = {pack.digest: pack}, []
    for place in places:
        try:
            found = verify(place, is_whole=False)
        except UsageError as error:
            problems.append(error.message)
            continue
        if found.digest:
            known.setdefault(found.digest, found)
    return known, problems
