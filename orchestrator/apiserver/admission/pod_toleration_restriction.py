"""PodTolerationRestriction: the pods of a namespace tolerate what that namespace's do, and no more."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace, Toleration
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import spec_of, with_spec
from orchestrator.apiserver.admission.tolerations import covers, merged
from orchestrator.machinery.resources import qos_class
from orchestrator.protocol import Unclassified

_DEFAULTS: Final = "scheduler.alpha.kubernetes.io/defaultTolerations"
_LISTED: Final = "scheduler.alpha.kubernetes.io/tolerationsWhitelist"
_PRESSED: Final = Toleration(
    key="node.kubernetes.io/memory-pressure", operator="Exists", effect="NoSchedule"
)

Tolerations = tuple[Toleration, ...]


class PodTolerationRestriction(AdmissionPlugin):
    """Adds a namespace's default tolerations, and refuses those that it does not list.

    `defaults` and `listed` are the cluster's, for namespaces whose annotations say nothing.
    """

    name = "PodTolerationRestriction"
    default_on = False

    def __init__(self, defaults: Tolerations = (), listed: Tolerations = ()) -> None:
        self._defaults = defaults
        self._listed = listed

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "PodTolerationRestriction":
        """By `default` and `whitelist` of a Configuration. Raises ValueError."""
        return cls(
            msgspec.convert(configuration.get("default") or (), Tolerations),
            msgspec.convert(configuration.get("whitelist") or (), Tolerations),
        )

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.key == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with its namespace's tolerations. Errors: Unclassified (annotations that are none)."""
        pod = request.object
        added: Tolerations = ()
        if request.operation == "CREATE":
            said = _annotated(request, reader, _DEFAULTS)
            added = self._defaults if said is None else said
        if qos_class(pod) != "BestEffort":
            added = (*added, _PRESSED)
        if not added:
            return pod
        spec = spec_of(pod)
        return with_spec(pod, replace(spec, tolerations=merged((*spec.tolerations, *added))))

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Unclassified (a toleration that is not listed)."""
        said, scope = _annotated(request, reader, _LISTED), "namespace"
        if said is None:
            said, scope = self._listed, "cluster"
        if said and not _all_listed(spec_of(request.object).tolerations, said):
            raise Unclassified(
                "pod tolerations (possibly merged with namespace default tolerations) conflict with its "
                f"{scope} whitelist"
            )


def _all_listed(tolerations: Sequence[Toleration], listed: Sequence[Toleration]) -> bool:
    return all(any(covers(each, toleration) for each in listed) for toleration in tolerations)


def _annotated(request: AdmissionRequest, reader: Reader, key: str) -> Tolerations | None:
    """What the namespace's annotation says; None if it has none. Raises Unclassified."""
    namespace = reader.get(Namespace, request.namespace)
    text = None if namespace is None else namespace.metadata.annotations.get(key)
    if text is None:
        return None
    if not text:
        return ()
    try:
        return msgspec.json.decode(text, type=Tolerations)
    except msgspec.MsgspecError as error:
        raise Unclassified(str(error)) from None
