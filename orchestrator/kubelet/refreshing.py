"""Volumes that are made of objects follow them while their containers run.

The kubelet looks at a pod's objects again at its own pace, not at each change, as Kubernetes' does; a runtime that
shows volumes to its containers is told what these hold by now.
"""

from collections.abc import Callable
from typing import Final

from actors import Context, Timer
from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.runtimes.interface import ContainerKey, Refreshed, World

REFRESH_SECONDS: Final = 10.0
_ACCOUNT_SECONDS: Final = 300.0  # of pods that have no volume of objects but their account's
_ACCOUNT_VOLUME: Final = "kube-api-access-"


class Refreshing:
    """Refreshes the volumes of one kubelet's containers. `find_world` reads what a container sees now, and
    `pod_of` answers the pod of a uid as it is by now, None when it is gone.
    """

    def __init__(
        self,
        ctx: Context,
        runtime: Refreshed,
        find_world: Callable[[Pod, Container, Callable[[World], None]], None],
        pod_of: Callable[[str], Pod | None],
    ) -> None:
        self._ctx = ctx
        self._runtime = runtime
        self._find_world = find_world
        self._pod_of = pod_of
        self._timers: dict[tuple[str, str], Timer] = {}  # by pod and container

    def began(self, container: Container, key: ContainerKey, world: World) -> None:
        """A container has been started that sees `world`."""
        names = {
            mount.volume
            for mount in world.mounts
            if mount.medium in ("objects", "secret") and not mount.sub_path
        }
        if not names:
            return
        account = all(name.startswith(_ACCOUNT_VOLUME) for name in names)
        period = _ACCOUNT_SECONDS if account else REFRESH_SECONDS
        known = self._timers.pop((key.pod_uid, key.name), None)
        if known is not None:
            known.cancel()
        timer = self._ctx.call_every(period, self._refresh, container, key, first=period)
        self._timers[key.pod_uid, key.name] = timer

    def _refresh(self, container: Container, key: ContainerKey) -> None:
        pod = self._pod_of(key.pod_uid)
        if pod is None:
            self.forget(key.pod_uid)
            return
        self._find_world(pod, container, lambda world: self._runtime.refresh(key, world))

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        for place in [place for place in self._timers if place[0] == pod_uid]:
            self._timers.pop(place).cancel()
