"""Tokens of service accounts, asked for by the kubelet for its pods and kept until they get old.

As kubelet's token manager: bound to the pod, refreshed when 80 % of their life have passed, or a day.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors import Context
from orchestrator.api.authentication.v1 import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
    TokenRequestStatus,
)
from orchestrator.api.core.v1 import Pod, ServiceAccount, ServiceAccountTokenProjection
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.material import Source
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import ApiRef, Create, Identity, TokenPromise

_ACCOUNTS: Final = resource_of(ServiceAccount)
_LIFE_SECONDS: Final = 3600
_OLD_AFTER: Final = 0.8  # of its life
_OLDEST_SECONDS: Final = 24 * 3600.0


class _Kept(Struct, frozen=True):
    promise: TokenPromise
    old_at: float


class Tokens:
    """The tokens of one node's pods."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self._kept: dict[tuple[str, Source], _Kept] = {}

    def find(
        self,
        pod: Pod,
        source: Source,
        projection: ServiceAccountTokenProjection,
        then: Callable[[TokenPromise | None], None],
    ) -> None:
        """Call `then` with the pod's token, asked for anew if there is none or it is old; None: there is none."""
        kept = self._kept.get((pod.metadata.uid, source))
        if kept is not None and self._ctx.clock.now() < kept.old_at:
            then(kept.promise)
            return
        asked = self._ctx.clock.now()

        def came(answer: TokenRequest | TokenPromise) -> None:
            promise = answer if isinstance(answer, TokenPromise) else _kept_promise(answer)
            self._kept[pod.metadata.uid, source] = _Kept(promise, _old_at(promise.ends, asked))
            then(promise)

        self._ctx.request(
            self._api,
            self._request(pod, projection),
            then=came,
            failed=lambda _: then(kept.promise if kept is not None else None),
        )

    def _request(self, pod: Pod, projection: ServiceAccountTokenProjection) -> Create:
        metadata, spec = pod.metadata, pod.spec
        account = spec.service_account_name if spec is not None else ""
        bound = BoundObjectReference(
            kind="Pod", api_version="v1", name=metadata.name, uid=metadata.uid
        )
        wanted = TokenRequestSpec(
            audiences=(projection.audience,) if projection.audience else (),
            expiration_seconds=projection.expiration_seconds or _LIFE_SECONDS,
            bound_object_ref=bound,
        )
        return Create(
            resource=_ACCOUNTS,
            object=TokenRequest(spec=wanted),
            name=account or "default",
            namespace=metadata.namespace,
            subresource="token",
            promise=True,
            identity=self._identity,
        )

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        for key in [key for key in self._kept if key[0] == pod_uid]:
            del self._kept[key]


def _kept_promise(answer: TokenRequest) -> TokenPromise:
    """Of an API server that has signed at once, as one behind a gateway does."""
    status = answer.status or TokenRequestStatus()
    return TokenPromise(status.expiration_timestamp or "", lambda: status.token)


def _old_at(ends: str, asked: float) -> float:
    if not ends:
        return asked
    life = parse_time(ends) - asked
    return asked + min(life * _OLD_AFTER, _OLDEST_SECONDS)
