"""The page of docs/reference that says which JSON Schemas lie in docs/schemas, and what each has."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "schemas"
Node = tuple[dict[str, Any], Path]  # a part of a schema, and the file that it stands in


def page(made: str, escaped: Any, folder: Path = FOLDER) -> str | None:
    """The page; None where there is no schema. `escaped` makes of text Markdown that says the same."""
    files = sorted(folder.glob("*.json"))
    if not files:
        return None
    lines = [
        "# Schemas",
        made,
        "",
        "What the program writes for other programs, as [JSON Schema](https://json-schema.org/) files. Tests hold what",
        "is written to them.",
    ]
    for path in files:
        schema = json.loads(path.read_text(encoding="utf-8"))
        lines += ["", f"## {path.name}", "", f"[{path.name}](../schemas/{path.name}): {escaped(schema['title'])}."]
        lines += _told((schema, path), escaped, named_above=True)
        for number, each in enumerate(schema.get("oneOf", [])):
            name = each.get("$ref", f"#{number + 1}").rpartition("/")[2]
            lines += ["", f"### {path.stem}: {name}", *_told(_resolved((each, path)), escaped)]
    return "\n".join(lines) + "\n"


def _told(node: Node, escaped: Any, *, named_above: bool = False) -> Iterator[str]:
    """What is said of a part, and its properties; of a list, those of what it holds."""
    schema, path = node
    for key in ("description",) if named_above else ("title", "description"):
        if key in schema:
            yield from ("", escaped(schema[key]))
    holder, path = node if "properties" in schema else _resolved((schema.get("items", {}), path))
    if "properties" not in holder:
        return
    yield from ("", "| name | type | what it is |", "|---|---|---|")
    for name, each in holder["properties"].items():
        whole, _ = _resolved((each, path))
        said = each.get("description") or whole.get("description") or whole.get("title") or ""
        optional = "" if name in holder.get("required", []) else ", may be missing"
        yield f"| `{name}` | {_type((each, path))}{optional} | {escaped(str(said))} |"


def _resolved(node: Node) -> Node:
    """The part for which a reference stands, in this file or in another one; what is none, as it is."""
    part, path = node
    while "$ref" in part:
        name, _, way = part["$ref"].partition("#")
        path = path.with_name(name) if name else path
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        for step in filter(None, way.split("/")):
            found = found[step]
        part = found
    return part, path


def _type(node: Node) -> str:
    whole, path = _resolved(node)
    for several in ("oneOf", "anyOf"):
        if several in whole:
            return " or ".join(dict.fromkeys(_type((each, path)) for each in whole[several]))
    if "const" in whole:
        return f"`{json.dumps(whole['const'])}`"
    if "enum" in whole:
        return " or ".join(f"`{json.dumps(each)}`" for each in whole["enum"])
    kind = whole.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
