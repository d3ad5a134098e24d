"""`python -m tests.apiserver.openapi.fingerprints SWAGGER V3_FOLDER`: what the original's documents say.

The documents are megabytes, so `original.json` keeps of each operation and schema a short digest of its
form without the sentences; and of operations the id, so that a difference has a name.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ORIGINAL: Final = Path(__file__).parent / "original.json"
# Lists whose order says nothing.
_SETS: Final = (
    "consumes",
    "enum",
    "parameters",
    "produces",
    "required",
    "x-kubernetes-group-version-kind",
)


def form(value: Any, key: str = "") -> Any:
    """A document's part without sentences, and with sets in order."""
    if isinstance(value, Mapping):
        return {
            name: form(each, name)
            for name, each in value.items()
            if not (name == "description" and isinstance(each, str))
        }
    if isinstance(value, list):
        parts = [form(each) for each in value]
        return sorted(parts, key=lambda p: json.dumps(p, sort_keys=True)) if key in _SETS else parts
    return value


def resolved(value: Any, parameters: Mapping[str, Any]) -> Any:
    """A part of version 2's document with the parameters that it refers to."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/parameters/"):
            return parameters[reference.rpartition("/")[2]]
        return {name: resolved(each, parameters) for name, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, parameters) for each in value]
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(form(value), sort_keys=True).encode()).hexdigest()[:10]


def fingerprint(document: Mapping[str, Any]) -> dict[str, str]:
    """`path method` and schemas by name, each with its digest; operations begin with their id."""
    document = resolved(document, document.get("parameters", {}))
    found: dict[str, str] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = operation["operationId"] if isinstance(operation, Mapping) else ""
            found[f"{path} {method}"] = f"{name} {_digest({method: operation})}"
    shapes = document.get("definitions") or document["components"].get("schemas", {})
    for name, shape in shapes.items():
        found[name] = _digest(shape)
    return found


def main() -> None:
    """Write the file anew."""
    swagger, folder = Path(sys.argv[1]), Path(sys.argv[2])
    index = json.loads(folder.with_name("v3.json").read_text())["paths"]
    found = {"v2": fingerprint(json.loads(swagger.read_text()))}
    for part in index:
        file = folder / f"{part.replace('/', '_')}.json"
        # What is the same in every group is kept once.
        found[part] = fingerprint(json.loads(file.read_text())) if file.exists() else {}
    rows = [f"{json.dumps(part)}: {json.dumps(rows, indent=0)}" for part, rows in found.items()]
    ORIGINAL.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
