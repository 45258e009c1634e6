"""docs/schemas held against what the commands say; and which of their properties were seen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
NAMES = ("check", "common", "event", "report", "status", "summary")  # what commands print, and summary.json
SCHEMAS: dict[str, Any] = {
    f"{name}.json": json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, DRAFT202012.create_resource(schema)) for name, schema in SCHEMAS.items()
)
Place = tuple[str, str]  # a file, and the pointer of a schema in it


def problems(reference: str, document: object) -> list[str]:
    """What of a document is not as the schema with this reference says."""
    validator = Draft202012Validator({"$ref": reference}, registry=REGISTRY)
    return [f"{'/'.join(map(str, error.path))}: {error.message[:300]}" for error in validator.iter_errors(document)]


def seen(reference: str, document: object) -> set[Place]:
    """Every property of the schemas that a document has, which is as they say."""
    return set(_seen(*_at(reference, ""), document))


def documented() -> set[Place]:
    """Every property of every schema."""
    found: set[Place] = set()
    for name, schema in SCHEMAS.items():
        found |= set(_properties(name, "", schema))
    return found


def objects() -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every schema of an object."""
    for name, schema in SCHEMAS.items():
        yield from _objects(name, "", schema)


def _objects(name: str, pointer: str, schema: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") in ("object", ["object", "null"]):
            yield (name, pointer), schema
        for key, value in schema.items():
            yield from _objects(name, f"{pointer}/{key}", value)
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _objects(name, f"{pointer}/{index}", value)


def _properties(name: str, pointer: str, schema: Any) -> Iterator[Place]:
    for (file, place), found in _objects(name, pointer, schema):
        for each in found.get("properties", {}):
            yield file, f"{place}/properties/{each}"


def _at(reference: str, file: str) -> tuple[str, str, Any]:
    """The file, the pointer and the schema that a reference in a file means."""
    name, _, pointer = reference.partition("#")
    found: Any = SCHEMAS[name or file]
    for part in filter(None, pointer.split("/")):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return name or file, pointer, found


def _seen(file: str, pointer: str, schema: Any, value: Any) -> Iterator[Place]:
    if "$ref" in schema:
        yield from _seen(*_at(schema["$ref"], file), value)
    for union in ("oneOf", "anyOf"):
        for index, each in enumerate(schema.get(union, ())):
            place = f"{pointer}/{union}/{index}"
            if not problems(f"{file}#{place}", value):
                yield from _seen(file, place, each, value)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in schema.get("properties", {}):
                place = f"{pointer}/properties/{key}"
                yield file, place
                yield from _seen(file, place, schema["properties"][key], inner)
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from _seen(file, f"{pointer}/additionalProperties", schema["additionalProperties"], inner)
    if isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from _seen(file, f"{pointer}/items", schema["items"], inner)
