"""Make the facts on the columns of tables, from the source of Kubernetes' printers.

    python -m orchestrator.api.generate.columns KUBERNETES

What a column says of itself is part of an answer, and clients print it (`kubectl explain` of a server): so
its sentences are kept as they are, where no other sentence of the original's is.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.api import document
from orchestrator.api.facts import COLUMNS
from orchestrator.api.generate.names import type_name

_PRINTERS: Final = "pkg/printers/internalversion/printers.go"
# Printers that stand by themselves, and whose kind they show.
_OTHERS: Final = {
    "staging/src/k8s.io/kube-aggregator/pkg/registry/apiservice/etcd/etcd.go": (
        "apiregistration.APIService"
    ),
    "staging/src/k8s.io/apiserver/pkg/registry/rest/table.go": "",  # of all kinds without one
}
# Kinds that are served behind feature gates, which the document of a server as it comes has not.
_GATED: Final = ("scheduling.PodGroup", "scheduling.Workload")
# Printed by nobody: its storage shows the columns of all kinds.
_UNUSED: Final = "storage.CSIStorageCapacity"
_IMPORT: Final = re.compile(r'^\s*(?:(\w+) )?"(k8s\.io/[^"]+)"', re.MULTILINE)
_TABLE: Final = re.compile(
    r"(\w+) :?= (append\(\w+, )?\[\]metav1\.TableColumnDefinition\{\n(.*?)\n\t\}(?:\.\.\.\))?\n",
    re.DOTALL,
)
_INLINE: Final = re.compile(
    r"ColumnDefinitions(?::| =) \[\]metav1\.TableColumnDefinition\{\n(.*?)\n\t+\},?\n", re.DOTALL
)
_HANDLER: Final = re.compile(r"h\.TableHandler\((\w+), (\w+)\)")
_FUNCTION: Final = re.compile(r"^func (print\w+)\(\w+ \*(\w+)\.(\w+),", re.MULTILINE)
_COLUMN: Final = re.compile(r"\{(Name: .*)\},?$", re.MULTILINE)
_PART: Final = re.compile(
    r'(\w+): ("(?:[^"\\]|\\.)*"|\d+|[\w.]+\{\}(?:\.\w+)?\.SwaggerDoc\(\)\["\w+"\]|\w+\["\w+"\])'
)
_FIELD: Final = re.compile(r'(\w+)\.(\w+)\{\}(?:\.(\w+))?\.SwaggerDoc\(\)\["(\w+)"\]')
# The structs of fields whose sentences are asked for by way of another struct.
_STRUCTS: Final = {"InvolvedObject": "ObjectReference"}
_MAP: Final = re.compile(
    r"^var map_(\w+) = map\[string\]string\{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
_SENTENCE: Final = re.compile(r'^\t("(?:[^"\\]|\\.)*"): +("(?:[^"\\]|\\.)*"),$', re.MULTILINE)

Row = list[Any]


def tables(root: Path) -> dict[str, list[Row]]:
    """`apps.Deployment` -> its columns: name, type, format, sentence, priority."""
    known = {f"{group}.{kind}" for group, _, kind in map(type_name, document.load()["definitions"])}
    known.update(_GATED)
    text = (root / _PRINTERS).read_text()
    packages = _packages(text)
    kinds = {
        name: f"{packages[alias].rpartition('/')[2]}.{kind}"
        for name, alias, kind in _FUNCTION.findall(text)
    }
    columns: dict[str, list[Row]] = {}
    for name, appended, body in _TABLE.findall(text):
        before = columns.get(name, []) if appended else []
        columns[name] = [*before, *_columns(root, body, packages)]
    found = {
        kinds[printer]: columns[name]
        for name, printer in _HANDLER.findall(text)
        if kinds.get(printer) in known and not printer.endswith("List")
    }
    del found[_UNUSED]
    for path, kind in _OTHERS.items():
        text = (root / path).read_text()
        match = _INLINE.search(text)
        assert match is not None, f"no columns in {path}"
        found[kind] = list(_columns(root, match[1], _packages(text)))
    return found


def _packages(text: str) -> dict[str, str]:
    """Alias -> path of the package."""
    return {alias or path.rpartition("/")[2]: path for alias, path in _IMPORT.findall(text)}


def _columns(root: Path, body: str, packages: Mapping[str, str]) -> Iterator[Row]:
    for line in _COLUMN.findall(body):
        said = dict(_PART.findall(line))
        texts = {key: _sentence(root, value, packages) for key, value in said.items()}
        yield [
            texts["Name"],
            texts["Type"],
            texts.get("Format", ""),
            texts.get("Description", ""),
            int(said.get("Priority", 0)),
        ]


def _sentence(root: Path, value: str, packages: Mapping[str, str]) -> str:
    if value.startswith('"'):
        return str(json.loads(value))
    if (match := _FIELD.fullmatch(value)) is not None:
        struct = _STRUCTS.get(match[3], match[2])
        return _sentences(root, packages[match[1]])[struct].get(match[4], "")
    if value.startswith("swaggerMetadataDescriptions"):
        meta = _sentences(root, "k8s.io/apimachinery/pkg/apis/meta/v1")["ObjectMeta"]
        return meta[value.split('"')[1]]
    return value


def _sentences(root: Path, package: str) -> dict[str, dict[str, str]]:
    """Type -> field -> what its comment says."""
    text = (root / "staging/src" / package / "types_swagger_doc_generated.go").read_text()
    return {
        name: {json.loads(key): json.loads(said) for key, said in _SENTENCE.findall(body)}
        for name, body in _MAP.findall(text)
    }


def main() -> None:
    """Write the facts, a kind a line."""
    found = sorted(tables(Path(sys.argv[1])).items())
    rows = [f"{json.dumps(kind)}: {json.dumps(columns)}" for kind, columns in found]
    COLUMNS.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
