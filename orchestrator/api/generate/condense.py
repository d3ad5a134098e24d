"""Make the condensed document that the project keeps from Kubernetes' OpenAPI v2 document.

    python -m orchestrator.api.generate.condense swagger.json v3/

The folder has the OpenAPI v3 documents, which alone know fields' defaults and enumerations. It keeps facts (names, types, shapes, required fields, extensions, paths and their actions) and
leaves the descriptions out.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from orchestrator.api.facts import DOCUMENT, FIELDS

_KEPT: Final = (
    "$ref",
    "type",
    "format",
    "required",
    "items",
    "additionalProperties",
    "properties",
)
_METHODS: Final = ("get", "put", "post", "delete", "patch")


def condense(swagger: dict[str, Any]) -> dict[str, Any]:
    """The condensed form of a whole document."""
    definitions = {name: _schema(schema) for name, schema in sorted(swagger["definitions"].items())}
    paths = {
        path: operations
        for path, item in sorted(swagger["paths"].items())
        if (operations := _operations(item))
    }
    return {"version": swagger["info"]["version"], "definitions": definitions, "paths": paths}


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key.startswith("x-") or key in ("$ref", "type", "format"):
            result[key] = value
        elif key == "required":
            result[key] = sorted(value)
        elif key == "properties":
            result[key] = {name: _schema(value[name]) for name in sorted(value)}
        elif key in ("items", "additionalProperties"):
            result[key] = _schema(value)
    return result


def _operations(item: dict[str, Any]) -> dict[str, Any]:
    """Method -> [action, group/version/kind of what is served]; only paths that serve a kind."""
    result = {}
    for method in _METHODS:
        operation = item.get(method, {})
        kind = operation.get("x-kubernetes-group-version-kind")
        if kind is not None:
            action = operation["x-kubernetes-action"]
            result[method] = [action, kind["group"], kind["version"], kind["kind"]]
    return result


def fields(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Definition -> field -> its `default` and `enum`, of those that have any."""
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            for field, value in sorted(schema.get("properties", {}).items()):
                kept = {key: value[key] for key in ("default", "enum") if key in value}
                for part in ("items", "additionalProperties"):
                    if "enum" in value.get(part, {}):
                        kept[part] = {"enum": value[part]["enum"]}
                if kept:
                    found.setdefault(name, {})[field] = kept
    return dict(sorted(found.items()))


def main() -> None:
    """Write the condensed forms of the documents named on the command line."""
    swagger = json.loads(Path(sys.argv[1]).read_text())
    text = json.dumps(condense(swagger), sort_keys=True, separators=(",", ":"))
    # One definition or path a line, so that a new version's changes can be read.
    DOCUMENT.write_text(text.replace('},"', '},\n"') + "\n")
    documents = [json.loads(path.read_text()) for path in sorted(Path(sys.argv[2]).glob("*.json"))]
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in fields(documents).items()]
    FIELDS.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
