"""Pruning: a stored object holds nothing that its schema does not name.

What stands below `x-kubernetes-preserve-unknown-fields` stays, but the fields that the schema names
there are pruned in their turn. The root and each embedded resource keep `apiVersion`, `kind` and
`metadata`. A null for a field that may not be null and has no default is no field, unless it is to stay: what
is applied is judged with its nulls.
"""

from typing import Any, Final

from orchestrator.machinery.schemas.schema import ABSENT, Schema

_OF_EVERY_OBJECT: Final = frozenset({"apiVersion", "kind", "metadata"})
_NOTHING: Final = Schema(document={})
_LEAVES: Final = frozenset({str, int, float, bool})


def prune(
    value: Any,
    schema: Schema,
    unknown: list[str] | None = None,
    *,
    root: bool = True,
    keeps_nulls: bool = False,
) -> Any:
    """The value without what the schema does not know; the paths of that are added to `unknown`.

    `root` says that the value is a whole custom resource. An unchanged value is the same object.
    """
    if _is_pruned(value, schema, keeps_nulls, resource=root):
        return value
    return _pruned(value, schema, "", unknown, keeps_nulls, resource=root)


def _is_pruned(value: Any, schema: Schema, keeps_nulls: bool, *, resource: bool = False) -> bool:
    """Whether nothing is to be taken away, as of nearly all values: a look that makes neither copies nor paths."""
    kind = type(value)
    if kind is dict:
        return _is_pruned_map(value, schema, keeps_nulls, whole=resource or schema.embedded)
    if kind is list:
        items = schema.items
        if items is None:
            if schema.preserves_unknown:
                return True
            items = _NOTHING
        return all(type(each) in _LEAVES or _is_pruned(each, items, keeps_nulls) for each in value)
    return value is None or kind in _LEAVES


def _is_pruned_map(
    value: dict[str, Any], schema: Schema, keeps_nulls: bool, *, whole: bool
) -> bool:
    properties, other = schema.properties, schema.additional
    if other is None and _says_of_others(schema):
        other = _NOTHING
    for name, part in value.items():
        if whole and name in _OF_EVERY_OBJECT:
            continue
        below = properties.get(name, other)
        if below is None:
            if not schema.preserves_unknown:
                return False
        elif part is None:
            if not keeps_nulls and not below.nullable and below.default is ABSENT:
                return False
        elif type(part) not in _LEAVES and not _is_pruned(part, below, keeps_nulls):
            return False
    return True


def _says_of_others(schema: Schema) -> bool:
    """Whether other fields are known of, if only to be refused."""
    return schema.allows_additional or schema.forbids_additional


def _pruned(
    value: Any,
    schema: Schema,
    path: str,
    unknown: list[str] | None,
    keeps_nulls: bool,
    *,
    resource: bool = False,
) -> Any:
    if isinstance(value, dict):
        resource = resource or schema.embedded
        return _pruned_map(value, schema, path, unknown, keeps_nulls, resource=resource)
    if isinstance(value, list | tuple):
        items = schema.items
        if items is None:
            if schema.preserves_unknown:
                return value
            items = _NOTHING
        kept = [
            _pruned(each, items, f"{path}[{n}]", unknown, keeps_nulls)
            for n, each in enumerate(value)
        ]
        return value if all(new is old for new, old in zip(kept, value, strict=True)) else kept
    return value


def _pruned_map(
    value: dict[str, Any],
    schema: Schema,
    path: str,
    unknown: list[str] | None,
    keeps_nulls: bool,
    *,
    resource: bool,
) -> dict[str, Any]:
    properties, additional = schema.properties, schema.additional
    if additional is None and _says_of_others(schema):
        additional = _NOTHING
    kept: dict[str, Any] = {}
    changed = False
    for name, part in value.items():
        if resource and name in _OF_EVERY_OBJECT:
            kept[name] = part
            continue
        below = properties.get(name, additional)
        if below is None:
            if schema.preserves_unknown:
                kept[name] = part
                continue
            changed = True
            if unknown is not None:
                unknown.append(_child(path, name))
        elif part is None:
            if keeps_nulls or below.nullable or below.default is not ABSENT:
                kept[name] = None
            else:
                changed = True
        elif type(part) in _LEAVES:
            kept[name] = part
        else:
            new = kept[name] = _pruned(part, below, _child(path, name), unknown, keeps_nulls)
            changed = changed or new is not part
    return kept if changed else value


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
