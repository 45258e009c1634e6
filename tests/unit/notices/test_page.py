"""docs/notices.md and docs/schemas/notice.json say what is sent."""

import json
import re
from email import message_from_string
from pathlib import Path
from typing import Any

import jsonschema

from batch_credits.cli import batch_credits
from batch_credits.notices.bodies import Form, body_of
from batch_credits.notices.command import _NOT_ITS_OWN, environment_of
from batch_credits.notices.mail import letter_of
from batch_credits.notices.notice import Event, as_json, document
from batch_credits.notices.reasons import BUG, NOT_IN_BALANCE, NOT_TIED_OUT, OF_ERRORS, OF_WATCH
from batch_credits.notices.targets import _SLACK_HOSTS, _TEAMS_HOSTS
from tests.unit.notices.samples import ALL, ENDED, MAIL, REFUSED

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "notice.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_are_what_is_sent() -> None:
    sent = [(ENDED, Form.STANDARD), (REFUSED, Form.STANDARD), (ENDED, Form.SLACK), (ENDED, Form.TEAMS)]
    assert [json.loads(text) for text in blocks("json")] == [json.loads(body_of(*each)) for each in sent]


def test_the_letter_is_what_is_sent() -> None:
    [text] = blocks("text")
    letter, shown = letter_of(MAIL, ENDED), message_from_string(text)
    assert {**shown} == {name: value for name, value in letter.items() if not name.startswith(("Content", "MIME"))}
    assert shown.get_payload() == letter.get_content()


def test_the_schema_is_one_and_every_notice_is_of_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for notice in ALL:
        VALIDATOR.validate(document(notice))
        assert json.loads(as_json(notice)) == document(notice)


def test_the_schema_refuses_what_is_no_notice() -> None:
    for change in ({"customer_id": "c-1"}, {"exit_code": 6}, {"batch": "x"}, {"reasons": ["late"]}):
        said: dict[str, Any] = document(ENDED)
        said["data"] = {**said["data"], **change}
        assert not VALIDATOR.is_valid(said), change


def test_it_names_every_event_reason_and_variable() -> None:
    assert {f"batch_credits.{event}" for event in Event} == set(SCHEMA["properties"]["type"]["enum"])
    codes = {each.code for each in (*OF_ERRORS.values(), *OF_WATCH.values(), BUG, NOT_IN_BALANCE, NOT_TIED_OUT)}
    [said] = re.findall(r"`reasons` say (.*?) More may come", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == codes | {"in_doubt", "review", "pending"}
    assert set(re.findall(r"`(NOTICE_\w+)`", PAGE)) == set(environment_of(ENDED, {}))
    [without] = re.findall(r"It does not have (.*?)\. A", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", without)) == set(_NOT_ITS_OWN)
    for host in (*_SLACK_HOSTS, *_TEAMS_HOSTS):
        assert f"`{host.removeprefix('.')}`" in PAGE


def test_the_options_that_it_names_are_options() -> None:
    known = {flag for command in ("run", "work") for p in batch_credits.commands[command].params for flag in p.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known | {"--help"}


def test_what_it_says_of_verifying_verifies() -> None:
    from batch_credits.notices.signature import signed_headers

    names: dict[str, Any] = {}
    [text] = blocks("python")
    exec(text, names)
    body, key = as_json(ENDED), "whsec_" + "A" * 32
    headers = signed_headers(ENDED.id, 1_000, body, [b"other" * 6, b"\0" * 24])
    assert names["is_ours"](headers, body, key, lambda: 1_200)
    assert not names["is_ours"](headers, body + b" ", key, lambda: 1_200)
    assert not names["is_ours"](headers, body, "whsec_" + "B" * 32, lambda: 1_200)
    assert not names["is_ours"](headers, body, key, lambda: 1_301)
