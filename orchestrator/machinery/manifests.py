"""Read manifests: YAML or JSON text, one or many documents, from someone we do not trust.

What comes out is JSON (dict, list, str, int, float, bool, None) as `kubectl` would read it: YAML
1.1 scalars (`on`, `yes`, `0755`), timestamps as text, keys as text, `<<` merged, duplicates
refused. Python tags, NaN, infinities and lone surrogates do not exist in JSON, and are refused.

A text that starts with `{` is read as JSON first, as kubectl does; whatever else is YAML
(`yaml_documents`, which says how hostile documents are kept harmless).

Every refusal is a ManifestError naming source, line and column.
"""

import json
import re
from pathlib import Path
from typing import Final, NoReturn

from orchestrator.machinery.documents import MAX_DEPTH, Json, Object, kind_of
from orchestrator.machinery.errors import ManifestError
from orchestrator.machinery.source_text import decoded, position, refuse, surrogate_in
from orchestrator.machinery.yaml_documents import first_document, yaml_documents


def load_all(text: str | bytes, source: str = "manifest") -> tuple[Object, ...]:
    """The documents of a stream in their order; empty ones are skipped.

    `source` names the text in errors: a path or a URL. Raises ManifestError.
    """
    readable = decoded(text, source)
    if readable.lstrip().startswith("{"):
        documents = _json_documents(readable, source)
        if documents is not None:
            return documents
    found = yaml_documents(readable, source)
    return tuple(_as_object(value, source, line, column) for value, line, column in found)


def load_path(path: Path) -> tuple[Object, ...]:
    """The documents of a file, or of all manifests below a folder in the order of their paths.

    As for `kubectl apply -R -f`, a folder's manifests end in .yaml, .yml or .json. Raises
    ManifestError and OSError.
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES)
    return tuple(each for file in files for each in load_all(file.read_bytes(), str(file)))


def load(text: str | bytes, source: str = "manifest") -> Object:
    """The one document of a text. Raises ManifestError, also for none or several."""
    documents = load_all(text, source)
    if len(documents) != 1:
        raise ManifestError(f"expected one document, found {len(documents)}", source, 1, 1)
    return documents[0]


def load_noting(text: str | bytes, source: str) -> tuple[Json, list[str]]:
    """The first value of a text in YAML or JSON, and what is to be said of keys that stand twice in a map.

    An empty document is None; what stands behind the first one is not looked at, as Go's library does.
    Raises ManifestError.
    """
    repeated: list[str] = []
    return first_document(decoded(text, source), source, repeated), repeated


def flatten(documents: tuple[Object, ...]) -> tuple[Object, ...]:
    """The same with every `List` (`kind: List`, `PodList`) replaced by its items."""
    found: list[Object] = []
    for document in documents:
        items = document.get("items")
        if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
            found += flatten(tuple(item for item in items if isinstance(item, dict)))
        else:
            found.append(document)
    return tuple(found)


_SUFFIXES: Final = (".yaml", ".yml", ".json")

# --- JSON ----------------------------------------------------------------------------------

# Possessive, and an unclosed string runs to the end: no text makes this look twice.
_NESTING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_BLANK: Final = re.compile(r"\s*")


class _DuplicateKeyError(ValueError):
    pass


class _NoNumberError(ValueError):
    pass


def _json_documents(text: str, source: str) -> tuple[Object, ...] | None:
    """The JSON documents of a stream, or None when it is YAML after all (`{a: b}`)."""
    _check_json_depth(text, source)
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer
    )
    documents: list[Object] = []
    offset = _skip_blank(text, 0)
    while offset < len(text):
        try:
            document, end = decoder.raw_decode(text, offset)
        except json.JSONDecodeError as error:
            if documents:
                refuse(error.msg, source, error.lineno, error.colno)
            return None
        except (_DuplicateKeyError, _NoNumberError, ValueError) as error:
            refuse(str(error), source, *position(text, offset))
        where = position(text, offset)
        _check_json_strings(document, source, where)
        if document is not None:
            documents.append(_as_object(document, source, *where))
        offset = _skip_blank(text, end)
    return tuple(documents)


def _skip_blank(text: str, offset: int) -> int:
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


def _check_json_depth(text: str, source: str) -> None:
    """Refuse deep nesting before a decoder that recurses sees it."""
    deep = 0
    for match in _NESTING.finditer(text):
        token = match[0]
        if token in "[{":
            deep += 1
            if deep > MAX_DEPTH:
                reason = f"exceeded max depth {MAX_DEPTH}"
                refuse(reason, source, *position(text, match.start()))
        elif token in "]}":
            deep -= 1


def _unique(pairs: list[tuple[str, Json]]) -> Object:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(f'duplicate field "{key}"')
            seen.add(key)
    return result


def _integer(digits: str) -> int | float:
    # Beyond 64 bits Kubernetes has only floats.
    if len(digits) < 19 or (len(digits) < 21 and -(2**63) <= int(digits) < 2**63):
        return int(digits)
    return float(digits)


def _no_constant(name: str) -> NoReturn:
    raise _NoNumberError(f"{name} is no JSON")


def _check_json_strings(value: Json, source: str, where: tuple[int, int]) -> None:
    r"""`"\ud800"` decodes to half a character, and 1e999 to infinity; neither is JSON."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += each.keys()
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str) and surrogate_in(each) is not None:
            refuse("a string has a lone surrogate", source, *where)
        elif isinstance(each, float) and each in (float("inf"), float("-inf")):
            refuse("a number is out of range", source, *where)


def _as_object(value: Json, source: str, line: int, column: int) -> Object:
    if not isinstance(value, dict):
        refuse(f"expected an object, found {_article(kind_of(value))}", source, line, column)
    return value


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
