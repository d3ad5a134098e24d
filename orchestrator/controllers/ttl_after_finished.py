"""Deletes Jobs that ended longer ago than their `ttlSecondsAfterFinished`."""

from orchestrator.api.batch.v1 import Job
from orchestrator.client import Key
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.job.ended import ended_at
from orchestrator.protocol import NotFound


class TtlAfterFinishedController(KubernetesController):
    """Looks at every Job that has ended; one without such a time stays."""

    name = "ttl-after-finished"
    account = "ttl-after-finished-controller"
    kind = Job

    async def reconcile(self, key: Key) -> float | None:
        """Delete one Job when it is time, after a live look: its time may just have been changed."""
        if self._left(self.cache(Job).get(key.namespace, key.name)) is None:
            return None
        try:
            job = await self.client.get(Job, key.name, namespace=key.namespace)
        except NotFound:
            return None
        left = self._left(job)
        if left is None or left > 0:
            return left
        try:
            await self.client.delete(
                Job,
                key.name,
                namespace=key.namespace,
                uid=job.metadata.uid,
                propagation_policy="Foreground",
            )
        except NotFound:
            return None
        return None

    def _left(self, job: Job | None) -> float | None:
        """Seconds until the Job is deleted; None: never, as it is."""
        if job is None or job.spec is None or job.metadata.deletion_timestamp is not None:
            return None
        ttl, since = job.spec.ttl_seconds_after_finished, ended_at(job)
        if ttl is None or since is None:
            return None
        return since + ttl - self.ctx.clock.now()
