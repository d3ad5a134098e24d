"""Make the condensed document that the project keeps from Kubernetes' OpenAPI v2 document.

    python -m orchestrator.api.generate.condense swagger.json

It keeps facts (names, types, shapes, required fields, extensions, paths and their actions) and
leaves the descriptions out.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from orchestrator.api.facts import DOCUMENT

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


def main() -> None:
    """Write the condensed form of the document named on the command line."""
    swagger = json.loads(Path(sys.argv[1]).read_text())
    text = json.dumps(condense(swagger), sort_keys=True, separators=(",", ":"))
    # One definition or path a line, so that a new version's changes can be read.
    DOCUMENT.write_text(text.replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
