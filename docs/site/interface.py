"""The page of docs/reference for programs in Python: every public name, with its fields or parameters."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from batch_credits import api


def page(made: str, escaped: Any) -> str:
    """The page, with the line that says who wrote it; `escaped` makes of text Markdown that says the same."""
    lines = [
        "# The Python interface",
        made,
        "",
        "Every name of `from batch_credits import ...`. [From Python](../python.md) shows them at work.",
    ]
    functions = [name for name in api.__all__ if inspect.isfunction(getattr(api, name))]
    for name in [*functions, *(each for each in api.__all__ if each not in functions)]:
        public = getattr(api, name)
        lines += ["", f"## {name}", ""]
        if inspect.isfunction(public):
            lines += ["```python", *_call(name, public), "```", ""]
        lines += _told(public, escaped)
        if is_dataclass(public):
            lines += ["", "| field | type | default |", "|---|---|---|"]
            lines += [
                f"| `{each.name}` | `{_type(each.type).replace('|', 'or')}` | {_default(each)} |"
                for each in fields(public)
            ]
            lines += _attributes(public, escaped)
    return "\n".join(lines) + "\n"


def _call(name: str, function: Any) -> Iterator[str]:
    """A function's signature, a parameter a line."""
    signature = inspect.signature(function)
    gives = _type(signature.return_annotation)
    if inspect.isgeneratorfunction(inspect.unwrap(function)):
        gives = gives.replace("Iterator", "AbstractContextManager")  # it is one: `with ... as ...:`
    if not signature.parameters:
        yield f"{name}() -> {gives}"
        return
    yield f"{name}("
    is_named = False
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not is_named:
            is_named = True
            yield "    *,"
        default = "" if each.default is each.empty else f" = {_value(each.default)}"
        yield f"    {each.name}: {_type(each.annotation)}{default},"
    yield f") -> {gives}"


def _told(public: Any, escaped: Any) -> Iterator[str]:
    """Its words; what it raises as a list."""
    text, _, raised = (inspect.getdoc(public) or "").partition("\n\nRaises:\n")
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ""
        yield escaped(" ".join(paragraph.split()))
    if raised:
        yield from ("", "It raises:", "")
        for names, why in re.findall(r"^    (\w[\w, ]*): ((?:.|\n(?!    \w))*)", raised, re.MULTILINE):
            yield f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {escaped(' '.join(why.split()))}"


def _attributes(public: Any, escaped: Any) -> Iterator[str]:
    """Properties and methods that are its own, with their first sentence."""
    own = [(name, each) for name, each in vars(public).items() if not name.startswith("_") and inspect.getdoc(each)]
    own = [(name, each) for name, each in own if isinstance(each, property) or inspect.isfunction(each)]
    if own:
        yield ""
    for name, each in own:
        sentence = (inspect.getdoc(each) or "").partition("\n\n")[0]
        yield f"- `{name}{'' if isinstance(each, property) else '()'}`: {escaped(' '.join(sentence.split()))}"


def _type(annotation: Any) -> str:
    """`Mapping[str, int] | None`, without the modules that it comes from."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return f"`{_value(field.default)}`"
    return "" if field.default_factory is MISSING else f"`{_value(field.default_factory())}`"


def _value(value: Any) -> str:
    if is_dataclass(value):
        return f"{type(value).__name__}()"
    return str(value.value) if hasattr(value, "value") else repr(value)
