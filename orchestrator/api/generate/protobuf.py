"""Write `facts/protobuf.json`: `python -m orchestrator.api.generate.protobuf DIRECTORY`.

DIRECTORY holds the sources of `k8s.io/api`, `k8s.io/apimachinery`, `k8s.io/apiextensions-apiserver` and
`k8s.io/kube-aggregator` of one release, which this project does not keep. What it keeps are the facts that a decoder needs: for each definition, the
number of each field, its name in JSON and its type.

A type is `string`, `bytes`, `bool`, `int32`, `int64`, `double` or the name of a definition, or
`items` (a message of strings that is a list in JSON), after `[]` for a repeated field, `{}` for a map's values, `*` for what is a pointer in Go (whose
zero is not the same as its absence), and `^` for a message whose fields stand in the JSON of the one around it.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.api.facts import DOCUMENT, PROTOBUF

_SCALARS: Final = frozenset(("string", "bytes", "bool", "int32", "int64", "double"))
_COMMENT: Final = re.compile(r"//.*")
_MESSAGE: Final = re.compile(r"message (\w+) \{(.*?)\n\}", re.DOTALL)
_FIELD: Final = re.compile(
    r"(?:(?P<label>optional|repeated|required) (?P<type>[\w.]+)|map<string, (?P<value>[\w.]+)>) "
    r"(?P<name>\w+) = (?P<number>\d+);"
)
_STRUCT: Final = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_POINTER: Final = re.compile(r'\*[\w.]+\s+`(?:json:"|protobuf:"[^"]*name=)([^",]+)')
# Forms of answers, which the document does not define.
_FORMS: Final = (
    "io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList",
    "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata",
    "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList",
)
_TAGS: Final = re.compile(r'`json:"([^",]+)[^`]*protobuf:"\w+,(\d+),')

Table = dict[str, dict[str, list[str]]]


def table(sources: Path) -> Table:
    """Definition -> number -> [JSON name, type], for all that the OpenAPI document defines, and some answers.

    Messages that the document does not name, but that its definitions hold, are there, too.
    """
    definitions = json.loads(DOCUMENT.read_text())["definitions"]
    messages = dict(_messages(sources))
    pointers, tags = _pointers(sources), _tags(sources)
    found: Table = {}
    wanted = sorted({*(messages.keys() & definitions.keys()), *_FORMS})
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        fields = found[name] = {}
        properties = definitions.get(name, {}).get("properties")
        spelled = {known.lower(): known for known in properties or ()}
        for field in messages[name]:
            wire_type = _type(field, name, messages)
            json_name = spelled.get(field["name"].lower(), field["name"])
            if properties is not None and json_name not in properties:
                json_name = tags.get((name.rpartition(".")[2], field["number"]), json_name)
            inner = wire_type.removeprefix("[]").removeprefix("{}")
            if inner in messages:
                wanted.append(inner)
            if properties is not None and json_name not in properties:
                if not {f["name"] for f in messages.get(wire_type, ())} & properties.keys():
                    continue  # a field that another release has
                wire_type = "^" + wire_type
            elif not wire_type.startswith(("[]", "{}")) and (name, json_name) in pointers:
                wire_type = "*" + wire_type
            fields[field["number"]] = [json_name, wire_type]
    return {
        name: dict(sorted(fields.items(), key=lambda item: int(item[0])))
        for name, fields in sorted(found.items())
    }


def _messages(sources: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted(sources.rglob("generated.proto")):
        text = _COMMENT.sub("", path.read_text())
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
        assert package is not None, path
        for message in _MESSAGE.finditer(text):
            name = _definition(f"{package[1]}.{message[1]}")
            yield name, [field.groupdict() for field in _FIELD.finditer(message[2])]


def _definition(message: str) -> str:
    """`k8s.io.api.apps.v1.Deployment` is `io.k8s.api.apps.v1.Deployment` in OpenAPI."""
    return re.sub(r"^k8s\.io\.", "io.k8s.", message).replace("_", "-")


def _type(field: Mapping[str, str], owner: str, messages: Mapping[str, Any]) -> str:
    raw = (field["type"] or field["value"]).lstrip(".")
    prefix = "{}" if field["value"] else "[]" if field["label"] == "repeated" else ""
    if raw in _SCALARS:
        return prefix + raw
    name = _definition(raw if "." in raw else f"{owner.rpartition('.')[0]}.{raw}")
    if [(f["name"], f["type"]) for f in messages[name]] == [("items", "string")]:
        name = "items"  # a named list of strings: ExtraValue, Verbs
    return prefix + name


def _pointers(sources: Path) -> set[tuple[str, str]]:
    """(Definition, JSON name) of the fields that are pointers in Go."""
    return {
        (".".join(("io.k8s", *path.parent.relative_to(sources).parts, struct[1])), name)
        for path in sorted(sources.rglob("*types*.go"))
        for struct in _STRUCT.finditer(path.read_text())
        for name in _POINTER.findall(struct[2])
    }


def _tags(sources: Path) -> dict[tuple[str, str], str]:
    """(Struct, number) -> JSON name: of fields such as `$ref`, which have another name in protobuf."""
    return {
        (struct[1], number): name
        for path in sorted(sources.rglob("types*.go"))
        for struct in _STRUCT.finditer(path.read_text())
        for name, number in _TAGS.findall(struct[2])
    }


def main() -> None:
    """Replace the table."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(fields, separators=(',', ':'))}"
        for name, fields in table(Path(sys.argv[1])).items()
    ]
    PROTOBUF.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
