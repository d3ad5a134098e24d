"""What a patch makes, as a refusal shows it: in the order of Go's JSON, which sorts what the patch has touched."""

from typing import Any

import msgspec

from orchestrator.api.go_text import as_go_writes

_ALL = object()
"""Everything below is touched."""


def text_of(document: Any, patch: Any) -> str:
    """The document that a merge patch (an object) or a JSON patch (a list) has made, as text."""
    touched = _places(patch) if isinstance(patch, list) else _merged(patch)
    return as_go_writes(msgspec.json.encode(_ordered(document, touched))).decode()


def _ordered(value: Any, touched: Any) -> Any:
    """`touched` is a tree of names, `_ALL`, or None where nothing was touched."""
    if touched is None:
        return value
    below = (lambda _: _ALL) if touched is _ALL else touched.get
    if isinstance(value, dict):
        return {name: _ordered(value[name], below(name)) for name in sorted(value)}
    if isinstance(value, list):
        return [_ordered(each, below(str(place))) for place, each in enumerate(value)]
    return value


def _merged(patch: Any) -> Any:
    """A merge patch brings its lists along whole."""
    if not isinstance(patch, dict):
        return _ALL
    return {name: _merged(value) for name, value in patch.items()}


def _places(operations: list[Any]) -> dict[str, Any]:
    """What a JSON patch puts somewhere stays as the client has written it."""
    tree: dict[str, Any] = {}
    for operation in operations:
        for path in (operation.get("path"), operation.get("from")):
            here = tree
            for name in str(path or "").split("/")[1:-1]:
                here = here.setdefault(name.replace("~1", "/").replace("~0", "~"), {})
    return tree
