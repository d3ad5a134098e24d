"""Make the facts on which fields Kubernetes always writes, from the tags of its Go structs.

    python -m orchestrator.api.generate.written KUBERNETES/staging/src/k8s.io

The OpenAPI document says what a valid object must have, which is something else: a struct is written
even if it is empty (`status: {}`), unless its tag says `omitzero`; and what has neither `omitempty` nor
`omitzero` is written as zero or null. Kept are the fields, by definition, and whether an empty one is null. The other way
round, a number, a truth value or a text that is no pointer and may be left out is left out when it is zero,
whoever wrote it: these are kept apart. So is the order in which Go writes the fields, which is that of the structs.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrator.api import document
from orchestrator.api.facts import LEFT_OUT, ORDER, WRITTEN
from orchestrator.api.generate.names import TypeName, type_name

_STRUCT: Final = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_NAMED: Final = re.compile(r"^type (\w+) (?!struct)(\S+)", re.MULTILINE)
_FIELD: Final = re.compile(r'^\t(?:\w+\s+)?(\S+)\s+`.*?json:"([^"]*)"')
# Where the versioned types stand; groups' own folders say group and version.
_FOLDERS: Final = {
    "apimachinery/pkg/apis/meta/v1": ("meta", "v1"),
    "apimachinery/pkg/version": ("meta", "v1"),
    "apiextensions-apiserver/pkg/apis/apiextensions/v1": ("apiextensions", "v1"),
    "kube-aggregator/pkg/apis/apiregistration/v1": ("apiregistration", "v1"),
}
# Packages by the names under which other packages import them.
_IMPORTED: Final = {
    "metav1": ("meta", "v1"),
    "corev1": ("core", "v1"),
    "v1": ("core", "v1"),
}
# Structs of packages that hold no kinds.
_FOREIGN: Final = frozenset(("resource.Quantity", "intstr.IntOrString"))
_STRUCT_TYPE: Final = "struct"
SCALARS: Final = frozenset(
    ("int", "int32", "int64", "uint32", "float32", "float64", "bool", "string", "[]byte")
)
_OMITTED: Final = frozenset(("omitempty", "omitzero"))
# Structs that are written as null when they are empty.
_NULLS: Final = ("Time", "MicroTime", "RawExtension")

Package: TypeAlias = tuple[str, str]


class Field(NamedTuple):
    """`wire` is "" for an embedded struct."""

    type: str
    wire: str
    options: frozenset[str]


class Source(NamedTuple):
    """One package's structs, and what its other types stand for."""

    structs: Mapping[str, tuple[Field, ...]]
    named: Mapping[str, str]


_NOTHING: Final = Source({}, {})


def read(root: Path) -> dict[Package, Source]:
    """The packages that hold versioned types, below `k8s.io`."""
    folders = {path: (path.parent.name, path.name) for path in (root / "api").glob("*/v*")}
    folders |= {root / path: package for path, package in _FOLDERS.items()}
    found: dict[Package, Source] = {}
    for path, package in folders.items():
        source, before = _source(path), found.get(package, _NOTHING)
        found[package] = Source(
            {**before.structs, **source.structs}, {**before.named, **source.named}
        )
    return found


def _source(folder: Path) -> Source:
    structs: dict[str, tuple[Field, ...]] = {}
    named: dict[str, str] = {}
    for file in sorted(folder.glob("*types*.go")) + sorted(folder.glob("*time.go")):
        text = file.read_text()
        structs.update((name, tuple(_fields(body))) for name, body in _STRUCT.findall(text))
        named.update(_NAMED.findall(text))
    return Source(structs, named)


def _fields(body: str) -> Iterator[Field]:
    for line in body.splitlines():
        if (match := _FIELD.match(line)) is not None:
            wire, *options = match[2].split(",")
            if wire != "-":
                yield Field(match[1], wire, frozenset(options))


def always_written(sources: Mapping[Package, Source], owner: TypeName) -> dict[str, bool]:
    """The fields of one type that stand in each of its documents; True: as null if they are empty."""
    package = (owner.group, owner.version)
    found: dict[str, bool] = {}
    for field in sources.get(package, _NOTHING).structs.get(owner.name, ()):
        type_ = _resolved(sources, field.type, package)
        if not field.wire:
            group, name = home_of(field.type.lstrip("*"), package)
            found |= always_written(sources, TypeName(*group, name))
        elif "omitzero" in field.options:
            continue
        elif "omitempty" not in field.options or type_ in (_STRUCT_TYPE, *_NULLS):
            found[field.wire] = type_ in _NULLS or type_.startswith(("*", "[", "map["))
    return found


def left_out(sources: Mapping[Package, Source], owner: TypeName) -> list[str]:
    """The scalars of one type that nobody can tell from absent when they are zero."""
    package = (owner.group, owner.version)
    return sorted(
        field.wire
        for field in sources.get(package, _NOTHING).structs.get(owner.name, ())
        if field.options & _OMITTED and _resolved(sources, field.type, package) in SCALARS
    )


def order(sources: Mapping[Package, Source], owner: TypeName) -> list[str]:
    """All fields of one type in the order of its struct; those of an embedded one stand where it is embedded."""
    package = (owner.group, owner.version)
    found: list[str] = []
    for field in sources.get(package, _NOTHING).structs.get(owner.name, ()):
        if field.wire:
            found.append(field.wire)
        else:
            group, name = home_of(field.type.lstrip("*"), package)
            found += order(sources, TypeName(*group, name))
    return found


def _resolved(sources: Mapping[Package, Source], type_: str, package: Package) -> str:
    """What a type is in the end: Go's own, a list, map or pointer, one of _NULLS, or _STRUCT_TYPE."""
    if type_.startswith(("*", "[", "map[")):
        return type_
    home, name = home_of(type_, package)
    if name in _NULLS:
        return name
    source = sources.get(home, _NOTHING)
    if name in source.structs or type_ in _FOREIGN:
        return _STRUCT_TYPE
    return _resolved(sources, source.named[name], home) if name in source.named else name


def home_of(type_: str, package: Package) -> tuple[Package, str]:
    """Where a type stands that is named in a package, and its name there."""
    alias, _, name = type_.rpartition(".")
    return _IMPORTED.get(alias, ("", "")) if alias else package, name


def main() -> None:
    """Write the facts of the definitions that are known, a definition a line."""
    sources = read(Path(sys.argv[1]))
    owners = [type_name(definition) for definition in sorted(document.load()["definitions"])]
    known = [
        owner
        for owner in owners
        if owner.name in sources.get((owner.group, owner.version), _NOTHING).structs
    ]
    _write(WRITTEN, {owner: always_written(sources, owner) for owner in known})
    omitted = {owner: left_out(sources, owner) for owner in known}
    _write(LEFT_OUT, {owner: fields for owner, fields in omitted.items() if fields})
    orders = {owner: order(sources, owner) for owner in known}
    _write(ORDER, {owner: each for owner, each in orders.items() if each != sorted(each)})


def _write(path: Path, facts: Mapping[TypeName, Any]) -> None:
    rows = (
        f"{json.dumps('.'.join(owner))}: {json.dumps(fields, sort_keys=True)}"
        for owner, fields in facts.items()
    )
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
