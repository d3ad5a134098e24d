"""DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or not reached."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec, Toleration
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, spec_of, with_spec
from orchestrator.machinery.memo import IdentityMemo

_SECONDS: Final = 300
_TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_DEFAULTS: Final = {
    key: Toleration(key=key, operator="Exists", effect="NoExecute", toleration_seconds=_SECONDS)
    for key in _TAINTS
}


class DefaultTolerationSeconds(AdmissionPlugin):
    """Adds the two tolerations, unless the pod says what it wants of these taints."""

    name = "DefaultTolerationSeconds"

    def __init__(self) -> None:
        self._tolerant: SpecMemory[PodSpec] = SpecMemory(_tolerate)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.key == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with both tolerations."""
        pod: Pod = request.object
        old = request.old_object
        if old is not None and old.spec is pod.spec:
            return pod
        return with_spec(pod, self._tolerant(spec_of(pod)))


def _tolerate(spec: PodSpec) -> PodSpec:
    tolerations = _tolerating(spec.tolerations)
    return spec if tolerations is spec.tolerations else replace(spec, tolerations=tolerations)


def _with_defaults(tolerations: tuple[Toleration, ...]) -> tuple[Toleration, ...]:
    added = tuple(t for key, t in _DEFAULTS.items() if not _speaks_of(tolerations, key))
    return (*tolerations, *added) if added else tolerations


# Specs that share what they tolerate go on to do so: others know them by their parts.
_tolerating: Final = IdentityMemo(_with_defaults)


def _speaks_of(tolerations: Iterable[Toleration], key: str) -> bool:
    return any(
        t.key in (key, "", None) and t.effect in ("NoExecute", "", None) for t in tolerations
    )
