"""Reads the objects of which a pod's volumes and environment are made, and the Services that it is told of."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from actors import Context
from orchestrator.api.authentication.v1 import TokenRequest
from orchestrator.api.core.v1 import Pod, Service
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.material import Found, Source, token_projection
from orchestrator.kubelet.shared_reads import SharedReads
from orchestrator.kubelet.tokens import Tokens
from orchestrator.protocol import ApiRef, Identity

_SERVICES: Final = resource_of(Service)
_OF_CLUSTER: Final = "default"  # the namespace of the Service `kubernetes`


class Lookups:
    """Reads for the kubelet whose context `ctx` is."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._reads = SharedReads(ctx, api, identity)
        self.tokens = Tokens(ctx, api, identity)

    def find(
        self,
        pod: Pod,
        sources: tuple[Source, ...],
        then: Callable[[Found], None],
        beyond: Callable[[Found], tuple[Source, ...]] | None = None,
    ) -> None:
        """Read objects of the pod's namespace, or of the cluster; `then` gets None for what is not there.

        `beyond` answers what else is to be read for what was found, until that is all there.
        """
        self._find(pod, sources, {}, then, beyond)

    def _find(
        self,
        pod: Pod,
        sources: tuple[Source, ...],
        found: dict[Source, Any],
        then: Callable[[Found], None],
        beyond: Callable[[Found], tuple[Source, ...]] | None,
    ) -> None:
        expected = len(found) + len(sources)

        def complete() -> None:
            more = tuple(s for s in beyond(found) if s not in found) if beyond is not None else ()
            if more:
                self._find(pod, tuple(dict.fromkeys(more)), found, then, beyond)
            else:
                then(found)

        def came(source: Source, obj: Any) -> None:
            found[source] = obj
            if len(found) == expected:
                complete()

        if not sources:
            complete()
        for source in sources:
            kind, name = source
            if kind is TokenRequest:
                self.tokens.find(pod, source, token_projection(source), partial(came, source))
                continue
            resource = resource_of(kind)
            namespace = pod.metadata.namespace if resource.namespaced else ""
            self._reads.get(resource, namespace, name, partial(came, source))

    def services(self, namespace: str, then: Callable[[tuple[Service, ...]], None]) -> None:
        """Read the Services of a namespace, and `kubernetes` of `default`; those that cannot be read are left out."""

        def came(found: tuple[Service, ...] | None) -> None:
            services = found or ()
            if namespace == _OF_CLUSTER:
                then(services)
                return

            def master_came(master: Service | None) -> None:
                then(services if master is None else (*services, master))

            self._reads.get(_SERVICES, _OF_CLUSTER, "kubernetes", master_came)

        self._reads.list(_SERVICES, namespace, came)
