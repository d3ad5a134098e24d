"""Reads the objects of which a pod's volumes and environment are made."""

from collections.abc import Callable
from functools import partial
from typing import Any

from actors import Context
from orchestrator.api.authentication.v1 import TokenRequest
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.material import Found, Source, token_projection
from orchestrator.kubelet.tokens import Tokens
from orchestrator.protocol import ApiRef, Get, Identity


class Lookups:
    """Reads for the kubelet whose context `ctx` is."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self.tokens = Tokens(ctx, api, identity)

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
            if kind is TokenRequest:
                self.tokens.find(pod, source, token_projection(source), partial(came, source))
                continue
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
