"""RuntimeClass: a pod gets the overhead and the scheduling of the class that it names."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.api.scalars import Quantity
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import is_pod, spec_of, with_spec
from orchestrator.apiserver.admission.tolerations import merged
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery import quantities
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import PartsMemo
from orchestrator.protocol import Forbidden

_MISMATCH: Final = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
_NO_CLASS: Final = (
    "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
)


class RuntimeClasses(AdmissionPlugin):
    """Refuses pods of classes that do not exist, or that say otherwise.

    Kubernetes looks once more after the webhooks; here a webhook's change brings a second round.
    """

    name = "RuntimeClass"

    def __init__(self) -> None:
        self._classed: PartsMemo[[PodSpec, RuntimeClass], PodSpec] = PartsMemo(_classed)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return is_pod(operation, resource, subresource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod as its class has it. Errors: Forbidden (no such class; the pod says otherwise)."""
        pod: Pod = request.object
        spec = spec_of(pod)
        says_overhead = bool(spec.overhead) or _says_none(request)
        if spec.runtime_class_name is None:
            if says_overhead:
                raise forbidden(request.resource, request.name, _NO_CLASS)
            return pod
        runtime_class = _class_of(spec, request, reader)
        if runtime_class.overhead is None:
            if says_overhead:
                raise forbidden(request.resource, request.name, _NO_CLASS)
        elif spec.overhead:
            _check_equal(spec.overhead, runtime_class.overhead.pod_fixed, request)
        for why in _conflicts(spec, runtime_class):
            raise forbidden(request.resource, request.name, why)
        return with_spec(pod, self._classed(spec, runtime_class))


def _says_none(request: AdmissionRequest) -> bool:
    """Whether a client says that there is no overhead, which is to say something of it."""
    document = getattr(request.message, "document", None)
    if document is None:
        return False
    spec = document.get("spec")
    return isinstance(spec, Mapping) and spec.get("overhead") == {}


def _class_of(spec: PodSpec, request: AdmissionRequest, reader: Reader) -> RuntimeClass:
    name = spec.runtime_class_name or ""
    found = reader.get(RuntimeClass, name)
    if found is None:
        why = f"pod rejected: RuntimeClass {quote(name)} not found"
        raise forbidden(request.resource, request.name, why)
    return found


def _check_equal(
    one: Mapping[str, Quantity], other: Mapping[str, Quantity], request: AdmissionRequest
) -> None:
    equal = one.keys() == other.keys() and all(
        quantities.compare(one[name], other[name]) == 0 for name in one
    )
    if not equal:
        raise _refusal(request)


def _refusal(request: AdmissionRequest) -> Forbidden:
    return forbidden(request.resource, request.name, _MISMATCH)


def _conflicts(spec: PodSpec, runtime_class: RuntimeClass) -> Iterator[str]:
    if runtime_class.scheduling is None:
        return
    for key, value in runtime_class.scheduling.node_selector.items():
        present = spec.node_selector.get(key, value)
        if present != value:
            yield (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {present}"
            )


def _classed(spec: PodSpec, runtime_class: RuntimeClass) -> PodSpec:
    changes: dict[str, Any] = {}
    if runtime_class.overhead is not None:
        changes["overhead"] = runtime_class.overhead.pod_fixed
    scheduling = runtime_class.scheduling
    if scheduling is not None:
        changes["node_selector"] = {**spec.node_selector, **scheduling.node_selector}
        changes["tolerations"] = merged((*spec.tolerations, *scheduling.tolerations))
    return replace(spec, **changes) if changes else spec
