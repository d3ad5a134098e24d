"""What to do next about the pods of a DaemonSet. Pure.

First every node gets what it should have: a pod where one is missing, none where none belongs, one where
there are several. Only when that is so does a roll-out go on. Without surge it deletes old pods while fewer
than `maxUnavailable` nodes lack an available pod; an old pod that is not available goes at once. With surge
it creates new pods beside at most `maxSurge` available old ones, and deletes an old pod when the new pod of
its node is available.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from orchestrator.api.apps.v1 import DaemonSet, RollingUpdateDaemonSet
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.controllers.daemon_set.placing import GENERATION, HASH, fits, generation_of
from orchestrator.controllers.pods import available_at, has_ended, is_ready
from orchestrator.machinery.intstr import resolve


class Look(Struct, frozen=True):
    """A DaemonSet and what there is: its nodes, its pods by node, the hash of its template."""

    daemon_set: DaemonSet
    nodes: Sequence[Node]
    pods: Mapping[str, Sequence[Pod]]
    hash: str
    now: float

    def is_available(self, pod: Pod) -> bool:
        """Ready for as long as the set asks."""
        spec = self.daemon_set.spec
        at = available_at(pod, spec.min_ready_seconds or 0 if spec is not None else 0)
        return at is not None and at <= self.now

    def is_new(self, pod: Pod) -> bool:
        """Made from the present template, or from one of the same number.

        So pods that were orphaned and are adopted by a set made anew count as its own, whatever its template,
        as in Kubernetes: numbers begin with the set.
        """
        labels = pod.metadata.labels
        if labels.get(HASH) == self.hash:
            return True
        generation = generation_of(self.daemon_set)
        return bool(generation) and labels.get(GENERATION) == generation


class Plan(Struct, frozen=True):
    """Nodes that get a pod, and pods to delete; `failed` and `succeeded` are among those."""

    create: tuple[str, ...] = ()
    delete: tuple[Pod, ...] = ()
    ended: tuple[Pod, ...] = ()


def manage(look: Look) -> Plan:
    """Bring each node to what it should have. `ended` pods are for the caller to delete, with a back-off."""
    create: list[str] = []
    delete: list[Pod] = []
    ended: list[Pod] = []
    surges = max_surge(look.daemon_set, 1) > 0
    present = set()
    for node in look.nodes:
        name = node.metadata.name
        present.add(name)
        start, stay = fits(look.daemon_set, node)
        pods = look.pods.get(name, ())
        staying = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        if start and not pods:
            create.append(name)
        elif stay:
            ended += (pod for pod in staying if has_ended(pod))
            running = [pod for pod in staying if not has_ended(pod)]
            if surges and start and not running:
                create.append(name)
            delete += _surplus(look, running) if surges else running[1:]
        else:
            delete += staying
    return Plan(tuple(create), (*delete, *_unscheduled(look, present)), tuple(ended))


def _surplus(look: Look, running: Sequence[Pod]) -> Iterable[Pod]:
    """With surge: all but the oldest new and the oldest old pod, and the old where the new can stand in."""
    new = [pod for pod in running if look.is_new(pod)]
    old = [pod for pod in running if not look.is_new(pod)]
    yield from (*new[1:], *old[1:])
    if new and old and (not is_ready(old[0]) or look.is_available(new[0])):
        yield old[0]


def _unscheduled(look: Look, present: set[str]) -> Iterable[Pod]:
    """Pods that are pinned to nodes which are gone, and not bound: nobody else would remove them."""
    for name, pods in look.pods.items():
        if name not in present:
            for pod in pods:
                bound = pod.spec is not None and pod.spec.node_name
                if not bound and pod.metadata.deletion_timestamp is None:
                    yield pod


def roll(look: Look) -> Plan:
    """The next step of a roll-out; nothing for the strategy OnDelete."""
    spec = look.daemon_set.spec
    assert spec is not None
    strategy = spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return Plan()
    desired = sum(fits(look.daemon_set, node)[0] for node in look.nodes)
    surge = max_surge(look.daemon_set, desired)
    return _surge(look, surge, desired) if surge else _replace(look, desired)


def max_surge(daemon_set: DaemonSet, desired: int) -> int:
    """How many extra pods a roll-out may create."""
    return resolve(_rolling(daemon_set).max_surge or 0, desired, round_up=True)


def _max_unavailable(daemon_set: DaemonSet, desired: int) -> int:
    value = _rolling(daemon_set).max_unavailable
    most = resolve(1 if value is None else value, desired, round_up=True)
    return most if most or max_surge(daemon_set, desired) else 1


def _rolling(daemon_set: DaemonSet) -> RollingUpdateDaemonSet:
    strategy = daemon_set.spec.update_strategy if daemon_set.spec is not None else None
    found = strategy.rolling_update if strategy is not None else None
    return found or RollingUpdateDaemonSet()


def _pair(look: Look, pods: Sequence[Pod]) -> tuple[Pod | None, Pod | None] | None:
    """The new and the old pod of a node; None where there are several of one sort."""
    staying = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
    new = [pod for pod in staying if look.is_new(pod)]
    old = [pod for pod in staying if not look.is_new(pod)]
    if len(new) > 1 or len(old) > 1:
        return None
    return (new[0] if new else None), (old[0] if old else None)


def _replace(look: Look, desired: int) -> Plan:
    unavailable = 0
    at_once: list[Pod] = []
    candidates: list[Pod] = []
    for pods in look.pods.values():
        match _pair(look, pods):
            case (Pod() as new, None):
                unavailable += not look.is_available(new)
            case (None, Pod() as old):
                if look.is_available(old):
                    candidates.append(old)
                else:
                    at_once.append(old)
                    unavailable += 1
            case _:
                unavailable += 1
    room = max(0, _max_unavailable(look.daemon_set, desired) - unavailable)
    return Plan(delete=(*at_once, *candidates[:room]))


def _surge(look: Look, surge: int, desired: int) -> Plan:
    surging = available = 0
    delete: list[Pod] = []
    misplaced: list[Pod] = []
    at_once: list[str] = []
    candidates: list[str] = []
    nodes = {node.metadata.name: node for node in look.nodes}
    for name, pods in look.pods.items():
        pair = _pair(look, pods)
        if pair is None:
            surging += 1
            continue
        new, old = pair
        shown = old or new
        available += shown is not None and look.is_available(shown)
        if old is None:
            continue
        if new is not None:
            if look.is_available(new):
                delete.append(old)
            else:
                surging += 1
        elif name not in nodes or not fits(look.daemon_set, nodes[name])[0]:
            (misplaced if look.is_available(old) else delete).append(old)
        else:
            (candidates if look.is_available(old) else at_once).append(name)
    # A pod that may stay but not start again goes only when another node's has taken its place.
    delete += misplaced[: max(0, available - desired)]
    return Plan((*at_once, *candidates[: max(0, surge - surging)]), tuple(delete))
