"""The document as clients ask for it: OpenAPI v2 and v3, made from the condensed form.

The condensed form has no descriptions, so each definition gets a short sentence of our own.
"""

import json
from functools import lru_cache
from typing import Any, Final

from orchestrator.api.facts import DOCUMENT
from orchestrator.api.generate.names import type_name

_METHOD_VERBS: Final = {
    "post": "create",
    "put": "replace",
    "patch": "partially update",
    "delete": "delete",
}
_BODY_METHODS: Final = ("post", "put", "patch")
_PATCH_TYPES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_LIST_PARAMETERS: Final = (
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
)
_WRITE_PARAMETERS: Final = (
    ("dryRun", "string"),
    ("fieldManager", "string"),
    ("fieldValidation", "string"),
)


@lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """The condensed document: `version`, `definitions`, `paths`. Do not change it."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return document


@lru_cache(maxsize=1)
def swagger() -> dict[str, Any]:
    """The OpenAPI v2 document. Do not change it."""
    document = load()
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": document["version"]},
        "definitions": {
            name: _described(name, schema) for name, schema in document["definitions"].items()
        },
        "paths": {
            path: _path_item(path, operations, "#/definitions/", 2)
            for path, operations in document["paths"].items()
        },
    }


@lru_cache(maxsize=64)
def openapi_v3(group: str, version: str) -> dict[str, Any] | None:
    """The OpenAPI v3 document of a group and version; None when it has no paths."""
    document = load()
    root = f"/apis/{group}/{version}/" if group else f"/api/{version}/"
    paths = {p: o for p, o in document["paths"].items() if p.startswith(root)}
    if not paths:
        return None
    reference = "#/components/schemas/"
    items = {p: _path_item(p, o, reference, 3) for p, o in paths.items()}
    schemas: dict[str, Any] = {}
    served = {tuple(kind) for o in paths.values() for _, *kind in o.values()}
    pending = [n for n, s in document["definitions"].items() if _served(s) & served]
    while pending:
        name = pending.pop()
        if name in schemas:
            continue
        definition = document["definitions"][name]
        schemas[name] = _described(name, _rewritten(definition))
        pending.extend(sorted(_references(definition)))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": document["version"]},
        "paths": items,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _served(schema: dict[str, Any]) -> set[tuple[str, ...]]:
    return {
        (s["group"], s["version"], s["kind"])
        for s in schema.get("x-kubernetes-group-version-kind", ())
    }


def _described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    group, version, kind = type_name(name)
    return {"description": f"{kind} in {group}/{version}.", **schema}


def _references(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        found = {r for value in schema.values() for r in _references(value)}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found.add(reference.removeprefix("#/definitions/"))
        return found
    return set()


def _rewritten(schema: Any) -> Any:
    """A v2 schema with v3's references; a reference with siblings becomes an allOf, as v3 asks."""
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = reference.replace("#/definitions/", "#/components/schemas/")
        return {"allOf": [{"$ref": target}]}
    return {key: _rewritten(value) for key, value in schema.items()}


def _path_item(path: str, operations: dict[str, Any], reference: str, version: int) -> Any:
    item: dict[str, Any] = {}
    parameters = [
        _parameter(name, "string", "path", version)
        for name in ("namespace", "name", "path")
        if f"{{{name}}}" in path
    ]
    if parameters:
        item["parameters"] = parameters
    for method, (action, group, api_version, kind) in operations.items():
        item[method] = _operation(method, action, (group, api_version, kind), reference, version)
    return item


def _operation(
    method: str, action: str, kind: tuple[str, str, str], reference: str, version: int
) -> dict[str, Any]:
    names: tuple[tuple[str, str], ...] = _LIST_PARAMETERS if method == "get" else _WRITE_PARAMETERS
    if action in ("get", "connect"):
        names = ()
    operation: dict[str, Any] = {
        "description": f"{_METHOD_VERBS.get(method, action)} {kind[2]}",
        "parameters": [_parameter(name, type_, "query", version) for name, type_ in names],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": kind[0],
            "version": kind[1],
            "kind": kind[2],
        },
    }
    definition = _definitions_by_kind().get(kind)
    if definition is None or method not in _BODY_METHODS:
        return operation
    schema = {"$ref": f"{reference}{definition}"}
    if version == 2:
        operation["parameters"].append(
            {"in": "body", "name": "body", "required": True, "schema": schema}
        )
        if method == "patch":
            operation["consumes"] = list(_PATCH_TYPES)
    else:
        types = _PATCH_TYPES if method == "patch" else ("application/json",)
        operation["requestBody"] = {"content": {t: {"schema": schema} for t in types}}
    return operation


def _parameter(name: str, type_: str, where: str, version: int) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": where}
    if where == "path":
        parameter["required"] = True
    if version == 2:
        return {**parameter, "type": type_, "uniqueItems": True}
    return {**parameter, "schema": {"type": type_, "uniqueItems": True}}


@lru_cache(maxsize=1)
def _definitions_by_kind() -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    for name, schema in load()["definitions"].items():
        for served in schema.get("x-kubernetes-group-version-kind", ()):
            found.setdefault((served["group"], served["version"], served["kind"]), name)
    return found
