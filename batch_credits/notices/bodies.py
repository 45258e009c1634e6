"""The bodies that are posted: the document itself, for programs, and the words as Slack and as Teams show them.

A file's name is the one thing in them that somebody else chose. It must not name a channel, nor make a link: where a
form has marks of its own, its letters stand for themselves.
"""

import json
import re
from enum import StrEnum
from typing import Any, assert_never

from batch_credits.notices.message import Message, message_of
from batch_credits.notices.notice import Notice, as_json

SLACK_TITLE_LETTERS = 150  # Slack's bound of a header
SLACK_FIELDS = 10  # of a section
SLACK_FIELD_LETTERS = 2000
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # that Slack asks for, and no other
_TEAMS_MARKS = re.compile(r"[\\`*\[\]]")  # of Markdown as a card knows it


class Form(StrEnum):
    """Which body a webhook takes."""

    STANDARD = "json"
    SLACK = "slack"
    TEAMS = "teams"


def body_of(notice: Notice, form: Form) -> bytes:
    """What is posted."""
    match form:
        case Form.STANDARD:
            return as_json(notice)
        case Form.SLACK:
            return _bytes(slack_body(message_of(notice)))
        case Form.TEAMS:
            return _bytes(teams_body(message_of(notice)))
        case _:
            assert_never(form)


def slack_body(message: Message) -> dict[str, Any]:
    """An incoming webhook's: blocks, and the same as text, for notifications and for what knows no blocks."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": message.title[:SLACK_TITLE_LETTERS], "emoji": False}}
    ]
    for at in range(0, len(message.facts), SLACK_FIELDS):
        fields = [_slack_field(name, value) for name, value in message.facts[at : at + SLACK_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if message.link is not None:
        text = f"<{_slack_link(message.link)}|Open the report>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    return {"text": _slack_text(message.text.strip()), "blocks": blocks}


def teams_body(message: Message) -> dict[str, Any]:
    """That of a workflow that posts an Adaptive Card to a channel."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {
                "type": "TextBlock",
                "text": _teams_text(message.title),
                "weight": "Bolder",
                "size": "Medium",
                "color": message.mood.value.capitalize(),
                "wrap": True,
            },
            {
                "type": "FactSet",
                "facts": [{"title": name, "value": _teams_text(value)} for name, value in message.facts],
            },
        ],
    }
    if message.link is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the report", "url": message.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _slack_field(name: str, value: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": f"{name}\n{value}"[:SLACK_FIELD_LETTERS], "emoji": False}


def _slack_text(text: str) -> str:
    return re.sub("[&<>]", lambda found: _ENTITIES[found[0]], text)


def _slack_link(address: str) -> str:
    return _slack_text(address).replace("|", "%7C")


def _teams_text(text: str) -> str:
    return _TEAMS_MARKS.sub(lambda found: f"\\{found[0]}", text)


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
