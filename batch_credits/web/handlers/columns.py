"""A file of which not all is certain: which column is which, and what else only a person can say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from batch_credits.web.desk.checks import Checked
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import go_to, show
from batch_credits.web.pages import Choice, Column, ColumnsPage, Question

CHECK_SECONDS = 1.0
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
}
_ALWAYS = ("amount-unit", "reference")  # asked whenever a person opens the page
_ANSWERS = frozenset(name.replace("-", "_") for name in _LABELS)


async def again(request: web.Request) -> web.Response:
    """The same page for a file that could be read: a person knows better."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    checked = desk.checks.known(one)
    if checked is None or (checked.error is not None and not checked.error.get("suggestions")):
        return go_to(f"/uploads/{one.upload_id}")
    return show_columns(request, one, checked)


def show_columns(request: web.Request, one: Upload, checked: Checked) -> web.Response:
    """What the file has, and what is asked: what it seems to need, and what was answered before."""
    error, columns = checked.error or {}, checked.content["columns"]
    suggestions = error.get("suggestions") or checked.content.get("suggestions", [])
    suggested = {each["option"].removeprefix("--"): each for each in suggestions if each["option"] != "--map"}
    for name in (*_ALWAYS, *one.options):
        suggested.setdefault(name, {"value": "", "reason": "", "is_open": False})
    page = ColumnsPage(
        upload=one.upload_id,
        file_name=one.file_name,
        columns=tuple(
            Column(each["index"], each["header"], tuple(each["values"]), each["field"] or each["suggested"] or "")
            for each in columns
        ),
        fields=(Choice("", "not used"), *(Choice(name, label) for name, label in _FIELD_LABELS.items())),
        questions=tuple(_question(one, name, each) for name, each in suggested.items() if name in _LABELS),
        still=error.get("still") or "",
    )
    return show(request, page)


def _question(one: Upload, name: str, suggested: Mapping[str, Any]) -> Question:
    given = one.options.get(name, ("",))[0]
    return Question(
        name=name.replace("-", "_"),
        label=_LABELS[name],
        why=suggested["reason"],
        value=given or ("" if suggested["is_open"] else suggested["value"]),
        choices=_CHOICES.get(name, ()),
        is_required=suggested["is_open"],
    )


async def columns(request: web.Request) -> web.Response:
    """Take the answers, and check the file again."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    fields = await read_fields(request, lambda name: name in _ANSWERS or name == "remember" or name.startswith("map:"))
    checked = desk.checks.known(one)
    if checked is None:
        return go_to(f"/uploads/{one.upload_id}")
    seen = checked.content["columns"]
    answers = {name.replace("_", "-"): (value.strip(),) for name, value in fields.items() if name in _ANSWERS}
    options = {name: value for name, value in {**one.options, **answers}.items() if value[0]}
    if mapped := _mapped(fields, seen):
        options["map"] = mapped
    if "remember" in fields:
        desk.remembered.keep([each["header"] for each in seen], options)
    answered = replace(one, options=options)
    desk.uploads.change(answered)
    desk.checks.begin(answered)
    await desk.checks.wait(answered, CHECK_SECONDS)
    return go_to(f"/uploads/{one.upload_id}")


def _mapped(fields: Mapping[str, str], seen: list[dict[str, Any]]) -> tuple[str, ...]:
    """The columns that go to a field and do not by themselves.

    Raises:
        Refused: the form names a column or a field that there is not.
    """
    found = []
    for name, field in fields.items():
        if not name.startswith("map:"):
            continue
        index = name.removeprefix("map:")
        if not index.isdigit() or int(index) >= len(seen) or field not in ("", *_FIELD_LABELS):
            raise Refused(400, "The form names a column or a field that there is not.", "Load the page again.")
        column = seen[int(index)]
        if field and column["field"] != field:
            found.append(f"{field}={column['header']}")
    return tuple(found)


def remembered_answers(desk: Desk, one: Upload, checked: Checked) -> bool:
    """Whether a file with these headers was explained before, and is looked at again so."""
    if "map" in one.options or not (checked.error or {}).get("suggestions"):
        return False
    known = desk.remembered.find([each["header"] for each in checked.content["columns"]])
    if known is None or all(one.options.get(name) == value for name, value in known.items()):
        return False
    answered = replace(one, options={**known, **one.options})
    desk.uploads.change(answered)
    desk.checks.begin(answered)
    return True
