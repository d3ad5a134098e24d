"""What expressions about writes may name, with the types that the original gives it.

Objects and parameters are of any type, unless somebody gives them one; the request, its user and the
namespace have fields that are known.
"""

from collections import ChainMap
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from orchestrator.api.admissionregistration.v1 import Variable
from orchestrator.machinery.cel.checking import PATCH_STRUCTS, Scope
from orchestrator.machinery.cel.declarations import AUTHORIZER, RESOURCE_CHECK
from orchestrator.machinery.cel.expressions import CompileError, examine
from orchestrator.machinery.cel.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
    struct_of,
)

Fields: TypeAlias = Mapping[str, Type]

_STRINGS: Final = list_of(STRING)
_KIND: Final = struct_of("kubernetes.GroupVersionKind")
_RESOURCE: Final = struct_of("kubernetes.GroupVersionResource")
_USER: Final = struct_of("kubernetes.UserInfo")
_REQUEST: Final = struct_of("kubernetes.AdmissionRequest")
_NAMESPACE: Final = struct_of("kubernetes.Namespace")
_VARIABLES: Final = struct_of("kubernetes.variables")
_STRUCTS: Final[Mapping[str, Fields]] = {
    _KIND.name: {"group": STRING, "version": STRING, "kind": STRING},
    _RESOURCE.name: {"group": STRING, "version": STRING, "resource": STRING},
    _USER.name: {
        "username": STRING,
        "uid": STRING,
        "groups": _STRINGS,
        "extra": map_of(STRING, _STRINGS),
    },
    _REQUEST.name: {
        "kind": _KIND,
        "resource": _RESOURCE,
        "subResource": STRING,
        "requestKind": _KIND,
        "requestResource": _RESOURCE,
        "requestSubResource": STRING,
        "name": STRING,
        "namespace": STRING,
        "operation": STRING,
        "userInfo": _USER,
        "dryRun": BOOL,
        "options": DYN,
    },
    _NAMESPACE.name: {
        "metadata": struct_of("kubernetes.NamespaceMetadata"),
        "spec": struct_of("kubernetes.NamespaceSpec"),
        "status": struct_of("kubernetes.NamespaceStatus"),
    },
    "kubernetes.NamespaceMetadata": {
        "name": STRING,
        "generateName": STRING,
        "namespace": STRING,
        "labels": map_of(STRING, STRING),
        "annotations": map_of(STRING, STRING),
        "UID": STRING,
        "creationTimestamp": TIMESTAMP,
        "deletionGracePeriodSeconds": INT,
        "deletionTimestamp": TIMESTAMP,
        "generation": INT,
        "resourceVersion": STRING,
        "finalizers": _STRINGS,
    },
    "kubernetes.NamespaceSpec": {"finalizers": _STRINGS},
    "kubernetes.NamespaceStatus": {
        "conditions": list_of(struct_of("kubernetes.NamespaceCondition")),
        "phase": STRING,
    },
    "kubernetes.NamespaceCondition": {
        "status": STRING,
        "type": STRING,
        "lastTransitionTime": TIMESTAMP,
        "message": STRING,
        "reason": STRING,
    },
}
_CONDITION: Final[Fields] = {
    "object": DYN,
    "oldObject": DYN,
    "request": _REQUEST,
    "authorizer": AUTHORIZER,
    "authorizer.requestResource": RESOURCE_CHECK,
    "namespaceObject": _NAMESPACE,
}

CONDITION: Final = Scope(_CONDITION, _STRUCTS)
"""Of the match conditions of webhooks."""


def _over(first: Mapping[str, Fields], rest: Mapping[str, Fields]) -> Mapping[str, Fields]:
    """Both mappings; what is in the first hides the rest. Nothing is copied."""
    return ChainMap(cast(Any, first), cast(Any, rest))


@lru_cache(maxsize=256)
def policy_scope(
    composed: tuple[Variable, ...] = (),
    *,
    params: Type | None = None,
    authorizer: bool = True,
    patches: bool = False,
    variables: bool = True,
    object_type: Type = DYN,
    schemas: Mapping[str, Fields] | None = None,
) -> Scope:
    """Of a policy with these variables, the very same scope each time.

    `params`: the type of its parameters, if it takes some; `object_type`: that of the objects, with the
    `schemas` in which its fields' types are. The others: whether its expressions may name the authorizer,
    the types of patches, and variables at all.
    """
    names = {**_CONDITION, "object": object_type, "oldObject": object_type}
    if not authorizer:
        names = {name: type_ for name, type_ in names.items() if "authorizer" not in name}
    if params is not None:
        names["params"] = params
    structs: Mapping[str, Fields] = _STRUCTS if schemas is None else _over(_STRUCTS, schemas)
    if variables:
        names["variables"] = _VARIABLES
        given = _given(composed, names, structs)
        structs = _over({_VARIABLES.name: given}, structs)
    if patches:
        structs = _over(PATCH_STRUCTS, structs)
    return Scope(names, structs, patches=patches)


def _given(composed: tuple[Variable, ...], names: Fields, structs: Mapping[str, Fields]) -> Fields:
    """The types of a policy's variables, each of which may name those before it."""
    found: dict[str, Type] = {}
    for variable in composed:
        scope = Scope(names, _over({_VARIABLES.name: dict(found)}, structs))
        try:
            found[variable.name] = examine(variable.expression, scope)
        except CompileError:
            found[variable.name] = DYN  # its own complaint is enough
    return found
