"""What a kubelet writes of pods: their status, and that nothing is left of them."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from actors import Context
from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.heartbeat import FIELD_MANAGER
from orchestrator.protocol import ApiRef, Create, Delete, Identity, Update

_PODS: Final = resource_of(Pod)


class PodWrites:
    """Writes for the kubelet whose context `ctx` is."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity

    def report(self, pod: Pod, status: PodStatus, failed: Callable[[BaseException], Any]) -> None:
        """Write the pod's status over whatever is there."""
        metadata = pod.metadata
        self._ctx.request(
            self._api,
            Update(
                resource=_PODS,
                object=replace(pod, status=status, metadata=replace(metadata, resource_version="")),
                name=metadata.name,
                namespace=metadata.namespace,
                subresource="status",
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=None,
            failed=failed,
        )

    def create(
        self, pod: Pod, then: Callable[[Any], Any], failed: Callable[[BaseException], Any]
    ) -> None:
        """Create the mirror of a static pod."""
        self._ctx.request(
            self._api,
            Create(
                resource=_PODS,
                object=pod,
                namespace=pod.metadata.namespace,
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=then,
            failed=failed,
        )

    def delete(
        self, pod: Pod, then: Callable[[Any], Any], failed: Callable[[BaseException], Any]
    ) -> None:
        """Take a pod out of the API server whose containers have ended."""
        metadata = pod.metadata
        self._ctx.request(
            self._api,
            Delete(
                resource=_PODS,
                name=metadata.name,
                namespace=metadata.namespace,
                grace_period_seconds=0,
                uid=metadata.uid,
                identity=self._identity,
            ),
            then=then,
            failed=failed,
        )
