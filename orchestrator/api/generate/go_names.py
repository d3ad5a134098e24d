"""Write `facts/go_names.json`: `python -m orchestrator.api.generate.go_names KUBERNETES/staging/src/k8s.io`.

What Go's complaints about documents say beyond the published schema: `types`, the names that fields' types
have where the schema knows a string, a list or a map (`v1.ServiceType`; of lists with `[]`, of maps after
`map:`, of lists with a name of their own or of documents after `list:`), and `paths`, how a field is named that a struct has from one written into it (`IngressRuleValue.http`).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.api import document
from orchestrator.api.facts import GO_NAMES
from orchestrator.api.generate.names import type_name
from orchestrator.api.generate.written import (
    SCALARS,
    Package,
    Source,
    home_of,
    read,
)


def tables(sources: Mapping[Package, Source]) -> dict[str, Any]:
    """`types` and `paths`, each struct -> field -> words, of the definitions that are known."""
    types: dict[str, dict[str, str]] = {}
    paths: dict[str, dict[str, str]] = {}
    for owner in sorted(map(type_name, document.load()["definitions"])):
        package = (owner.group, owner.version)
        if package not in sources or owner.name not in sources[package].structs:
            continue
        key = ".".join(owner)
        for wire, type_, path in _fields(sources[package], owner.name):
            if path != wire:
                paths.setdefault(key, {})[wire] = path
            named = _named(sources, package, type_)
            if named:
                types.setdefault(key, {})[wire] = named
    return {"types": types, "paths": paths}


def _fields(source: Source, name: str) -> Iterator[tuple[str, str, str]]:
    """The JSON names of a struct's fields, their types, and Go's path to them."""
    for field in source.structs[name]:
        if field.wire:
            yield field.wire, field.type, field.wire
        elif field.type in source.structs and field.type != "TypeMeta":
            for wire, type_, path in _fields(source, field.type):
                yield wire, type_, f"{field.type}.{path}"


def _named(sources: Mapping[Package, Source], package: Package, type_: str) -> str:
    """How a complaint calls a field's type; "" where it says what the schema says."""
    type_ = type_.lstrip("*")
    if type_.startswith("[]"):
        if type_ == "[]JSON":
            return f"list:[]{package[1]}.JSON"
        inner = _named(sources, package, type_[2:])
        return f"[]{inner}" if inner and not inner.startswith("map:") else ""
    if type_.startswith("map["):
        key, _, value = type_[4:].partition("]")
        named = _named(sources, package, key)
        shown = value if "." in value else f"{package[1]}.{value}"
        return f"map:map[{named}]{shown}" if named else ""
    if type_.startswith("types."):
        return type_
    home, name = home_of(type_, package)
    kind = sources[home].named.get(name, "") if home in sources else ""
    if kind.startswith("[]"):
        return f"list:{home[1]}.{name}"
    if kind.startswith("map["):
        return f"map:{home[1]}.{name}"
    return f"{home[1]}.{name}" if kind in SCALARS else ""


def main() -> None:
    """Replace the file, a struct a line."""
    found = tables(read(Path(sys.argv[1])))
    parts = []
    for part, rows in found.items():
        lines = ",\n".join(f'"{name}": {json.dumps(each)}' for name, each in rows.items())
        parts.append(f'"{part}": {{\n{lines}\n}}')
    GO_NAMES.write_text("{" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
