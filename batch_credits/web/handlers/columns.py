"""A file of which not all is certain: which column is which, and what else only a person can say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from batch_credits.web.desk.checks import Checked, refuse_others
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import UNPROCESSABLE, go_to, show, whole_number
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.pages import Alert, Choice, Column, ColumnsPage, Question

_FIELD_LABELS = {
    "customer_id": "customer id",
    "amount": "amount",
    "amount_in_decimal": "amount in decimal",
    "currency_code": "currency",
    "description": "description",
    "credit_type": "credit type",
    "reference": "reference",
}
_LABELS = {
    "amount-unit": "What do the amounts count?",
    "currency": "Which currency are they in?",
    "reference": "A name for this payout, the same each time the file is sent",
    "description": "What customers read beside the credit",
    "credit-type": "The type of the credits",
    "locale": "How are amounts written?",
    "header-row": "In which row are the headers?",
    "sheet": "Which sheet?",
    "encoding": "How is the text encoded?",
    "delimiter": "What separates the columns?",
    "hidden-rows": "What about rows that are hidden?",
}
_CHOICES = {
    "amount-unit": (Choice("minor", "cents: 1050 is 10.50"), Choice("major", "whole currency: 10.50 is 10.50")),
    "hidden-rows": (Choice("pay", "pay them too"), Choice("skip", "leave them out")),
    "locale": (
        Choice("en_US", "1,234.50"),
        Choice("de_DE", "1.234,50"),
        Choice("fr_FR", "1 234,50"),
        Choice("de_CH", "1\u2019234.50"),
    ),
}
_ALWAYS = ("amount-unit", "reference")  # asked whenever a person opens the page
_ANSWERS = frozenset(name.replace("-", "_") for name in _LABELS)


async def again(request: web.Request) -> web.Response:
    """The same page for a file that could be read: a person knows better."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    refuse_others(one, actor_of(request))
    checked = desk.checks.known(one)
    if checked is None or (checked.error is not None and not checked.asks):
        return go_to(f"/uploads/{one.upload_id}")
    await _refuse_begun(desk, checked)
    return show_columns(request, one, checked)


async def _refuse_begun(desk: Desk, checked: Checked) -> None:
    """Refuse to read a file in another way once it is sent: the rest of its batch is read as the first of it was.

    Raises:
        Refused: it is.
    """
    if checked.error is None and await desk.has_begun(checked.content["batch"]):
        raise Refused(
            409, "This file was sent as it was read then.", "To have it read in another way, upload it again."
        )


def show_columns(request: web.Request, one: Upload, checked: Checked, alert: Alert | None = None) -> web.Response:
    """What the file has, and what is asked: what it seems to need, and what was answered before."""
    error, columns = checked.error or {}, checked.content["columns"]
    suggested: dict[str, dict[str, Any]] = {}
    unclear = [f"{each['reason']}." for each in checked.asks if each["option"] == "--map" and each["is_open"]]
    for each in checked.asks or checked.content.get("suggestions", []):
        if each["option"] != "--map":
            several = suggested.setdefault(each["option"].removeprefix("--"), {**each, "values": []})
            several["values"].append(each["value"])
    for name in (*_ALWAYS, *one.options):
        suggested.setdefault(name, {"value": "", "values": [], "reason": "", "is_open": False})
    page = ColumnsPage(
        upload=one.upload_id,
        file_name=one.file_name,
        columns=tuple(
            Column(each["index"], each["header"], tuple(each["values"]), each["field"] or each["suggested"] or "")
            for each in columns
        ),
        fields=(Choice("", "not used"), *(Choice(name, label) for name, label in _FIELD_LABELS.items())),
        questions=tuple(_question(one, name, each) for name, each in suggested.items() if name in _LABELS),
        still=plain_words(" ".join([*unclear, error.get("still") or ""]).strip()),
    )
    return show(request, page, alert=alert, status=200 if alert is None else UNPROCESSABLE)


def _question(one: Upload, name: str, suggested: Mapping[str, Any]) -> Question:
    given = one.options.get(name, ("",))[0]
    return Question(
        name=name.replace("-", "_"),
        label=_LABELS[name],
        why=plain_words(suggested["reason"]),
        value=given or ("" if suggested["is_open"] else suggested["value"]),
        choices=_choices(name, suggested["values"], is_open=suggested["is_open"]),
        is_required=suggested["is_open"],
    )


def _choices(name: str, suggested: list[str], *, is_open: bool) -> tuple[Choice, ...]:
    """What can be answered, and what is suggested among it; none: any text."""
    choices = _CHOICES.get(name, ())
    if not choices and len(suggested) < 2:
        return ()
    known = [choice.value for choice in choices]
    more = [Choice(value, value) for value in suggested if value and value not in known]
    return (*choices, *([] if is_open and known else more))


async def columns(request: web.Request) -> web.Response:
    """Take the answers, and check the file again."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    fields = await read_fields(request, lambda name: name in _ANSWERS or name == "remember" or name.startswith("map:"))
    refuse_others(one, actor_of(request))
    checked = desk.checks.known(one)
    if checked is None:
        return go_to(f"/uploads/{one.upload_id}")
    await _refuse_begun(desk, checked)
    seen = checked.content["columns"]
    answers = {name.replace("_", "-"): (value.strip(),) for name, value in fields.items() if name in _ANSWERS}
    options = {name: value for name, value in {**one.options, **answers}.items() if value[0]}
    if (missing := _unanswered(checked, options)) is not None:
        alert = Alert("This is not said yet, and only you can know it.", _LABELS[missing], missing.replace("-", "_"))
        return show_columns(request, replace(one, options=options), checked, alert)
    if mapped := _mapped(fields, seen):
        options["map"] = mapped
    if "remember" in fields:
        desk.remembered.keep([each["header"] for each in seen], options)
    answered = replace(one, options=options)
    desk.uploads.change(answered)
    await desk.checks.look(answered)
    return go_to(f"/uploads/{one.upload_id}")


def _unanswered(checked: Checked, options: Mapping[str, tuple[str, ...]]) -> str | None:
    """The first question without an answer that only a person can give."""
    for each in checked.asks:
        name: str = each["option"].removeprefix("--")
        if each["is_open"] and name in _LABELS and name not in options:
            return name
    return None


def _mapped(fields: Mapping[str, str], seen: list[dict[str, Any]]) -> tuple[str, ...]:
    """The columns that go to a field and do not by themselves; and the fields that a column seemed to be, and none is.

    Raises:
        Refused: the form names a column or a field that there is not.
    """
    found, chosen, denied = list[str](), set[str](), set[str]()
    for name, field in fields.items():
        if not name.startswith("map:"):
            continue
        index = whole_number(name.removeprefix("map:"))
        if index is None or index >= len(seen) or field not in ("", *_FIELD_LABELS):
            raise Refused(400, "The form names a column or a field that there is not.", "Load the page again.")
        column = seen[index]
        chosen.add(field)
        if not field and column["suggested"]:
            denied.add(column["suggested"])
        if field and column["field"] != field:
            found.append(f"{field}={column['header']}")
    return (*found, *(f"{field}=" for field in sorted(denied - chosen)))


def remembered_answers(desk: Desk, one: Upload, checked: Checked) -> bool:
    """Whether a file with these headers was explained before, and is looked at again so."""
    if "map" in one.options or not checked.asks:
        return False
    known = desk.remembered.find([each["header"] for each in checked.content["columns"]])
    if known is None or all(one.options.get(name) == value for name, value in known.items()):
        return False
    answered = replace(one, options={**known, **one.options})
    desk.uploads.change(answered)
    desk.checks.begin(answered)
    return True
