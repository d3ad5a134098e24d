"""The shapes of custom resources: the schemas of their definitions, in the two dialects of OpenAPI.

Version 2 has no alternatives (`anyOf`), no defaults and no nulls. kubectl refuses what a shape of version 2
with properties does not name, so that places which take anything say nothing there of what is inside.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.openapi.schemas import SERVED_AS, V2, V3, Shape

_LIST_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_FREE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_EITHER: Final = "x-kubernetes-int-or-string"
_SELECTABLE: Final = "x-kubernetes-selectable-fields"
_NOT_IN_VERSION_2: Final = frozenset(("allOf", "anyOf", "default", "not", "nullable", "oneOf"))
_INSIDE: Final = ("items", "properties")


def names_of_custom(resource: Resource) -> tuple[str, str]:
    """`com.example.stable.v1.CronTab` of the group `stable.example.com`, and its list's."""
    base = ".".join((*reversed(resource.group.split(".")), resource.version))
    return f"{base}.{resource.kind}", f"{base}.{resource.list_kind}"


def custom(
    resource: Resource, schema: Shape | None, prefix: str, selectable: Iterable[str] = ()
) -> dict[str, Shape]:
    """The shapes of a custom resource and its list.

    `schema` is that of its definition, if any; `selectable` are the fields that objects can be selected by.
    """
    name, list_name = names_of_custom(resource)
    served = {"group": resource.group, "version": resource.version}
    fields = [{"fieldPath": field} for field in selectable]
    selected: Shape = {_SELECTABLE: fields} if fields else {}
    items = {"type": "array", "items": {"$ref": prefix + name}, "description": "The objects."}
    list_shape: Shape = {
        "description": f"A list of objects of kind {resource.kind}.",
        "type": "object",
        "required": ["items"],
        "properties": {**_identity(prefix, _LIST_META), "items": items},
        SERVED_AS: [{**served, "kind": resource.list_kind}],
        **selected,
    }
    shape = {
        **_shape(schema, prefix),
        SERVED_AS: [{**served, "kind": resource.kind}],
        **selected,
    }
    return {name: shape, list_name: list_shape}


def _shape(schema: Shape | None, prefix: str) -> Shape:
    if schema is None or (prefix == V2 and schema.get(_FREE)):
        return {"type": "object"}
    written = _written(schema, prefix)
    return {
        **written,
        "properties": {**written.get("properties", {}), **_identity(prefix, _OBJECT_META)},
    }


def _written(schema: Shape, prefix: str) -> dict[str, Any]:
    """A schema at any depth; what is false or empty was not said, but for what is so by default."""
    found = {
        key: value
        for key, value in schema.items()
        if key == "default" or (value is not False and value != "")
    }
    if schema.get(_EITHER) and not _tells_both(schema):
        found.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if prefix == V2:
        found = _in_version_2(schema, found)
    if "properties" in found:
        found["properties"] = {
            name: _written(each, prefix) for name, each in found["properties"].items()
        }
    for part in ("items", "additionalProperties"):
        if isinstance(found.get(part), Mapping):
            found[part] = _written(found[part], prefix)
    if found.get(_EMBEDDED) and not (prefix == V2 and found.get(_FREE)):
        names = found.get("required", [])
        found["properties"] = {**found.get("properties", {}), **_identity(prefix, _OBJECT_META)}
        found["required"] = [*names, *(n for n in ("kind", "apiVersion") if n not in names)]
    return found


def _tells_both(schema: Shape) -> bool:
    """Whether the alternatives of what is number or text are written out in the schema."""
    first: Shape = next(iter(schema.get("allOf", ())), {})
    return "anyOf" in schema or "anyOf" in first


def _in_version_2(schema: Shape, found: dict[str, Any]) -> dict[str, Any]:
    left_out = set(_NOT_IN_VERSION_2)
    if schema.get("nullable"):
        left_out |= {"type", *_INSIDE}
    if schema.get(_FREE):
        left_out |= {*_INSIDE} | ({"type"} if schema.get("type") == "object" else set())
    if schema.get("type") == "array" and ("items" in left_out or "items" not in schema):
        left_out.add("type")
    found = {key: value for key, value in found.items() if key not in left_out}
    # Who has no nulls cannot demand what may be null.
    nullable = {n for n, each in found.get("properties", {}).items() if each.get("nullable")}
    required = [name for name in found.pop("required", ()) if name not in nullable]
    others = schema.get("additionalProperties")
    if required and not (isinstance(others, Mapping) and others.get("nullable")):
        found["required"] = required
    return found


def _identity(prefix: str, metadata: str) -> dict[str, Any]:
    reference: dict[str, Any] = {"$ref": prefix + metadata}
    if prefix == V3:
        reference = {"allOf": [reference]}
    # Clients' own tests look for the first words of these, as of a creation's time.
    group_version = "APIVersion defines the group and version of the object's kind."
    what_all_have = "Standard object's metadata: name, namespace, labels and the like."
    return {
        "apiVersion": {"type": "string", "description": group_version},
        "kind": {"type": "string", "description": "The kind of the object."},
        "metadata": {"description": what_all_have, **reference},
    }
