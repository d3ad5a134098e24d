"""Pods that ask for a RuntimeClass wait until it is known which container runtime its handler means."""

from collections.abc import Callable
from functools import partial
from typing import Final

from actors import Context
from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.pod_events import RecordEvent
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes, UnknownHandler
from orchestrator.protocol import ApiRef, Get, Identity

_RETRY_SECONDS: Final = 10.0
_FAILED: Final = "FailedCreatePodSandBox"
_CLASSES: Final = resource_of(RuntimeClass)


class RuntimeClasses:
    """Chooses for the kubelet whose context `ctx` is. `begin` takes a pod whose runtime is chosen, or which may ask
    again; `say` records an event.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        runtimes: NodeRuntimes,
        *,
        begin: Callable[[Pod], None],
        say: Callable[[Pod, RecordEvent], None],
    ) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self._runtimes = runtimes
        self._begin = begin
        self._say = say
        self._asked: set[str] = set()

    def waits(self, pod: Pod) -> bool:
        """Whether the pod cannot begin yet; then it is begun with later."""
        uid, spec = pod.metadata.uid, pod.spec
        if spec is None or not spec.runtime_class_name or self._runtimes.is_chosen(uid):
            return False
        phase = (pod.status or PodStatus()).phase
        if pod.metadata.deletion_timestamp is not None or phase in ("Succeeded", "Failed"):
            return False
        if uid not in self._asked:
            self._asked.add(uid)
            self._ctx.request(
                self._api,
                Get(resource=_CLASSES, name=spec.runtime_class_name, identity=self._identity),
                then=partial(self._found, pod),
                failed=partial(self._failed, pod),
            )
        return True

    def _found(self, pod: Pod, found: RuntimeClass) -> None:
        try:
            self._runtimes.choose(pod.metadata.uid, found.handler)
        except UnknownHandler as fault:
            self._refuse(pod, f"rpc error: code = Unknown desc = {fault}")
        else:
            self._asked.discard(pod.metadata.uid)
            self._begin(pod)

    def _failed(self, pod: Pod, error: BaseException) -> None:
        self._refuse(pod, str(error))

    def _refuse(self, pod: Pod, why: str) -> None:
        self._say(pod, RecordEvent("Warning", _FAILED, f"Failed to create pod sandbox: {why}"))
        self._ctx.call_after(_RETRY_SECONDS, self._again, pod)

    def _again(self, pod: Pod) -> None:
        self._asked.discard(pod.metadata.uid)
        self._begin(pod)
