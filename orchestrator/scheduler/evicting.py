"""Performs what PostFilter came to: victims go, and what else plugins want written is."""

from collections.abc import Mapping
from typing import Final

from actors import Context
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.protocol import ApiRef, Delete, Identity
from orchestrator.scheduler.cycle import Cycle, Room
from orchestrator.scheduler.framework import Nomination
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.preparing import Preparations
from orchestrator.scheduler.reports import Reports

_PODS: Final = resource_of(Pod)


class Evictions:
    """Makes room for pods, with the scheduler's rights. `reports` are those of each profile, by its name."""

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        nominations: Nominations,
        preparations: Preparations,
        reports: Mapping[str, Reports],
    ) -> None:
        self._ctx, self._api, self._identity = ctx, api, identity
        self._nominations, self._preparations, self._reports = nominations, preparations, reports

    def make_room(self, made: Room, pod: Pod, cycle: Cycle) -> None:
        """Perform what was decided for a pod; nothing is waited for."""
        if made.nomination is not None:
            self._evict(made.nomination, made.by, pod, cycle)
        for write in made.writes:
            self._ctx.task(self._preparations.attempt(write), "remedy")

    def _evict(self, nomination: Nomination, plugin: str, pod: Pod, cycle: Cycle) -> None:
        """The victims of a preemption go, and others lose their promise; where all are going already nothing is done.

        One that is not bound yet is only taken back.
        """
        node, reports = nomination.node, self._reports[cycle.name]
        staying = [v for v in nomination.victims if v.metadata.deletion_timestamp is None]
        if not staying:
            return
        for victim in staying:
            taken_back = self._preparations.preempt(victim.metadata.uid, plugin)
            if not taken_back:
                reports.disrupted(victim, cycle.name)
                self._delete(victim)
            reports.preempted(victim, pod, node, in_memory=taken_back)
        for other in self._nominations.lower(node, pod):
            self._nominations.remove(other.metadata.uid)
            reports.no_longer_nominated(other)

    def _delete(self, victim: Pod) -> None:
        metadata = victim.metadata
        self._ctx.request(
            self._api,
            Delete(
                resource=_PODS,
                name=metadata.name,
                namespace=metadata.namespace,
                uid=metadata.uid,
                identity=self._identity,
            ),
            then=None,
            failed=_nothing,
        )


def _nothing(*_: object) -> None:
    """Whoever is gone need not be deleted; what is to be tried again is."""
