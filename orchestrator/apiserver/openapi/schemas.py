"""The shapes of objects: the facts of the built-in kinds and custom resources' own schemas, in two dialects.

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
from orchestrator.api.scheme import Resource

Shape: TypeAlias = Mapping[str, Any]

V2: Final = "#/definitions/"
V3: Final = "#/components/schemas/"
_SERVED_AS: Final = "x-kubernetes-group-version-kind"
_SENTENCES: Final = Path(__file__).parent / "sentences.json"
# What is text or number: version 2 can only say the one.
_EITHER: Final[Mapping[str, tuple[str, ...]]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("string", "number"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("integer", "string"),
}
_LIST_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_FREE: Final = "x-kubernetes-preserve-unknown-fields"
# What version 2 knows of a custom resource's schema; its clients refuse documents with more.
_PLAIN: Final = ("description", "enum", "format", "required", "title", "type")


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
    served = shape.get(_SERVED_AS)
    if served is None or len(served) == 1:
        return shape
    here = [
        each
        for each in served
        if (each["group"], each["version"]) in {("", "v1"), (group, version)}
    ]
    return {**shape, _SERVED_AS: here}


@lru_cache(maxsize=1)
def names_by_kind() -> Mapping[tuple[str, str, str], str]:
    """The shape's name of a built-in group, version and kind."""
    found: dict[tuple[str, str, str], str] = {}
    for name, shape in document.load()["definitions"].items():
        for served in shape.get(_SERVED_AS, ()):
            found.setdefault((served["group"], served["version"], served["kind"]), name)
    return found


# --- custom resources ----------------------------------------------------------------------


def names_of_custom(resource: Resource) -> tuple[str, str]:
    """`com.example.stable.v1.CronTab` of the group `stable.example.com`, and its list's."""
    base = ".".join((*reversed(resource.group.split(".")), resource.version))
    return f"{base}.{resource.kind}", f"{base}.{resource.list_kind}"


def custom(resource: Resource, schema: Shape | None, prefix: str) -> dict[str, Shape]:
    """The shapes of a custom resource and its list; `schema` is that of its definition, if any."""
    name, list_name = names_of_custom(resource)
    served = {"group": resource.group, "version": resource.version}
    shape: dict[str, Any] = {"type": "object", _FREE: True} if schema is None else dict(schema)
    if prefix == V2:
        shape = _plain(shape)
    if "properties" in shape:
        shape["properties"] = {**shape["properties"], **_identity(prefix, _OBJECT_META)}
    items = {"type": "array", "items": {"$ref": prefix + name}, "description": "The objects."}
    list_shape = {
        "description": f"A list of objects of kind {resource.kind}.",
        "type": "object",
        "required": ["items"],
        "properties": {**_identity(prefix, _LIST_META), "items": items},
        _SERVED_AS: [{**served, "kind": resource.list_kind}],
    }
    return {name: {**shape, _SERVED_AS: [{**served, "kind": resource.kind}]}, list_name: list_shape}


def _plain(shape: Shape) -> dict[str, Any]:
    """A schema in version 2's dialect: what that cannot say is left out, and then anything may come."""
    found = {
        key: value
        for key, value in shape.items()
        if key in _PLAIN or key.startswith("x-kubernetes-")
    }
    found.pop("x-kubernetes-validations", None)
    if shape.get(_FREE) or shape.get("nullable") or shape.get("x-kubernetes-int-or-string"):
        if shape.get("nullable") or found.get("type") in ("array", "object"):
            found.pop("type", None)  # clients of this version want to know what is inside
        return {
            key: value for key, value in found.items() if key not in ("enum", "format", "required")
        }
    if "properties" in shape:
        found["properties"] = {name: _plain(each) for name, each in shape["properties"].items()}
        nullable = {name for name, each in shape["properties"].items() if each.get("nullable")}
        required = [name for name in found.pop("required", ()) if name not in nullable]
        if required:
            found["required"] = required
    for part in ("items", "additionalProperties"):
        if isinstance(shape.get(part), Mapping):
            found[part] = _plain(shape[part])
    return found


def _identity(prefix: str, metadata: str) -> dict[str, Any]:
    reference: dict[str, Any] = {"$ref": prefix + metadata}
    if prefix == V3:
        reference = {"allOf": [reference]}
    return {
        "apiVersion": {"type": "string", "description": "The group and version of the object."},
        "kind": {"type": "string", "description": "The kind of the object."},
        "metadata": {"description": "What every object has.", **reference},
    }
