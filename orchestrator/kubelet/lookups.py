"""Reads the objects of which a pod's volumes and environment are made."""

from collections.abc import Callable
from functools import partial
from typing import Any

from actors import Context
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.material import Found, Source
from orchestrator.protocol import ApiRef, Get, Identity


class Lookups:
    """Reads for the kubelet whose context `ctx` is."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity

    def find(self, pod: Pod, sources: tuple[Source, ...], then: Callable[[Found], None]) -> None:
        """Read objects of the pod's namespace; `then` gets None for what is not there."""
        found: dict[Source, Any] = {}
        if not sources:
            then(found)

        def came(source: Source, obj: Any) -> None:
            found[source] = obj
            if len(found) == len(sources):
                then(found)

        def absent(source: Source, error: BaseException) -> None:
            came(source, None)

        for source in sources:
            kind, name = source
            self._ctx.request(
                self._api,
                Get(
                    resource=resource_of(kind),
                    name=name,
                    namespace=pod.metadata.namespace,
                    identity=self._identity,
                ),
                then=partial(came, source),
                failed=partial(absent, source),
            )
