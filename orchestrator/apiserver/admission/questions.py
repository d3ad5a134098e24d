"""A write as those see it who judge it from outside: the AdmissionRequest, in one version."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace, Pod, PodStatus
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.admission.interface import AdmissionRequest, Operation, Reader
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.machinery.cel.authorization import AUTHORIZER, request_resource
from orchestrator.protocol import Delete

_OPTIONS: Final[Mapping[Operation, str]] = {
    "CREATE": "CreateOptions",
    "UPDATE": "UpdateOptions",
    "DELETE": "DeleteOptions",
}


def equivalents(resource: Resource, scheme: Scheme) -> list[Resource]:
    """The other resources that serve the same objects, in other versions or groups."""
    key = scheme.storage(resource).key
    return [
        each
        for each in scheme.resources()
        if each is not resource and "get" in each.verbs and scheme.storage(each).key == key
    ]


def document(obj: Any, request: AdmissionRequest, version: Resource, scheme: Scheme) -> Any:
    """An object of the write as a document of that version; None for None.

    The object of a subresource that is of another kind (a Scale) has one version. Raises Unconverted.
    """
    if obj is None:
        return None
    stored = scheme.storage(request.resource)
    if type(obj) is stored.type:
        versions = kind_of(stored).versions
        if versions is not None:
            obj = versions.converted(obj, version.api_version)
        else:
            convert = conversion(stored, version)
            obj = obj if convert is None else convert(obj)
    return codec.to_dict(obj)


def new_document(request: AdmissionRequest, version: Resource, scheme: Scheme) -> Any:
    """The new state as `document` makes it, with its owners; what a connection says is no object."""
    obj = request.object
    if obj is not None and request.owners is not None:
        obj = replace(obj, metadata=replace(obj.metadata, managed_fields=request.owners))
    made = document(obj, request, version, scheme)
    if request.operation == "CONNECT":
        made.pop("metadata", None)
    return made


def filled(obj: Any, request: AdmissionRequest, scheme: Scheme) -> Any:
    """The object with its defaults, as it is shown before the server itself puts them in."""
    stored = scheme.storage(request.resource)
    if type(obj) is not stored.type:
        return obj
    kind = kind_of(stored)
    if kind.versions is not None:  # it is not in the version that is stored yet
        kind = kind_of(request.resource)
    full = apply_defaults(kind, obj)
    if isinstance(full, Pod) and full.status is None:
        return replace(full, status=PodStatus())  # Go's structs write it
    return full


def asked(request: AdmissionRequest, version: Resource, *, judges: bool = True) -> dict[str, Any]:
    """What both AdmissionReviews and expressions (`request`) say of a write, but for its objects.

    `judges`: whether it is for who judges the write; who may change it does not know a name that the
    server generates.
    """
    resource, who = request.resource, request.identity
    name = _asked_name(request) if judges else _given_name(request)
    return {
        "kind": _kind(version, request.subresource),
        "resource": _path(version),
        **({"subResource": request.subresource} if request.subresource else {}),
        "requestKind": _kind(resource, request.subresource),
        "requestResource": _path(resource),
        **({"requestSubResource": request.subresource} if request.subresource else {}),
        **({"name": name} if name else {}),
        **({"namespace": namespace} if (namespace := _namespace(request)) else {}),
        "operation": request.operation,
        "userInfo": {
            "username": who.name,
            **({"uid": who.uid} if who.uid else {}),
            "groups": list(who.groups),
            **(
                {"extra": {name: list(values) for name, values in who.extra.items()}}
                if who.extra
                else {}
            ),
        },
        "dryRun": request.dry_run,
        "options": _options(request),
    }


def seen(
    request: AdmissionRequest, reader: Reader, version: Resource, *, judges: bool = True
) -> dict[str, Any]:
    """The variables of expressions about a write; its objects in that version. `judges` as in `asked`."""
    resource, scheme = request.resource, reader.scheme
    namespace = reader.get(Namespace, request.namespace) if resource.namespaced else None
    return {
        "object": document(request.object, request, version, scheme),
        "oldObject": document(request.old_object, request, version, scheme),
        "namespaceObject": None if namespace is None else codec.to_dict(namespace),
        "authorizer": AUTHORIZER,
        "authorizer.requestResource": request_resource(
            resource.group,
            resource.plural,
            request.subresource,
            request.namespace,
            _asked_name(request),
        ),
        "request": asked(request, version, judges=judges),
    }


def _kind(resource: Resource, subresource: str) -> dict[str, str]:
    part = resource.subresource(subresource) if subresource else None
    if part is not None and part.kind != resource.kind:
        return {"group": part.group, "version": part.version, "kind": part.kind}
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _path(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def _asked_name(request: AdmissionRequest) -> str:
    """The name; "" of an object that is deleted with others, for nobody has asked for it by its name."""
    return "" if getattr(request.message, "collected", False) else request.name


def _given_name(request: AdmissionRequest) -> str:
    message = request.message
    if request.operation != "CREATE" or message is None or message.name:
        return _asked_name(request)
    given: str = message.object.metadata.name
    return given


def _namespace(request: AdmissionRequest) -> str:
    """A Namespace is in itself, as Kubernetes has it."""
    return request.name if request.resource.key == "namespaces" else request.namespace


def _options(request: AdmissionRequest) -> dict[str, Any] | None:
    kind = _OPTIONS.get(request.operation)
    if kind is None:  # a connection's options are its object
        return None
    options: dict[str, Any] = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if request.dry_run:
        options["dryRun"] = ["All"]
    message = request.message
    if isinstance(message, Delete):
        is_namespace = request.resource.key == "namespaces"
        present = request.old_object.metadata.uid if is_namespace else None
        return options | _deletion(message, present)
    return options | dict(getattr(message, "options", None) or {})


def _deletion(message: Delete, present: str | None) -> dict[str, Any]:
    """`present` is the uid of an object that is always meant by that, as a Namespace is."""
    conditions = {"uid": message.uid or present, "resourceVersion": message.resource_version}
    if message.collected:
        conditions.clear()  # the server's own, so that it means the object that it has listed
    said = {
        "gracePeriodSeconds": message.grace_period_seconds,
        "preconditions": {name: value for name, value in conditions.items() if value is not None}
        or None,
        "propagationPolicy": message.propagation_policy or None,
    }
    return {name: value for name, value in said.items() if value is not None}
