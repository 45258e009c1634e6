"""The pages to HTML: a template for each class of pages.py, the one stylesheet, and the one script.

Every text is escaped by the template engine, and every letter in it that turns text around is shown as what it is: a
name of a file or a customer must not pass for another. The colours, the type and the tables are those of summary.html.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from batch_credits.reporter.display import allowed_in_html, turned_to_words
from batch_credits.web.pages import (
    ApprovePage,
    BatchesPage,
    CheckPage,
    ColumnsPage,
    EnrolPage,
    Frame,
    LeftOutPage,
    NewPage,
    Page,
    RefusedPage,
    ResultPage,
    RunPage,
    State,
    UndoCheckPage,
    UndoPage,
)

TEMPLATES: Mapping[type[Page], str] = {
    BatchesPage: "batches.html",
    NewPage: "new.html",
    ColumnsPage: "columns.html",
    CheckPage: "check.html",
    LeftOutPage: "left_out.html",
    RunPage: "run.html",
    ResultPage: "result.html",
    UndoPage: "undo.html",
    UndoCheckPage: "undo_check.html",
    EnrolPage: "enrol.html",
    ApprovePage: "approve.html",
    RefusedPage: "refused.html",
}
TONES: Mapping[State, str] = {
    State.CHECKING: "under-way",
    State.UNCLEAR: "warn",
    State.REFUSED: "warn",
    State.CHECKED: "idle",
    State.SUBMITTED: "under-way",
    State.APPROVED: "warn",
    State.REJECTED: "warn",
    State.WAITING: "under-way",
    State.RUNNING: "under-way",
    State.FOR_A_WORKER: "under-way",
    State.STOPPED: "warn",
    State.ATTENTION: "bad",
    State.PARTLY: "warn",
    State.DONE: "good",
}
FEW_CURRENCIES = 3  # as many as a sentence has room for
_TIME = re.compile(r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|\+00:00)")
_ENDS_OF_LINES = re.compile("[\r\n]")


def render(page: Page, frame: Frame) -> str:
    """The text of a page, whole."""
    template = _environment().get_template(TEMPLATES[type(page)])
    return allowed_in_html(template.render(page=page, frame=frame))


@cache
def stylesheet() -> bytes:
    """/static/style.css: the look of summary.html, and what the pages have beyond it."""
    return files("batch_credits.reporter").joinpath("look.css").read_bytes() + _static("style.css")


@cache
def script(name: str) -> bytes:
    """/static/live.js, what follows a check and a run, without which every page works; or /static/passkey.js, without
    which nobody approves."""
    return _static(name)


def _static(name: str) -> bytes:
    return files("batch_credits.web").joinpath("static", name).read_bytes()


@cache
def _environment() -> Environment:
    """What compiles the templates: once for all pages that a process shows."""
    shared = PrefixLoader({"reporter": PackageLoader("batch_credits.reporter", "")})
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("batch_credits.web"), shared]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unturned,
    )
    environment.filters["readable"] = _readable_if_time
    environment.tests["kept_by_a_form"] = _is_kept_by_a_form
    environment.globals.update(TONES=TONES, FEW_CURRENCIES=FEW_CURRENCIES)
    return environment


def _unturned(value: Any) -> Any:
    """What a template writes: a text without what turns it around. What is escaped already stays as it is: `|e` keeps
    the value of a field that comes back as it was sent."""
    return turned_to_words(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _readable_if_time(value: str) -> str:
    """A time as people write it, to the minute; every other text as it is."""
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC" if _TIME.fullmatch(value) else value


def _is_kept_by_a_form(value: str) -> bool:
    """Whether a browser sends a field back as the text that it was given: it changes ends of lines, and HTML has no
    place for other characters without a look."""
    return not _ENDS_OF_LINES.search(value) and allowed_in_html(value) == value
