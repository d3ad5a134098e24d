"""The shapes of the built-in kinds, made of their facts, in two dialects.

Version 2 knows no defaults, and a reference may have siblings. Version 3 has defaults, and what stands beside
a reference needs an `allOf` around it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from orchestrator.api import document
from orchestrator.api.facts import FIELDS
from orchestrator.api.generate.names import type_name

Shape: TypeAlias = Mapping[str, Any]

V2: Final = "#/definitions/"
V3: Final = "#/components/schemas/"
SERVED_AS: Final = "x-kubernetes-group-version-kind"
_SENTENCES: Final = Path(__file__).parent / "sentences.json"
# What is text or number: version 2 can only say the one.
_EITHER: Final[Mapping[str, tuple[str, ...]]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("string", "number"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("integer", "string"),
}


@lru_cache(maxsize=1)
def builtin() -> Mapping[str, Shape]:
    """The shapes of the built-in kinds as facts, described, in version 2's dialect."""
    definitions: Mapping[str, Shape] = document.load()["definitions"]
    return {name: described(name, shape) for name, shape in definitions.items()}


@lru_cache(maxsize=1)
def _fields() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = json.loads(FIELDS.read_text())
    return found


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Mapping[str, str]]:
    """What fields are, in our words: type -> field -> sentence; those of `*` are for all types."""
    found: Mapping[str, Mapping[str, str]] = json.loads(_SENTENCES.read_text())
    return found


def described(name: str, shape: Shape) -> Shape:
    """A shape with sentences of ours, and the enumerations that its fields have."""
    group, version, kind = type_name(name)
    whole = _with(shape, _fields().get(name, {}))
    sentences = {**_sentences()["*"], **_sentences().get(f"{group}.{version}.{kind}", {})}
    if "properties" in whole:
        properties = {
            field: {"description": sentences[field], **value} if field in sentences else value
            for field, value in whole["properties"].items()
        }
        whole = {**whole, "properties": properties}
    return {"description": f"{kind} in {group}/{version}.", **whole}


def _with(shape: Shape, fields: Mapping[str, Any]) -> Shape:
    """The shape with its fields' enumerations; defaults are only for version 3."""
    if not fields:
        return shape
    properties = dict(shape["properties"])
    for field, more in fields.items():
        value = dict(properties[field])
        if "enum" in more:
            value["enum"] = more["enum"]
        for part in ("items", "additionalProperties"):
            if part in more:
                value[part] = {**value[part], **more[part]}
        properties[field] = value
    return {**shape, "properties": properties}


@lru_cache(maxsize=4096)
def in_version_3(name: str) -> Shape:
    """A built-in shape with its defaults, in version 3's dialect."""
    shape: Shape = _rewritten(builtin()[name])
    if name in _EITHER:
        either = [{"type": each} for each in _EITHER[name]]
        return {**{k: v for k, v in shape.items() if k != "type"}, "oneOf": either}
    defaults = {
        f: more["default"] for f, more in _fields().get(name, {}).items() if "default" in more
    }
    if not defaults:
        return shape
    properties = {
        field: {**value, "default": defaults[field]} if field in defaults else value
        for field, value in shape["properties"].items()
    }
    return {**shape, "properties": properties}


def _rewritten(shape: Any, *, field: bool = False) -> Any:
    """The shape in version 3's dialect; of an object's field, a reference stands in an `allOf`."""
    if isinstance(shape, list):
        return [_rewritten(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    reference = shape.get("$ref")
    if isinstance(reference, str):
        target = {"$ref": reference.replace(V2, V3)}
        siblings = {key: value for key, value in shape.items() if key != "$ref"}
        return {**siblings, "allOf": [target]} if field or siblings else target
    return {
        key: {name: _rewritten(each, field=True) for name, each in value.items()}
        if key == "properties"
        else _rewritten(value)
        for key, value in shape.items()
    }


def with_all_needed(names: Iterable[str]) -> dict[str, Shape]:
    """These shapes and all that they refer to, in version 3's dialect, by name."""
    found: dict[str, Shape] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in found or name not in builtin():
            continue
        found[name] = in_version_3(name)
        pending += references(builtin()[name])
    return dict(sorted(found.items()))


def references(shape: Any) -> Iterator[str]:
    """The names of the shapes that a shape refers to."""
    if isinstance(shape, list):
        for each in shape:
            yield from references(each)
    elif isinstance(shape, dict):
        reference = shape.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for each in shape.values():
            yield from references(each)


def served_in(shape: Shape, group: str, version: str) -> Shape:
    """A shape that every group serves (DeleteOptions) says in a group's document only what is there."""
    served = shape.get(SERVED_AS)
    if served is None or len(served) == 1:
        return shape
    here = [
        each
        for each in served
        if (each["group"], each["version"]) in {("", "v1"), (group, version)}
    ]
    return {**shape, SERVED_AS: here}


@lru_cache(maxsize=1)
def names_by_kind() -> Mapping[tuple[str, str, str], str]:
    """The shape's name of a built-in group, version and kind."""
    found: dict[tuple[str, str, str], str] = {}
    for name, shape in document.load()["definitions"].items():
        for served in shape.get(SERVED_AS, ()):
            found.setdefault((served["group"], served["version"], served["kind"]), name)
    return found
