"""PodNodeSelector: the pods of a namespace go to the nodes of that namespace."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import is_pod, spec_of, with_spec
from orchestrator.apiserver.errors import forbidden
from orchestrator.protocol import Forbidden, Unclassified

_ANNOTATION: Final = "scheduler.alpha.kubernetes.io/node-selector"
_DEFAULT: Final = "clusterDefaultNodeSelector"
_CONFLICT: Final = "pod node label selector conflicts with its namespace node label selector"
_NOT_LISTED: Final = "pod node label selector labels conflict with its namespace whitelist"
_CONFIGURATION: Final = "podNodeSelectorPluginConfig"
_EMPTY: Final[Mapping[str, str]] = {}


class PodNodeSelector(AdmissionPlugin):
    """Gives pods their namespace's node selector. `selectors` are the cluster's own by namespace: a list
    of labels that pods may name at all, and under `clusterDefaultNodeSelector` what holds where a
    namespace has no annotation.
    """

    name = "PodNodeSelector"
    default_on = False

    def __init__(self, selectors: Mapping[str, str] = _EMPTY) -> None:
        self._selectors = selectors

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "PodNodeSelector":
        """By the selectors under `podNodeSelectorPluginConfig`. Raises ValueError."""
        found = configuration.get(_CONFIGURATION)
        return cls(msgspec.convert({} if found is None else found, dict[str, str]))

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return is_pod(operation, resource, subresource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with the namespace's selector. Errors: Forbidden (it selects otherwise)."""
        pod = request.object
        spec = spec_of(pod)
        wanted = self._of_namespace(request, reader)
        if _conflict(wanted, spec.node_selector):
            raise _refusal(request, _CONFLICT)
        if wanted.items() <= spec.node_selector.items():
            return pod
        return with_spec(pod, replace(spec, node_selector={**wanted, **spec.node_selector}))

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        selected = spec_of(request.object).node_selector
        if _conflict(self._of_namespace(request, reader), selected):
            raise _refusal(request, _CONFLICT)
        listed = _parsed(self._selectors.get(request.namespace, ""))
        if listed and not selected.items() <= listed.items():
            raise _refusal(request, _NOT_LISTED)

    def _of_namespace(self, request: AdmissionRequest, reader: Reader) -> Mapping[str, str]:
        namespace = reader.get(Namespace, request.namespace)
        said = None if namespace is None else namespace.metadata.annotations.get(_ANNOTATION)
        return _parsed(self._selectors.get(_DEFAULT, "") if said is None else said)


def _conflict(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return any(other.get(key, value) != value for key, value in one.items())


def _parsed(text: str) -> dict[str, str]:
    """`a=b,c=d`. Raises Unclassified."""
    found = {}
    for part in text.split(",") if text else ():
        key, equals, value = part.partition("=")
        if not equals or "=" in value:
            raise Unclassified(f"invalid selector: [{part}]")
        found[key.strip()] = value.strip()
    return found


def _refusal(request: AdmissionRequest, why: str) -> Forbidden:
    return forbidden(request.resource, request.name, why)
