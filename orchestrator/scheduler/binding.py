"""Has a pod bound: by an extender that binds, by a plugin of its profile, or by the API server."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from actors import Context
from orchestrator.api.core.v1 import Binding, ObjectReference, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.api.scheme import resource_of
from orchestrator.protocol import ApiRef, Create, Identity
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.extenders import Extender, bound
from orchestrator.scheduler.framework import Preparation
from orchestrator.scheduler.preparing import Preparations
from orchestrator.scheduler.reports import FIELD_MANAGER

_PODS: Final = resource_of(Pod)

Failed = Callable[[QueuedPod, Cycle, str, Sequence[Preparation], BaseException], None]
"""Called with the pod, its cycle, the node, what was prepared, and what went wrong."""


class Binder:
    """Binds pods to nodes, many at once; `bound` or `failed` is called once for each.

    `tells`: whether somebody wants to know of every pod that was bound, not of those alone that plugins follow.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        extenders: Sequence[Extender],
        preparations: Preparations,
        bound: Callable[[Pod, Cycle, str, object], None],
        failed: Failed,
        *,
        tells: bool,
    ) -> None:
        self._ctx, self._api, self._identity = ctx, api, identity
        self._extenders, self._preparations = extenders, preparations
        self._bound, self._failed, self._tells = bound, failed, tells

    def bind(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: Sequence[Preparation] = ()
    ) -> None:
        """Bind a pod, as the first of those that can does it."""
        if self._extenders:
            pod = queued.pod
            binder = next((e for e in self._extenders if e.bind_verb and e.concerns(pod)), None)
            if binder is not None:
                extend = self._bind_by(binder, queued, cycle, node, prepared)
                self._ctx.task(extend, "bind")
                return
        self._bind_otherwise(queued, cycle, node, prepared)

    async def _bind_by(
        self,
        binder: Extender,
        queued: QueuedPod,
        cycle: Cycle,
        node: str,
        prepared: Sequence[Preparation],
    ) -> None:
        """Have an extender bind the pod, or the next one if it fails and may be ignored."""
        try:
            await bound(binder, queued.pod, node)
        except PluginError as error:
            if binder.ignorable:
                self._bind_otherwise(queued, cycle, node, prepared)
            else:
                self._failed(queued, cycle, node, prepared, error)
        else:
            self._bound(queued.pod, cycle, node, None)

    def _bind_otherwise(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: Sequence[Preparation]
    ) -> None:
        """Bind a pod by a plugin, or by a Binding."""
        pod = queued.pod
        metadata = pod.metadata
        if cycle.binds and self._bound_by_plugin(queued, cycle, node, prepared):
            return
        binding = Binding(
            metadata=ObjectMeta(
                name=metadata.name,
                namespace=metadata.namespace,
                uid=metadata.uid,
                annotations=(
                    {k: v for each in prepared for k, v in each.annotations.items()}
                    if prepared
                    else EMPTY
                ),
            ),
            target=ObjectReference(kind="Node", name=node),
        )
        tells = self._tells or cycle.acts_on_binding
        self._ctx.request(
            self._api,
            Create(
                resource=_PODS,
                object=binding,
                namespace=metadata.namespace,
                name=metadata.name,
                subresource="binding",
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=partial(self._bound, pod, cycle, node) if tells else None,
            failed=partial(self._failed, queued, cycle, node, prepared),
        )

    def _bound_by_plugin(
        self, queued: QueuedPod, cycle: Cycle, node: str, prepared: Sequence[Preparation]
    ) -> bool:
        """Whether a plugin of the profile binds the pod, well or not."""
        try:
            found = cycle.binding(queued.pod, node)
        except PluginError as error:
            self._failed(queued, cycle, node, prepared, error)
            return True
        if found is None:
            return False
        write = self._preparations.binding(*found)
        self._ctx.task(self._bind_with(write, queued, cycle, node, prepared), "bind")
        return True

    async def _bind_with(
        self,
        write: Awaitable[None],
        queued: QueuedPod,
        cycle: Cycle,
        node: str,
        prepared: Sequence[Preparation],
    ) -> None:
        """Have a plugin bind the pod."""
        try:
            await write
        except PluginError as error:
            self._failed(queued, cycle, node, prepared, error)
        else:
            self._bound(queued.pod, cycle, node, None)
