"""Write `facts/go_structs.json`: `python -m orchestrator.api.generate.go_structs DIRECTORY`.

DIRECTORY holds the sources of `k8s.io/api` and `k8s.io/apimachinery` of one release, which this project does
not keep. What it keeps are the facts that the hash of a pod template is made of: for each type that a
template holds, its fields in their order, with their names in Go and in JSON and their types; for a type
that is a scalar or a map, what it is made of. A field whose JSON name is empty is written into its parent.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from orchestrator.api.facts import GO_STRUCTS

ROOT: Final = "v1.PodTemplateSpec"
_SOURCES: Final = ("api/core/v1/types.go", "apimachinery/pkg/apis/meta/v1/types.go")
_COMMENT: Final = re.compile(r"//.*")
_STRUCT: Final = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_OTHER: Final = re.compile(r"^type (\w+) (map\[\w+\][\w.]+|\w+)$", re.MULTILINE)
_FIELD: Final = re.compile(r'^\s*(?:(\w+)\s+)?([\w.*\[\]]+)\s+`json:"(\w*)', re.MULTILINE)
_NAME: Final = re.compile(r"(?<![\w.])(?:metav1\.)?([A-Z]\w*)")


def table(sources: Path) -> dict[str, Any]:
    """Type -> its fields, or what it is made of; of all that a template holds."""
    known: dict[str, Any] = {}
    for source in _SOURCES:
        for name, value in _types((sources / source).read_text()):
            known.setdefault(name, value)
    found: dict[str, Any] = {}
    wanted = [ROOT]
    while wanted:
        name = wanted.pop()
        if name in found or name not in known:
            continue
        found[name] = known[name]
        held = known[name] if isinstance(known[name], list) else [["", "", known[name]]]
        for _, _, type_ in held:
            wanted += re.findall(r"\w+\.\w+", type_)
    return dict(sorted(found.items()))


def _types(text: str) -> Iterator[tuple[str, Any]]:
    text = _COMMENT.sub("", text)
    for name, kind in _OTHER.findall(text):
        yield f"v1.{name}", _qualified(kind)
    for name, body in _STRUCT.findall(text):
        fields = [(given, _qualified(kind), known) for given, kind, known in _FIELD.findall(body)]
        yield (
            f"v1.{name}",
            [[given or kind.rpartition(".")[2], known, kind] for given, kind, known in fields],
        )


def _qualified(type_: str) -> str:
    """A type as Go's reflection names it: with the last word of its package."""
    return _NAME.sub(r"v1.\1", type_)


def main() -> None:
    """Replace the file."""
    rows = (f'"{name}": {json.dumps(each)}' for name, each in table(Path(sys.argv[1])).items())
    GO_STRUCTS.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
