"""The DaemonSet controller: looks, plans, does, and writes the status."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import ControllerRevision, DaemonSet
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.client import Change, Key, KeyFunction, Source, key_of, same_but_status
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.daemon_set.placing import HASH, by_node, fits, node_of, pod_for
from orchestrator.controllers.daemon_set.plan import Look, Plan, manage, roll
from orchestrator.controllers.daemon_set.status import status_of
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.pod_control import create_pods, delete_pods
from orchestrator.controllers.pods import has_ended
from orchestrator.controllers.rollout import History, hash_of_template
from orchestrator.controllers.suitors import Suitors
from orchestrator.machinery.labels import compile_selector
from orchestrator.protocol import ApiError

BURST: Final = 250  # how many pods one reconcile creates or deletes at the most
# How long a node whose pods fail waits for its next one: twice as long each time.
_FIRST_BACKOFF_SECONDS: Final = 1.0
_MOST_BACKOFF_SECONDS: Final = 900.0


class DaemonSetController(KubernetesController):
    """Keeps the pods of each DaemonSet, one a node, and its history."""

    name = "daemonset"
    account = "daemon-set-controller"
    dormant = True
    kind = DaemonSet
    rest_seconds = 0.1
    owns = (Pod, ControllerRevision)

    def watches(self) -> Mapping[Any, Source]:
        """A node concerns sets that have to do something there; a pod without a controller those whose selector it matches."""
        return {Pod: Suitors(lambda: self.cache(DaemonSet)), Node: self._of_node}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Not after a write of the status: that was this controller's own."""
        old, new = change.old, change.new
        if old is not None and new is not None and same_but_status(old, new):
            return ()
        return super().own_keys(change)

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods and revisions by the uid of their controller; those without one by namespace."""
        return {
            Pod: {"controller": controller_index},
            ControllerRevision: {"controller": controller_index},
        }

    def prepare(self) -> None:
        """Read revisions, too; no node's pods have failed yet."""
        self._history = History(self.client, self.cache(ControllerRevision), HASH, hash_of_template)
        # Of a generation of a set on a node: how long, and since when.
        self._backoffs: dict[tuple[str, int | None, str], tuple[float, float]] = {}

    def _of_node(self, change: Change[Node]) -> Iterable[Key]:
        old, new = change.old, change.new
        if old is not None and new is not None:
            same_taints = (old.spec.taints if old.spec else ()) == (
                new.spec.taints if new.spec else ()
            )
            if same_taints and old.metadata.labels == new.metadata.labels:
                return ()
        # What was on a node that is gone, the pods' collector takes.
        return () if new is None else self._concerned(new)

    def _concerned(self, node: Node) -> Iterable[Key]:
        """The sets that lack a pod on a node, or have one that is to go, or some where none belongs.

        A set whose pod may stay, though none would be started, does not count it anew.
        """
        for daemon_set in self.cache(DaemonSet).list():
            pods = self.cache(Pod).by_index("controller", daemon_set.metadata.uid)
            here = any(p.spec is not None and p.spec.node_name == node.metadata.name for p in pods)
            starts, stays = fits(daemon_set, node)
            strays = daemon_set.status is not None and daemon_set.status.number_misscheduled
            if (not stays or strays) if here else starts:
                yield key_of(daemon_set)

    async def reconcile(self, key: Key) -> float | None:
        """One step of a set."""
        daemon_set = self.cache(DaemonSet).get(key.namespace, key.name)
        if daemon_set is None or daemon_set.spec is None:
            self._forget_failures()
            return None
        if daemon_set.metadata.deletion_timestamp is not None:
            return None
        recent = await self._history.of(daemon_set)
        pods = await self._pods_of(daemon_set)
        now = self.ctx.clock.now()
        look = Look(
            daemon_set,
            tuple(self.cache(Node).list()),
            by_node(
                pod for pod in pods if not (has_ended(pod) and pod.metadata.deletion_timestamp)
            ),
            recent.newest.metadata.labels[HASH],
            now,
        )
        todo = manage(look)
        ended, wait = self._ended(daemon_set, todo.ended)
        todo = replace(todo, delete=(*todo.delete, *ended))
        if not (todo.create or todo.delete):
            todo = roll(look)
        failure = await self._carry_out(look, todo)
        due = await self._write_status(look, recent.collisions)
        if failure is not None:
            raise failure
        hashes = {pod.metadata.labels.get(HASH) for pod in pods}
        in_use = {
            each.metadata.name for each in recent.all if each.metadata.labels.get(HASH) in hashes
        }
        old = [each for each in recent.all if each is not recent.newest]
        await self._history.cut(daemon_set, old, in_use, counted=True)
        times = [at for at in (due, wait) if at is not None]
        return min(times) - now if times else None

    async def _pods_of(self, daemon_set: DaemonSet) -> Sequence[Pod]:
        cache = self.cache(Pod)
        assert daemon_set.spec is not None
        claim = claim_of(
            daemon_set,
            cache.by_index("controller", daemon_set.metadata.uid),
            cache.by_index("controller", f"none/{daemon_set.metadata.namespace}"),
            compile_selector(daemon_set.spec.selector).matches,
        )
        return await settle(self.client, daemon_set, claim)

    def _ended(self, daemon_set: DaemonSet, ended: Iterable[Pod]) -> tuple[list[Pod], float | None]:
        """The ended pods to delete now, with their events; and when the next one may be deleted."""
        now, found, wait = self.ctx.clock.now(), [], None
        for pod in ended:
            name, node = pod.metadata.name, node_of(pod)
            where = f"{pod.metadata.namespace}/{name} on node {node}"
            if pod.status is not None and pod.status.phase == "Succeeded":
                message = f"Found succeeded daemon pod {where}, will try to delete it"
                self.events.event(daemon_set, "Normal", "SucceededDaemonPod", message)
                found.append(pod)
                continue
            key = (daemon_set.metadata.uid, daemon_set.metadata.generation, node)
            seconds, since = self._backoffs.get(key, (0.0, 0.0))
            if now - since > 2 * _MOST_BACKOFF_SECONDS:
                seconds = 0.0
            if now - since < seconds:
                wait = since + seconds if wait is None else min(wait, since + seconds)
                continue
            seconds = min(max(2 * seconds, _FIRST_BACKOFF_SECONDS), _MOST_BACKOFF_SECONDS)
            self._backoffs[key] = (seconds, now)
            message = f"Found failed daemon pod {where}, will try to kill it"
            self.events.event(daemon_set, "Warning", "FailedDaemonPod", message)
            found.append(pod)
        return found, wait

    def _forget_failures(self) -> None:
        """Keep the back-offs of sets that there still are, as they are now."""
        present = {
            (each.metadata.uid, each.metadata.generation) for each in self.cache(DaemonSet).list()
        }
        self._backoffs = {k: v for k, v in self._backoffs.items() if k[:2] in present}

    async def _carry_out(self, look: Look, todo: Plan) -> ApiError | None:
        """Do what is planned; answers the error that ended it."""
        daemon_set = look.daemon_set
        pods = [pod_for(daemon_set, node, look.hash) for node in todo.create[:BURST]]
        try:
            await create_pods(self.client, self.events, daemon_set, pods)
            await delete_pods(self.client, self.events, daemon_set, todo.delete[:BURST])
        except ApiError as error:
            return error
        return None

    async def _write_status(self, look: Look, collisions: int) -> float | None:
        status, due = status_of(look, collisions)
        if status != look.daemon_set.status:
            await self.client.update_status(replace(look.daemon_set, status=status))
        return due
