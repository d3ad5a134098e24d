"""Scales workers by the length of a queue: a metric of one's own, where no metrics server is.

Whoever fills the queue writes its length into a ConfigMap (`data.length`), which names the Deployment in the
annotation `queue.example.dev/workers`. One worker does for ten waiting jobs; workers are taken away only after the
queue has been short for five minutes.
"""

from collections.abc import Iterable

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.client import Change, Controller, Key, PermanentError

WORKERS = "queue.example.dev/workers"
JOBS_A_WORKER = 10
CALM_SECONDS = 300.0
MOST = 100


class QueueScaler(Controller):
    """Sets the replicas of the Deployments that queues name."""

    name = "queue-scaler"
    kind = ConfigMap

    def prepare(self) -> None:
        """No queue has been short for long."""
        self._short_since: dict[Key, float] = {}

    def own_keys(self, change: Change[ConfigMap]) -> Iterable[Key]:
        """Of ConfigMaps, those that name workers."""
        return super().own_keys(change) if WORKERS in change.latest.metadata.annotations else ()

    async def reconcile(self, key: Key) -> float | None:
        """Look at one queue; answers when a calm queue may lose workers."""
        queue = self.cache(ConfigMap).get(*key)
        if queue is None or WORKERS not in queue.metadata.annotations:
            self._short_since.pop(key, None)
            return None
        name = queue.metadata.annotations[WORKERS]
        deployment = await self.client.get(Deployment, name, namespace=key.namespace)
        has = deployment.spec.replicas if deployment.spec is not None else None
        wanted, now = wanted_workers(queue), self.ctx.clock.now()
        if has is None or wanted >= has:
            self._short_since.pop(key, None)
        else:
            calm = now - self._short_since.setdefault(key, now)
            if calm < CALM_SECONDS:
                return CALM_SECONDS - calm
            del self._short_since[key]
        if wanted != has:
            await self.client.scale(Deployment, name, wanted, namespace=key.namespace)
            message = f"{name} has {wanted} workers for {queue.data['length']} jobs"
            self.events.event(deployment, "Normal", "ScaledByQueue", message)
        return None


def wanted_workers(queue: ConfigMap) -> int:
    """How many workers the queue needs. Raises PermanentError for a length that is no number."""
    text = queue.data.get("length", "")
    if not text.isdecimal():
        raise PermanentError(f"data.length is the number of waiting jobs, not {text!r}")
    return min(MOST, -(-int(text) // JOBS_A_WORKER))
