"""Promise: `doctor` says whom a run would tell, and what keeps it from that; it tells nobody, and shows no secret."""

import json
import stat
from pathlib import Path

import pytest

from tests.acceptance.harness import KEY, Command, Site
from tests.acceptance.test_doctor import told
from tests.integration.test_notices import Mailbox, mail_server
from tests.servers.hook import SECRET, hooked

SIGNING_KEY = "whsec_bmlnaHRseSBqb2JzIG9mIHRocmVlIHNpdGVzIQ=="


@pytest.fixture
def home(tmp_path: Path, shared_site: Site) -> Command:
    (tmp_path / "batch-credits").mkdir()
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(stat.S_IRUSR)
    return Command(tmp_path, shared_site.url, {"XDG_CONFIG_HOME": str(tmp_path), "BATCH_CREDITS_PROFILE": "night"})


def asked(home: Command, **settings: object) -> tuple[int, list[tuple[str, str]]]:
    """The exit code, and what is said of notices that these settings of the profile ask for."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    path = home.folder / "batch-credits" / "batch-credits.toml"
    path.write_text("\n".join(["[profiles.night]", f'api_key_file = "{home.folder / "key"}"', *lines]))
    ended = home("doctor", "--json")
    assert SECRET not in ended.said
    document = told(ended)
    return ended.code, [(sign["mark"], sign["found"]) for sign in document["signs"] if sign["about"] == "notices"]


def test_whom_a_run_would_tell(home: Command) -> None:
    key = home.folder / "notices.key"
    key.write_text(SIGNING_KEY)
    mailbox = Mailbox()
    with hooked() as hook, mail_server(mailbox) as port:
        host = hook.url.split("/")[2]
        slack = f"slack+{hook.url}"
        mail = {"mail_to": ["a@x.example"], "mail_from": "b@x.example", "mail_server": f"smtp://127.0.0.1:{port}"}
        code, said = asked(
            home, notify=[hook.url, slack], notify_key_file=str(key), on_finish=f"sh -c {SECRET}", **mail
        )
        assert (code, said) == (0, [
            ("good", f"{host}, signed with the key of {key}"), ("good", host), ("good", "mail by 127.0.0.1"),
            ("good", "The command of --on-finish"),
        ])  # fmt: skip
        assert asked(home, notify=[hook.url]) == (0, [("good", f"{host}, not signed (--notify-key-file)")])
        assert asked(home) == (0, [])
        assert hook.asked == [] and mailbox.letters == []
        mailbox.refuses = {"a@x.example": f"550 {SECRET}"}
        code, said = asked(home, **mail)
        assert code == 0 and [mark for mark, _ in said] == ["warning"]
        assert "takes no mail for any of the addresses" in said[0][1]


def test_what_would_not_arrive_fails_no_run(home: Command) -> None:
    code, said = asked(
        home, notify=[f"http://127.0.0.1:9/{SECRET}"], notify_key_file="/none", on_finish="/no/such --program"
    )
    assert code == 0 and [mark for mark, _ in said] == ["warning", "warning"]
    assert "the key file /none cannot be read" in said[0][1] and "is not found" in said[1][1]
    mail = {"mail_to": ["a@x.example"], "mail_from": "b@x.example", "mail_server": "smtp://127.0.0.1:9"}
    code, said = asked(home, notify=[f"http://127.0.0.1:9/{SECRET}"], **mail)
    assert (code, said) == (0, [
        ("warning", "127.0.0.1:9: nothing would arrive, Connection refused"),
        ("warning", "mail by 127.0.0.1: nothing would arrive, Connection refused"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"mail_to": ["a@x.example"]}, "--mail-to needs a server and a sender"),
        ({"notify": [f"http://hooks.example.com/{SECRET}"]}, "not encrypted"),
        ({"notify_on": "sometimes"}, "is no event"),
    ],
)
def test_what_would_end_a_run_is_bad(home: Command, settings: dict[str, object], found: str) -> None:
    code, [(mark, said)] = asked(home, **settings)
    assert (code, mark) == (2, "bad") and found in said
    file = home.folder / "payout.csv"
    file.write_text("customer_id,amount,currency_code,description,reference\nc,1,USD,d,r\n")
    assert found in home("run", file, "--yes").exited(2).err, "as a run would say"
