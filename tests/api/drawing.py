"""Documents by chance that fit the schemas of the API."""

import importlib
import json
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from orchestrator.api import codec, document, facts
from orchestrator.api.generate.fixups import SCALARS
from orchestrator.api.generate.names import type_name
from orchestrator.api.generate.types import written_fields

LEFT_OUT: dict[str, list[str]] = json.loads(facts.LEFT_OUT.read_text())
DEFINITIONS: dict[str, Any] = document.load()["definitions"]
_DEPTH = 4
Fill: TypeAlias = Callable[[int], float]  # chance of an optional field at a depth
_SCALAR_VALUES: dict[str, tuple[Any, ...]] = {
    "Quantity": ("100m", "1Gi"),
    "IntOrString": (5, "25%"),
    "Time": ("2024-01-01T00:00:00Z",),
    "MicroTime": ("2024-01-01T00:00:00.000001Z",),
    "Json": ({"a": [1, "b", None]}, "text", 7),
}


# What stands in a schema in place of one.
_SCHEMA_PARTS: dict[str, tuple[Any, ...]] = {
    "JSONSchemaPropsOrArray": ({"type": "string"}, [{"type": "string"}]),
    "JSONSchemaPropsOrBool": ({"type": "string"}, True, False),
    "JSONSchemaPropsOrStringArray": ({"type": "string"}, ["a"]),
}


def _some(depth: int) -> float:
    return 0.7 if depth < _DEPTH else 0.0


def class_of(name: str) -> Any:
    """The Struct of a definition."""
    group, version, kind = type_name(name)
    return getattr(importlib.import_module(f"orchestrator.api.{group}.{version}"), kind)


def _draw(schema: dict[str, Any], random: Random, depth: int, fill: Fill) -> Any:
    """A document that fits a schema."""
    reference = schema.get("$ref")
    if reference is not None:
        name = reference.removeprefix("#/definitions/")
        if (of_schema := name.rpartition(".")[2]) in _SCHEMA_PARTS:
            return random.choice(_SCHEMA_PARTS[of_schema])
        if name in SCALARS:
            return random.choice(_SCALAR_VALUES[SCALARS[name]])
        return draw_definition(name, random, depth + 1, fill)
    match schema.get("type"):
        case "array":
            return [
                _draw(schema["items"], random, depth + 1, fill) for _ in range(random.randint(1, 2))
            ]
        case "object" if "additionalProperties" in schema:
            inner = schema["additionalProperties"]
            return {
                f"key{n}": _draw(inner, random, depth + 1, fill)
                for n in range(random.randint(1, 2))
            }
        case "string" if schema.get("format") == "byte":
            return random.choice(["YQ==", "aGVsbG8gd29ybGQ="])
        case "string":
            return random.choice(["a", "b-c", "ü", "x" * 50])
        case "integer":
            wide = schema.get("format") != "int32"
            return random.choice([1, -7, 2**31 if wide else 2**31 - 1, 2**53 if wide else 5])
        case "number":
            return random.choice([0.5, -1.25])
        case "boolean":
            return random.random() < 0.5
        case _:
            return random.choice(_SCALAR_VALUES["Json"])


def draw_definition(
    name: str, random: Random, depth: int = 0, fill: Fill = _some
) -> dict[str, Any]:
    """A document that fits a definition; `fill` is the chance of a field that is not required."""
    schema = DEFINITIONS[name]
    required = {*schema.get("required", ()), *written_fields(type_name(name), schema)}
    chance = fill(depth)
    # A kind inside another document (an item of a list) does not say what it is.
    unsaid = ("apiVersion", "kind") if codec.is_kind(class_of(name)) else ()
    drawn = {
        wire: _draw(inner, random, depth, fill)
        for wire, inner in schema.get("properties", {}).items()
        if wire not in unsaid and (wire in required or random.random() < chance)
    }
    # What is zero and may be left out is left out, whoever wrote it.
    for wire in LEFT_OUT.get(".".join(type_name(name)), ()):
        if wire in drawn and not drawn[wire]:
            del drawn[wire]
    if "metadata" in schema.get("properties", ()):
        drawn.setdefault("metadata", {})  # Go's is no pointer: it is always on the wire
    return drawn
