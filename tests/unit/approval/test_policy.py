"""What the administrator's files say, and when they count for nothing."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from batch_credits.approval.enrolling import add_approver, refuse_name, remove_approver
from batch_credits.approval.policy import Approver, read_approvers, read_policy
from batch_credits.approval.signing import Passkey
from batch_credits.errors import UsageError

KEY = Passkey("Y3JlZA", "a2V5", "localhost")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the administrator's, seen by whoever is another."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    found = tmp_path / "batch-credits"
    found.mkdir(mode=0o755)
    return found


def put(folder: Path, settings: str = "", approvers: str = "") -> None:
    for name, text in (("settings.toml", settings), ("approvers.toml", approvers)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)


def test_where_there_are_no_files_nothing_is_asked_for(tmp_path: Path) -> None:
    policy = read_policy(tmp_path / "none")
    assert not policy.requires_approval and not policy.approvers and not policy.by_another


def test_what_they_say(folder: Path) -> None:
    put(
        folder,
        'require_approval = true\norder_days = 2\ntwo_above = ["USD=10000.50"]\nrequire_another_for = ["reverse"]\n',
        '[approvers.bob]\nmost = ["USD=5", "EUR=0"]\nrp_id = "localhost"\ncredential = "AA"\npublic_key = "BB"\n'
        'accounts = ["robert"]\n',
    )
    policy = read_policy(folder)
    assert policy.requires_approval and policy.days == 2 and policy.by_another == {"reverse"}
    assert policy.two_above == {"USD": Decimal("10000.50")}
    bob = policy.approvers["bob"]
    assert bob.most == {"USD": Decimal(5), "EUR": Decimal(0)}
    assert bob.is_called("Robert ") and bob.is_called("BOB") and not bob.is_called("bobby")


def test_a_name_in_another_spelling_is_the_same_persons() -> None:
    jose = Approver("Jos\u00e9  P\u00e9rez", {}, KEY, ("j.perez",))
    assert jose.is_called("Jose\u0301 Pe\u0301rez") and jose.is_called("JOS\u00c9\u00a0P\u00c9REZ")
    assert not jose.is_called("Jose Perez")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("require_approval = 1\n", "neither true nor false"),
        ('require_approval = "false"\n', "neither true nor false"),
        ("require_aproval = true\n", "nobody knows"),
        ("order_days = 0\n", "no number from 1"),
        ("order_days = true\n", "no number from 1"),
        ('two_above = ["USD"]\n', "not such as"),
        ('two_above = ["usd=5"]\n', "not such as"),
        ('two_above = ["USD=nan"]\n', "not such as"),
        ('two_above = ["USD=-1"]\n', "not such as"),
        ('two_above = ["USD=1", "USD=2"]\n', "twice"),
        ('require_another_for = ["stop"]\n', "other commands"),
        ("require_approval = true\nrequire_approval = false\n", "cannot be relied on"),
        ("\x00", "cannot be relied on"),
    ],
)
def test_what_nobody_can_read_stops_everything(folder: Path, settings: str, said: str) -> None:
    put(folder, settings)
    with pytest.raises(UsageError, match=said):
        read_policy(folder)


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        ("[approvers.bob]\nmost = []\n", "has no passkey"),
        ('[approvers.bob]\ncredential = "A"\npublic_key = "B"\nrp_id = ""\n', "has no passkey"),
        ('[approvers.bob]\ncredential = "A"\npublic_key = "B"\nrp_id = "x"\nadmin = true\n', "nobody knows"),
        ('approvers = "bob"\n', "is no table"),
        ('[approvers.bob]\ncredential = "A"\npublic_key = "B"\nrp_id = "x"\n'
         '[approvers.eve]\ncredential = "A"\npublic_key = "C"\nrp_id = "x"\n', "one passkey"),
        ('[approvers.bob]\ncredential = "A"\npublic_key = "B"\nrp_id = "x"\n'
         '[approvers.Bob]\ncredential = "C"\npublic_key = "D"\nrp_id = "x"\n', "'bob' and 'Bob' name one person"),
        ('[approvers.bob]\ncredential = "A"\npublic_key = "B"\nrp_id = "x"\naccounts = ["robert"]\n'
         '[approvers.eve]\ncredential = "C"\npublic_key = "D"\nrp_id = "x"\naccounts = ["Robert"]\n', "one person"),
    ],
)  # fmt: skip
def test_an_approver_that_is_none_stops_everything(folder: Path, approvers: str, said: str) -> None:
    put(folder, approvers=approvers)
    with pytest.raises(UsageError, match=said):
        read_policy(folder)


def test_what_a_maker_could_have_written_counts_for_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "require_approval = false\n")
    read_policy(folder)
    for path, mode in ((folder / "settings.toml", 0o664), (folder / "settings.toml", 0o646), (folder, 0o777)):
        before = path.stat().st_mode
        path.chmod(mode)
        with pytest.raises(UsageError, match="others than its owner can write it"):
            read_policy(folder)
        path.chmod(before)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(os, "fstat", lambda number: os.stat_result((0o100644, 0, 0, 1, 1, 0, 0, 0, 0, 0)))
    with pytest.raises(UsageError, match="belongs to the account that runs this command"):
        read_policy(folder)


def test_a_link_to_nothing_is_not_the_same_as_no_file(folder: Path) -> None:
    (folder / "settings.toml").symlink_to(folder / "gone")
    with pytest.raises(UsageError, match="link to nothing"):
        read_policy(folder)


def test_enrolled_people_are_written_down_and_others_stay_letter_for_letter(folder: Path) -> None:
    own = '# by hand\n[approvers.carol]\nmost = [ "USD=1" ]   # few\nrp_id="x"\ncredential="CC"\npublic_key="DD"'
    put(folder, approvers=own)
    add_approver("bob", KEY, ["USD=5000"], ["robert"], folder)
    add_approver('Ada "A." Lovelace', Passkey("AA", "BB", "localhost"), ["EUR=1"], (), folder)
    text = (folder / "approvers.toml").read_text()
    assert text.startswith(own + "\n")
    found = read_approvers(folder)
    assert list(found) == ["carol", "bob", 'Ada "A." Lovelace']
    assert found["bob"].passkey == KEY and found["bob"].accounts == ("robert",)
    for taken in ("bob", "BOB", "Robert", "carol"):
        with pytest.raises(UsageError, match="enrolled already"):
            refuse_name(taken, folder=folder)
        with pytest.raises(UsageError, match=f"{taken} is enrolled already"):
            add_approver("dave", Passkey("EE", "FF", "localhost"), [], [taken], folder)
    remove_approver('Ada "A." Lovelace', folder)
    remove_approver("bob", folder)
    assert (folder / "approvers.toml").read_text().rstrip("\n") == own
    with pytest.raises(UsageError, match="No approver is called"):
        remove_approver("bob", folder)


@pytest.mark.parametrize("name", ["", " bob", "bob ", "b\nob", "b\x00ob", "x" * 201])
def test_a_name_that_is_none(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        refuse_name(name, folder=folder)
