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

        def absent(source: Source, error: BaseException) -> None:
            came(source, None)

        if not sources:
            complete()
        for source in sources:
            kind, name = source
            if kind is TokenRequest:
                self.tokens.find(pod, source, token_projection(source), partial(came, source))
                continue
            resource = resource_of(kind)
            self._ctx.request(
                self._api,
                Get(
                    resource=resource,
                    name=name,
                    namespace=pod.metadata.namespace if resource.namespaced else "",
                    identity=self._identity,
                ),
                then=partial(came, source),
                failed=partial(absent, source),
            )
