"""Reads that many pods of a node want at one time, made once for all of them.

Kubernetes' kubelet watches each ConfigMap and Secret that a pod of its names, and all Services. Here a read is a message,
so nothing is kept: who asks while the same read is under way gets its answer. The kubelet hears of everything in the
order in which it happened, so what was answered before a pod came has been heard before the pod, too.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from actors import Context
from orchestrator.api.scheme import Resource
from orchestrator.protocol import ApiRef, Get, Identity, List

_Came: TypeAlias = Callable[[Any], None]
_Wanted: TypeAlias = tuple[
    Resource, str, str | None
]  # with namespace, and name if it is one object


class SharedReads:
    """Reads for the kubelet whose context `ctx` is. A read that fails answers None."""

    def __init__(self, ctx: Context, api: ApiRef, identity: Identity) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self._waiting: dict[_Wanted, list[_Came]] = {}

    def get(self, resource: Resource, namespace: str, name: str, then: _Came) -> None:
        """Call `then` with an object."""
        wanted = (resource, namespace, name)
        if self._begins(wanted, then):
            asked = Get(resource=resource, name=name, namespace=namespace, identity=self._identity)
            came, failed = partial(self._came, wanted), partial(self._failed, wanted)
            self._ctx.request(self._api, asked, then=came, failed=failed)

    def list(self, resource: Resource, namespace: str, then: _Came) -> None:
        """Call `then` with all objects of a namespace, a tuple."""
        wanted = (resource, namespace, None)
        if self._begins(wanted, then):
            self._ctx.request(
                self._api,
                List(resource=resource, namespace=namespace, identity=self._identity),
                then=lambda page: self._came(wanted, tuple(page.items)),
                failed=partial(self._failed, wanted),
            )

    def _begins(self, wanted: _Wanted, then: _Came) -> bool:
        """Whether nobody has asked for it yet."""
        waiting = self._waiting.get(wanted)
        if waiting is not None:
            waiting.append(then)
            return False
        self._waiting[wanted] = [then]
        return True

    def _came(self, wanted: _Wanted, answer: Any) -> None:
        for then in self._waiting.pop(wanted):
            then(answer)

    def _failed(self, wanted: _Wanted, error: BaseException) -> None:
        self._came(wanted, None)
