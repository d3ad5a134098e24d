"""Heals what is stuck: a pod that has not been ready for ten minutes is deleted, so that its owner makes another.

Only pods that somebody owns, that are annotated `healer.example.dev/enabled: "true"` by their template, and of one
owner only one each ten minutes: a mistake in an image must not become a storm of deletions.
"""

from collections.abc import Iterable

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Change, Controller, Key, key_of
from orchestrator.machinery.conditions import find
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import NotFound

ENABLED = "healer.example.dev/enabled"
STUCK_SECONDS = 600.0


class Healer(Controller):
    """Deletes pods that are stuck."""

    name = "healer"
    kind = Pod

    def prepare(self) -> None:
        """Nobody has been healed yet."""
        self._healed_at: dict[str, float] = {}  # by the owner's uid

    def own_keys(self, change: Change[Pod]) -> Iterable[Key]:
        """Of pods, those that want it."""
        wants = change.latest.metadata.annotations.get(ENABLED) == "true"
        return (key_of(change.latest),) if wants and change.new is not None else ()

    async def reconcile(self, key: Key) -> float | None:
        """Look at one pod; answers when it will have been stuck for too long."""
        pod = self.cache(Pod).get(*key)
        owner = controller_of(pod) if pod is not None else None
        since = unready_since(pod) if pod is not None else None
        if pod is None or owner is None or since is None:
            return None
        now = self.ctx.clock.now()
        due = max(since, self._healed_at.get(owner.uid, 0.0)) + STUCK_SECONDS
        if now < due:
            return due - now
        self._healed_at[owner.uid] = now
        message = (
            f"Not ready for {now - since:.0f} s: deleted, for {owner.kind} {owner.name} to replace"
        )
        self.events.event(pod, "Warning", "Healed", message)
        try:
            await self.client.delete(Pod, key.name, namespace=key.namespace, uid=pod.metadata.uid)
        except NotFound:
            return None
        return None


def unready_since(pod: Pod) -> float | None:
    """Since when (epoch seconds) a living pod has not been ready; None: it is, has ended, or is going."""
    status = pod.status
    if status is None or pod.metadata.deletion_timestamp is not None:
        return None
    if status.phase in ("Succeeded", "Failed"):
        return None
    ready = find(status.conditions, "Ready")
    if ready is not None and ready.status == "True":
        return None
    since = ready.last_transition_time if ready is not None else None
    return parse_time(since or pod.metadata.creation_timestamp or "")
