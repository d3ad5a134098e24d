"""What a policy's expressions get wrong about the kinds that they are asked about.

The kinds are those that its rules name one by one, without wildcards, ten at the most; the types of their fields
are those of the OpenAPI document. Custom kinds are passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from orchestrator.api import document
from orchestrator.api.admissionregistration.v1 import (
    ExpressionWarning,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicySpec,
)
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import DEFAULT, Resource
from orchestrator.machinery.cel import CompileError, escaped, examine
from orchestrator.machinery.cel.policy_scopes import policy_scope
from orchestrator.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
    struct_of,
)

_MOST_KINDS: Final = 10
_REF: Final = "#/definitions/"
_FORMATS: Final = {
    "byte": BYTES,
    "date": TIMESTAMP,
    "date-time": TIMESTAMP,
    "duration": DURATION,
    "int-or-string": DYN,
}
_SCALARS: Final = {"boolean": BOOL, "integer": INT, "number": DOUBLE}


def warnings_of(policy: ValidatingAdmissionPolicy) -> tuple[ExpressionWarning, ...]:
    """What the status of a policy says about its validations and their messages."""
    spec = policy.spec or ValidatingAdmissionPolicySpec()
    kinds = _kinds(spec)
    found = []
    for i, validation in enumerate(spec.validations):
        for name, text in (
            ("expression", validation.expression),
            ("messageExpression", validation.message_expression),
        ):
            if text and (faults := [*_faults(spec, kinds, text)]):
                where = f"spec.validations[{i}].{name}"
                found.append(ExpressionWarning(field_ref=where, warning="\n".join(faults)))
    return tuple(found)


def _faults(
    spec: ValidatingAdmissionPolicySpec, kinds: Sequence[Resource], text: str
) -> Iterator[str]:
    """For each kind what is wrong with an expression about it."""
    kind = spec.param_kind
    params = None if kind is None else _type_of_kind(kind.api_version or "", kind.kind or "")
    for resource in kinds:
        scope = policy_scope(
            spec.variables,
            params=params,
            object_type=_type_of_kind(resource.api_version, resource.kind),
            schemas=SCHEMAS,
        )
        try:
            examine(text, scope)
        except CompileError as error:
            version = f"{resource.group}/{resource.version}"
            yield f"{version}, Kind={resource.kind}: {error}\n"


def _kinds(spec: ValidatingAdmissionPolicySpec) -> list[Resource]:
    """The kinds that the rules name, in order of group, version and kind."""
    found: dict[tuple[str, str, str], Resource] = {}
    match = spec.match_constraints
    for rule in () if match is None else match.resource_rules:
        lists = (rule.api_groups, rule.api_versions, rule.resources)
        if any("*" in value for values in lists for value in values):
            continue
        for path in _paths(*lists):
            resource = DEFAULT.by_path(*path)
            if resource is not None:
                found[resource.group, resource.version, resource.kind] = resource
                if len(found) == _MOST_KINDS:
                    break
    return [found[key] for key in sorted(found)]


def _paths(
    groups: Sequence[str], versions: Sequence[str], resources: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    for group in sorted(groups):
        for version in sorted(versions):
            for plural in sorted(resources):
                if "/" not in plural:
                    yield group, version, plural


# --- schemas -------------------------------------------------------------------------------


class _Schemas(Mapping[str, Mapping[str, Type]]):
    """The fields of the OpenAPI document's definitions, each worked out when it is asked for."""

    __hash__ = object.__hash__  # there is one

    def __getitem__(self, name: str) -> Mapping[str, Type]:
        return _fields(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_definitions())

    def __len__(self) -> int:
        return len(_definitions())


SCHEMAS: Final = _Schemas()


@cache
def _definitions() -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.load()["definitions"]
    return found


@cache
def _by_kind() -> Mapping[tuple[str, str, str], str]:
    return {
        (each["group"], each["version"], each["kind"]): name
        for name, schema in _definitions().items()
        for each in schema.get("x-kubernetes-group-version-kind", ())
    }


def _type_of_kind(api_version: str, kind: str) -> Type:
    """The type of a kind's objects; `dyn` of one whose schema is not known."""
    try:
        resource = DEFAULT.by_kind(api_version, kind)
    except UnknownKind:
        return DYN
    name = _by_kind().get((resource.group, resource.version, kind))
    return DYN if name is None else struct_of(name)


@cache
def _fields(name: str) -> Mapping[str, Type]:
    properties = _definitions()[name].get("properties", {})
    names = {wire: escaped(wire) for wire in properties}
    return {said: _type(properties[wire]) for wire, said in names.items() if said}


def _type(schema: Mapping[str, Any]) -> Type:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        inner = _definitions()[name]
        return struct_of(name) if inner.get("properties") else _type(inner)
    match schema.get("type"):
        case "array":
            return list_of(_type(schema["items"]))
        case "object":
            values = schema.get("additionalProperties")
            return map_of(STRING, _type(values)) if isinstance(values, Mapping) else DYN
        case "string":
            return _FORMATS.get(schema.get("format", ""), STRING)
    return _SCALARS.get(schema.get("type", ""), DYN)
