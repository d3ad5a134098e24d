"""A custom kind from Structs: its definition with a schema, columns, subresources and rules, and its Resource.

    class Spec(Struct, frozen=True, rename="camel"):
        image: str
        replicas: Annotated[int, Meta(ge=0, le=10)] = 1

    WEBSITES = CustomKind(
        "example.com", "v1", "Website", Spec,
        columns=(Column("Image", ".spec.image"),),
        rules=(Rule("self.spec.replicas < 5 || self.spec.image != 'heavy:1'", "too many heavy ones"),),
    )

    await cluster.client.apply(WEBSITES.definition())
    spec = WEBSITES.spec_of(website)  # a Spec

Nothing is registered anywhere: who wants the kind in a cluster applies its definition. Fields without a default
are required; a default of JSON stands in the schema, so the server fills it in; docstrings of classes, and the
descriptions of `Meta`, are what `kubectl explain` says.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import NODEFAULT, Struct, inspect

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured

S = TypeVar("S", bound=Struct)

_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Column(Struct, frozen=True):
    """A column of `kubectl get`: its head, the JSON path of its value, and of which type that is."""

    name: str
    path: str
    type: str = "string"
    description: str = ""
    priority: int = 0  # above 0: only with `-o wide`


class Rule(Struct, frozen=True):
    """A rule in CEL about the whole object (`self`); `oldSelf` makes it one about changes."""

    rule: str
    message: str = ""


class Scale(Struct, frozen=True):
    """Where the subresource `scale` finds its numbers, as JSON paths."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    label_selector: str = ""


class NoSchema(TypeError):
    """A type of a field has no structural schema; the text says where it is and what would have one."""


class CustomKind(Generic[S]):
    """A kind of the program's own. Raises NoSchema for a Struct whose fields no schema can describe."""

    def __init__(
        self,
        group: str,
        version: str,
        kind: str,
        spec: type[S],
        *,
        status: type[Struct] | None = None,
        plural: str = "",
        short_names: Sequence[str] = (),
        namespaced: bool = True,
        columns: Sequence[Column] = (),
        rules: Sequence[Rule] = (),
        scale: Scale | None = None,
    ) -> None:
        self.spec = spec
        self.resource = Resource(
            group, version, plural or f"{kind.lower()}s", kind, namespaced=namespaced, verbs=_VERBS
        )
        self._short_names = tuple(short_names)
        self._columns, self._rules, self._scale = tuple(columns), tuple(rules), scale
        parts: dict[str, Any] = {"spec": schema_of(spec)}
        required = ["spec"] if parts["spec"].get("required") else []
        if status is not None:
            parts["status"] = schema_of(status)
        elif scale is not None:
            raise NoSchema(
                f"{kind}: `scale` reads the status: say which Struct that is (status=...)"
            )
        self._has_status = status is not None
        self._schema = {"type": "object", "properties": parts, **_if_any(required=required)}

    def spec_of(self, obj: Unstructured) -> S:
        """The spec of an object. Raises msgspec.ValidationError for what the schema would have refused."""
        return msgspec.convert(obj.content.get("spec") or {}, self.spec)

    def definition(self) -> CustomResourceDefinition:
        """The definition, to be created or applied."""
        resource = self.resource
        subresources: dict[str, Any] = {"status": {}} if self._has_status else {}
        if self._scale is not None:
            subresources["scale"] = {
                "specReplicasPath": self._scale.spec_replicas,
                "statusReplicasPath": self._scale.status_replicas,
                **_if_any(labelSelectorPath=self._scale.label_selector),
            }
        rules = [{"rule": each.rule, **_if_any(message=each.message)} for each in self._rules]
        version = {
            "name": resource.version,
            "served": True,
            "storage": True,
            "schema": {
                "openAPIV3Schema": {
                    **self._schema,
                    **_if_any(**{"x-kubernetes-validations": rules}),
                }
            },
            **_if_any(subresources=subresources),
            **_if_any(additionalPrinterColumns=[_column(each) for each in self._columns]),
        }
        document = {
            "apiVersion": CustomResourceDefinition.api_version,
            "kind": CustomResourceDefinition.kind,
            "metadata": {"name": f"{resource.plural}.{resource.group}"},
            "spec": {
                "group": resource.group,
                "scope": "Namespaced" if resource.namespaced else "Cluster",
                "names": {
                    "plural": resource.plural,
                    "singular": resource.kind.lower(),
                    "kind": resource.kind,
                    "listKind": f"{resource.kind}List",
                    **_if_any(shortNames=list(self._short_names)),
                },
                "versions": [version],
            },
        }
        return codec.decode(document, CustomResourceDefinition)


def schema_of(struct: type[Struct]) -> dict[str, Any]:
    """The structural schema of a Struct. Raises NoSchema."""
    try:
        info = inspect.type_info(struct)
    except TypeError as error:
        raise NoSchema(f"{struct.__name__}: {error}") from None
    return _schema(info, struct.__name__)


def _schema(info: inspect.Type, where: str) -> dict[str, Any]:
    match info:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return {**_schema(inner, where), **(extra or {})}
        case inspect.StructType():
            return _object(info)
        case inspect.UnionType(types=types):
            return _optional(types, where)
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer", "format": "int64", **_bounds(info)}
        case inspect.FloatType():
            return {"type": "number", **_bounds(info)}
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            return {"type": "string", **_given(minLength=least, maxLength=most, pattern=pattern)}
        case inspect.DateTimeType():
            return {"type": "string", "format": "date-time"}
        case inspect.LiteralType(values=values) if all(isinstance(each, str) for each in values):
            return {"type": "string", "enum": sorted(values)}
        case inspect.EnumType(cls=cls) if all(isinstance(each.value, str) for each in cls):
            return {"type": "string", "enum": [each.value for each in cls]}
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            length = _given(minItems=info.min_length, maxItems=info.max_length)
            return {"type": "array", "items": _schema(item, f"{where}[]"), **length}
        case inspect.DictType(key_type=inspect.StrType(), value_type=value):
            return {"type": "object", "additionalProperties": _schema(value, f"{where}[]")}
        case inspect.AnyType():
            return {"x-kubernetes-preserve-unknown-fields": True}
    name = type(info).__name__.removesuffix("Type").lower()
    raise NoSchema(
        f"{where}: a {name} has no schema in Kubernetes: expected are str, int, float, bool, datetime, "
        "enumerations and literals of str, Structs, tuples and lists of one type, mappings of str, "
        "and `None |` one of them"
    )


def _object(info: inspect.StructType) -> dict[str, Any]:
    fields = info.fields
    properties = {
        each.encode_name: _field(each, f"{info.cls.__name__}.{each.name}") for each in fields
    }
    required = [each.encode_name for each in fields if each.required]
    description = (info.cls.__doc__ or "").strip()
    return {
        "type": "object",
        "properties": properties,
        **_if_any(required=required, description=description),
    }


def _field(field: inspect.Field, where: str) -> dict[str, Any]:
    schema = _schema(field.type, where)
    default = field.default
    if default is not NODEFAULT and default is not None and not isinstance(default, Struct):
        plain = msgspec.to_builtins(default)
        if plain or isinstance(plain, bool | int | float | str):
            schema["default"] = plain
    return schema


def _optional(types: Sequence[inspect.Type], where: str) -> dict[str, Any]:
    others = [each for each in types if not isinstance(each, inspect.NoneType)]
    if len(others) == 1:
        return {**_schema(others[0], where), "nullable": True}
    kinds = {type(each) for each in others}
    if kinds == {inspect.IntType, inspect.StrType}:
        return {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
        }
    raise NoSchema(
        f"{where}: of several types only `int | str` has a schema, and `None |` one type"
    )


def _bounds(info: inspect.IntType | inspect.FloatType) -> dict[str, Any]:
    found = _given(minimum=info.ge, maximum=info.le, multipleOf=info.multiple_of)
    if info.gt is not None:
        found |= {"minimum": info.gt, "exclusiveMinimum": True}
    if info.lt is not None:
        found |= {"maximum": info.lt, "exclusiveMaximum": True}
    return found


def _column(column: Column) -> dict[str, Any]:
    said = {"name": column.name, "jsonPath": column.path, "type": column.type}
    return {**said, **_if_any(description=column.description, priority=column.priority)}


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _if_any(**values: Any) -> Mapping[str, Any]:
    return {key: value for key, value in values.items() if value}
