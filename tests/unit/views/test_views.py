"""What every view is: frozen, and without the key; nothing in this room prints or knows the command line."""

import dataclasses
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from batch_credits import views


def all_views() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(views.__path__):
        names = vars(import_module(f"batch_credits.views.{module.name}"))
        for value in names.values():
            if isinstance(value, type) and value.__module__.startswith("batch_credits.views."):
                yield value


VIEWS = sorted(set(all_views()), key=lambda view: view.__name__)


def test_the_search_works() -> None:
    assert {"PlanView", "Question", "CheckView", "PilotView", "BatchView", "ResultView"} <= {v.__name__ for v in VIEWS}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.__name__))
def test_a_view_is_frozen_and_holds_no_key(view: type[Any]) -> None:
    assert dataclasses.is_dataclass(view)
    assert view.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field in dataclasses.fields(view):
        assert "SiteSettings" not in str(field.type), field.name
        assert "key" not in field.name or field.name == "key", f"{field.name}: but for the id of a batch"


def test_nothing_is_laid_out_here() -> None:
    for path in Path(views.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in ("click", "textwrap", "print(", "json", "batch_credits.cli"):
            assert f"import {word}" not in text and f"from {word}" not in text and "print(" not in text, path.name
