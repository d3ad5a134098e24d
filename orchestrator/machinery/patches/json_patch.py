"""JSON Patch (RFC 6902) with the habits of the library that the API server uses.

Those are: a negative index counts from the end; `replace` of an absent member of an object sets
it; `test` takes an absent member for null. Operations apply in order to one document or not at
all; the document given is never changed.

Containers are copied the first time an operation touches them, so a patch costs what it touches.
"""

import json
import re
from typing import Any, Final

from orchestrator.machinery.documents import MAX_DEPTH, Json, copied, depth, equal, kind_of
from orchestrator.machinery.errors import PatchApplyError, PatchFormatError, PatchSizeError
from orchestrator.machinery.field_errors import quote

MAX_OPERATIONS: Final = 10_000
# All `copy` operations of a patch together; a few of them could double a document each.
MAX_COPIED_BYTES: Final = 3 * 1024 * 1024

_INDEX: Final = re.compile("[+-]?[0-9]{1,9}")


def apply_json_patch(document: Json, patch: Json) -> Json:
    """The document after the operations of `patch`, a list of them.

    Raises PatchFormatError for what is no patch, PatchSizeError past the limits, and
    PatchApplyError for an absent place or a failed `test`.
    """
    operations = _checked(patch)
    editor = _Editor(document)
    for operation in operations:
        editor.apply(operation)
    return editor.root


def _checked(patch: Json) -> list[dict[str, Any]]:
    if patch is None:  # Go's list of nothing
        return []
    if not isinstance(patch, list):
        kind = kind_of(patch)
        raise PatchFormatError(
            f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch"
        )
    if len(patch) > MAX_OPERATIONS:
        raise PatchSizeError(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        )
    for operation in patch:
        if operation is not None and not isinstance(operation, dict):
            kind = kind_of(operation)
            raise PatchFormatError(
                f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation"
            )
    return [{} if operation is None else operation for operation in patch]


_TEXTS: Final = ("op", "path", "from")


def check_fields(patch: Json) -> list[str]:
    """The fields that operations have and no operation knows, as `[0].vaule`.

    This is the look of API servers that validate fields. Raises PatchFormatError, in their words.
    """
    if patch is None:
        return []
    if not isinstance(patch, list):
        raise _undecodable(f"{kind_of(patch)} into Go value of type []handlers.jsonPatchOp")
    unknown: list[str] = []
    for number, operation in enumerate(patch):
        if operation is None:
            continue
        if not isinstance(operation, dict):
            raise _undecodable(f"{kind_of(operation)} into Go value of type handlers.jsonPatchOp")
        for field, value in operation.items():
            if field in _TEXTS:
                if value is not None and not isinstance(value, str):
                    where = f"Go struct field jsonPatchOp.{field} of type string"
                    raise _undecodable(f"{kind_of(value)} into {where}")
            elif field != "value":
                unknown.append(f"[{number}].{field}")
    return unknown


def _undecodable(what: str) -> PatchFormatError:
    return PatchFormatError(f"error decoding patch: json: cannot unmarshal {what}")


class _Editor:
    """One document being changed. `_owned` holds the containers that are ours to change."""

    def __init__(self, document: Json) -> None:
        self.root = document
        self._owned: dict[int, Json] = {}
        self._copied_bytes = 0

    def apply(self, operation: dict[str, Any]) -> None:
        kind = operation.get("op")
        path = operation.get("path")
        if kind not in _KINDS:
            shown = kind if isinstance(kind, str) else "unknown"
            raise PatchApplyError(f"Unexpected kind: {shown}")
        if not isinstance(path, str):
            raise PatchApplyError(f"{kind} operation failed to decode path: missing value")
        getattr(self, f"_{kind}")(path, operation)

    # --- the six operations ---

    def _add(self, path: str, operation: dict[str, Any]) -> None:
        value = operation.get("value")
        parent, key = self._place("add", path, quote(path))
        self._nesting(path, value)
        self._insert(parent, key, value, f"error in add for path: '{path}'", path)

    def _remove(self, path: str, _operation: dict[str, Any]) -> None:
        parent, key = self._place("remove", path, quote(path))
        self._delete(parent, key, f"error in remove for path: '{path}'", path)

    def _replace(self, path: str, operation: dict[str, Any]) -> None:
        value = operation.get("value")
        self._nesting(path, value)
        if path == "":
            if not isinstance(value, (dict, list)):
                message = "replace operation value must be object or array"
                raise PatchApplyError(message, path)
            self.root = value
            return
        parent, key = self._place("replace", path, path)
        if isinstance(parent, dict):
            parent[key] = value
            return
        position = _index(key)
        if position is None or not -len(parent) <= position < len(parent):
            missing = f"doc is missing key: {path}: missing value"
            raise PatchApplyError(f"replace operation does not apply: {missing}", path)
        parent[position] = value

    def _move(self, path: str, operation: dict[str, Any]) -> None:
        source = _from(operation, "move")
        parent, key = self._place("move", source, source, "from path")
        value = self._read(parent, key, f"error in move for path: '{key}'", source)
        self._delete(parent, key, f"error in move for path: '{key}'", source)
        parent, key = self._place("move", path, path, "destination path")
        self._nesting(path, value)
        self._insert(parent, key, value, f"error in move for path: '{path}'", path)

    def _copy(self, path: str, operation: dict[str, Any]) -> None:
        source = _from(operation, "copy")
        parent, key = self._place("copy", source, source, "from path")
        value = self._read(parent, key, f"error in copy for from: '{source}'", source)
        target, key = self._place("copy", path, path, "destination path")
        self._nesting(path, value)
        value = self._duplicate(value)
        self._insert(target, key, value, "error while adding value during copy", path)

    def _test(self, path: str, operation: dict[str, Any]) -> None:
        expected = operation.get("value")
        if path == "":
            found = self.root
        else:
            parent, key = self._find(
                path, f"test operation does not apply: is missing path: {path}"
            )
            found = self._read(parent, key, f"error in test for path: '{path}'", path)
        self._nesting(path, expected)
        if not equal(found, expected):
            raise PatchApplyError(f"testing value {path} failed: test failed", path)

    # --- containers ---

    def _place(self, kind: str, path: str, shown: str, what: str = "path") -> tuple[Json, str]:
        """The container to change at a pointer, ours, and the last token."""
        message = f"{kind} operation does not apply: doc is missing {what}: {shown}"
        tokens = _tokens(path, message)
        self.root = container = self._own(self.root, message, path)
        for token in tokens[:-1]:
            key = self._child(container, token, message, path)
            container[key] = container = self._own(container[key], message, path)
        return container, tokens[-1]

    def _find(self, path: str, message: str) -> tuple[Json, str]:
        tokens = _tokens(path, message)
        container = self.root
        for token in tokens[:-1]:
            container = container[self._child(container, token, message, path)]
        if not isinstance(container, (dict, list)):
            raise PatchApplyError(f"{message}: missing value", path)
        return container, tokens[-1]

    def _own(self, container: Json, message: str, path: str) -> Json:
        if id(container) in self._owned:
            return container
        if not isinstance(container, (dict, list)):
            raise PatchApplyError(f"{message}: missing value", path)
        mine = container.copy()
        # Kept even when it leaves the document, so that its id stays taken.
        self._owned[id(mine)] = mine
        return mine

    def _child(self, container: Json, token: str, message: str, path: str) -> Any:
        """The key of a present, non-null child."""
        if isinstance(container, dict):
            if container.get(token) is not None:
                return token
        elif isinstance(container, list):
            position = _index(token)
            if (
                position is not None
                and -len(container) <= position < len(container)
                and container[position] is not None
            ):
                return position
        raise PatchApplyError(f"{message}: missing value", path)

    def _read(self, parent: Json, key: str, message: str, path: str) -> Json:
        if isinstance(parent, dict):
            return parent.get(key)
        position = _index(key)
        if position is None:
            fault = f"strconv.Atoi: parsing {quote(key)}: invalid syntax"
            raise PatchApplyError(f"{message}: {fault}", path)
        if not -len(parent) <= position < len(parent):
            raise PatchApplyError(f"{message}: {_out_of_range(position)}", path)
        return parent[position]

    def _insert(self, parent: Json, key: str, value: Json, message: str, path: str) -> None:
        if isinstance(parent, dict):
            parent[key] = value
        elif key == "-":
            parent.append(value)
        else:
            position = _index(key)
            if position is None:
                fault = f"strconv.Atoi: parsing {quote(key)}: invalid syntax"
                detail = f"value was not a proper array index: '{key}': {fault}"
                raise PatchApplyError(f"{message}: {detail}", path)
            size = len(parent) + 1
            if not -size <= position < size:
                raise PatchApplyError(f"{message}: {_out_of_range(position)}", path)
            parent.insert(position if position >= 0 else position + size, value)

    def _delete(self, parent: Json, key: str, message: str, path: str) -> None:
        if isinstance(parent, dict):
            if key not in parent:
                fault = f"Unable to remove nonexistent key: {key}: missing value"
                raise PatchApplyError(f"{message}: {fault}", path)
            del parent[key]
            return
        self._read(parent, key, message, path)
        del parent[int(key)]

    def _duplicate(self, value: Json) -> Json:
        """A deep copy, counted against the limit."""
        self._copied_bytes += len(json.dumps(value, separators=(",", ":")))
        if self._copied_bytes > MAX_COPIED_BYTES:
            raise PatchSizeError(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{self._copied_bytes}, exceeding the limit {MAX_COPIED_BYTES}"
            )
        return copied(value)

    def _nesting(self, path: str, value: Json) -> None:
        """Refuse to build a document that nests too deep, one operation at a time."""
        if path.count("/") + depth(value) > MAX_DEPTH:
            raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}", path[:256])


_KINDS: Final = frozenset({"add", "remove", "replace", "move", "copy", "test"})


def _from(operation: dict[str, Any], kind: str) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise PatchApplyError(
            f"{kind} operation failed to decode from: operation, missing from field: missing value"
        )
    return source


def _tokens(path: str, message: str) -> list[str]:
    if not path.startswith("/"):
        raise PatchApplyError(f"{message}: missing value", path)
    if path.count("/") > MAX_DEPTH:
        raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}", path[:256])
    if "~" not in path:
        return path[1:].split("/")
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def _index(token: str) -> int | None:
    return int(token) if token.isascii() and _INDEX.fullmatch(token) else None


def _out_of_range(position: int) -> str:
    return f"Unable to access invalid index: {position}: invalid index referenced"
