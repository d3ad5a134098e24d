"""Nodes that fall silent: noticed by their leases, tainted, and their pods marked not ready.

A node that has renewed neither its lease nor its status for the grace period gets its conditions set
to Unknown and the taints `unreachable`; one that says itself that it is not ready gets `not-ready`.
Which pods must then go is decided by `taint_eviction`. The NoExecute taints, which evict, are given
to few nodes a second in each zone, and to none when everything seems to be down: then it is more
likely that the observer is cut off than that all nodes are.

A heartbeat costs this controller nothing: it looks at a node when the deadline of its last lease
passes, and finds a newer one. That its cache is a little behind does not matter: a deadline passes long
after the renewal that it is reckoned from.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import Node, NodeCondition, NodeSpec, NodeStatus, Pod, Taint
from orchestrator.client import Change, Key, OfMetadata, looked_up
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.indexes import node_index
from orchestrator.controllers.pods import is_ready
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.heartbeats import is_computed
from orchestrator.machinery.taints import same_taint
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.machinery.topology import zone_of
from orchestrator.protocol import ReadAgain

GRACE_SECONDS: Final = 50.0  # --node-monitor-grace-period
STARTUP_SECONDS: Final = 60.0  # --node-startup-grace-period, of a node that has said nothing yet
LEASES: Final = "kube-node-lease"
EXCLUDED: Final = (
    "node.kubernetes.io/exclude-disruption"  # its node counts neither as well nor as down
)
NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"

_ENDLESS: Final = float("inf")
_CUT_OFF_SECONDS: Final = 5.0  # how soon to look again at a cluster all of whose nodes are down
_EVICTION_PERIOD: Final = 10.0  # seconds a node in each zone (--node-eviction-rate 0.1)
_SECONDARY_PERIOD: Final = 100.0  # in a large zone that is partly down
_UNHEALTHY_THRESHOLD: Final = 0.55
_LARGE_ZONE: Final = 50  # nodes; a smaller zone that is partly down evicts nothing

# condition -> status -> taint, in Kubernetes' table
_CONDITION_TAINTS: Final[Mapping[tuple[str, str], str]] = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_SILENT: Final = "NodeStatusUnknown"
_MANAGED: Final = frozenset((*_CONDITION_TAINTS.values(), UNSCHEDULABLE))
_WATCHED: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def ready_status(node: Node) -> str:
    """True, False or Unknown; Unknown when the node has never said."""
    return said_of_ready(node) or "Unknown"


def said_of_ready(node: Node) -> str | None:
    """True, False or Unknown; None when neither the node nor anybody for it has said."""
    conditions = node.status.conditions if node.status is not None else ()
    return next((c.status for c in conditions if c.type == "Ready"), None)


def _fell_silent_once(node: Node) -> bool:
    """Whether it was said of the node that it says nothing any more."""
    conditions = node.status.conditions if node.status is not None else ()
    return any(c.type == "Ready" and c.reason == _SILENT for c in conditions)


def grace_of(node: Node) -> float:
    """The seconds that a node may be silent."""
    return STARTUP_SECONDS if said_of_ready(node) is None else GRACE_SECONDS


def last_said(node: Node) -> float:
    """When the node itself said anything last (epoch seconds): its status, or its creation."""
    times = [node.metadata.creation_timestamp]
    conditions = node.status.conditions if node.status is not None else ()
    times += [c.last_heartbeat_time for c in conditions if c.type == "Ready"]
    return max((parse_time(t) for t in times if t), default=0.0)


def last_heard(said_at: float, lease: Lease | None) -> float:
    """When a node that said something at `said_at` was heard of last: its lease may be newer."""
    if lease is not None and lease.spec is not None and lease.spec.renew_time:
        return max(said_at, parse_time(lease.spec.renew_time))
    return said_at


def silent(node: Node, now: float) -> tuple[NodeCondition, ...]:
    """The conditions of a node that has fallen silent: what it said last is not known to hold."""
    status = node.status or NodeStatus()
    conditions = status.conditions
    known = {c.type: c for c in conditions}
    at = format_time(now)
    for type_ in _WATCHED:
        was = known.get(type_)
        if was is None:
            reason, message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
        else:
            reason, message = _SILENT, "Kubelet stopped posting node status."
        if was is not None and was.status == "Unknown":
            continue
        condition = NodeCondition(
            type=type_,
            status="Unknown",
            reason=reason,
            message=message,
            last_heartbeat_time=was.last_heartbeat_time
            if was is not None
            else node.metadata.creation_timestamp,
        )
        conditions = with_condition(conditions, condition, at)
    return conditions


def wanted_taints(node: Node, evict: bool, now: float) -> tuple[Taint, ...]:
    """The node's taints as its conditions want them; `evict`: with NoExecute. Others stay."""
    spec = node.spec or NodeSpec()
    conditions = node.status.conditions if node.status is not None else ()
    keys = [
        key for c in conditions if (key := _CONDITION_TAINTS.get((c.type, c.status))) is not None
    ]
    wanted = [Taint(key=key, effect="NoSchedule") for key in keys]
    if spec.unschedulable:
        wanted.append(Taint(key=UNSCHEDULABLE, effect="NoSchedule"))
    if evict:
        wanted += [Taint(key=k, effect="NoExecute") for k in keys if k in (NOT_READY, UNREACHABLE)]
    kept = [
        t for t in spec.taints if t.key not in _MANAGED or any(same_taint(t, w) for w in wanted)
    ]
    at = format_time(now)
    new = [replace(w, time_added=at) for w in wanted if not any(same_taint(w, t) for t in kept)]
    return (*kept, *new)


def is_well(node: Node, now: float) -> bool:
    """Whether the node is ready, as far as it has said, and has the taints that it should."""
    return ready_status(node) == "True" and wanted_taints(node, False, now) == _taints(node)


class _Zone(Struct):
    """When the next node of a zone may be given NoExecute taints."""

    next_at: float = 0.0


class _Well(Struct, frozen=True, gc=False):
    """A node that is ready and has the taints that it should, as long as it is this object."""

    node: Node
    said_at: float  # see `last_said`


class NodeLifecycleController(KubernetesController):
    """Watches over the nodes' leases and conditions."""

    name = "node-lifecycle"
    event_source = "node-controller"
    account = "node-controller"
    kind = Node
    ahead_seconds = 1.0

    def prepare(self) -> None:
        """No zone has waited yet."""
        self._zones: dict[tuple[str, str], _Zone] = {}
        self._unready: dict[str, None] = {}  # nodes of whose pods all is said
        self._well: dict[str, _Well] = {}
        self._ready: dict[str, None] = {}  # nodes that were ready when they were looked at last

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Its own; and people hear of a node that comes or goes."""
        if change.old is None:
            self._tell(change.latest, "RegisteredNode", "Registered Node {} in Controller")
        elif change.new is None:
            self._tell(change.latest, "RemovingNode", "Removing Node {} from Controller")
        return super().own_keys(change)

    def initial_keys(self) -> Iterable[Key]:
        """Those that there are when it begins; people hear of them, as at each beginning of the original's."""
        for node in self.cache(Node).list():
            self._tell(node, "RegisteredNode", "Registered Node {} in Controller")
        return super().initial_keys()

    def _tell(self, node: Node, reason: str, what: str) -> None:
        name = node.metadata.name
        self.events.event(node, "Normal", reason, f"Node {name} event: {what.format(name)}")

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """Leases and pods are looked up when a node is looked at; a lease whose renewals are not
        computed any more is looked at then.
        """
        return {Lease: OfMetadata(_fell_silent), Pod: looked_up}

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Pods by node."""
        return {Pod: {"node": node_index}}

    def at_rest(self, key: Key) -> float | None:
        """What most looks find: a node that is well, and a newer lease."""
        node = self.cache(Node).get("", key.name)
        lease = self.cache(Lease).get(LEASES, key.name)
        if node is None or lease is None or is_computed(lease):
            return None
        now = self.ctx.clock.now()
        well = self._well.get(key.name)
        if well is None or well.node is not node:
            self._well.pop(key.name, None)
            if key.name in self._unready or not is_well(node, now):
                return None
            well = self._well[key.name] = _Well(node, last_said(node))
            self._ready[key.name] = None
        left = last_heard(well.said_at, lease) + GRACE_SECONDS - now  # it is ready: it has said so
        return left if left > 0 else None

    async def reconcile(self, key: Key) -> float | None:
        """Look at one node; answers when its lease will be too old."""
        node = self.cache(Node).get("", key.name)
        if node is None:
            self._well.pop(key.name, None)
            self._unready.pop(key.name, None)
            self._ready.pop(key.name, None)
            return None
        now = self.ctx.clock.now()
        lease = self.cache(Lease).get(LEASES, key.name)
        heard = last_heard(last_said(node), lease)
        deadline = _ENDLESS if is_computed(lease) else heard + grace_of(node)
        if now >= deadline:
            node = await self._declare_silent(node, now)
        wait = None if now >= deadline or deadline == _ENDLESS else deadline - now
        again = await self._taint(node, now)
        if ready_status(node) == "True":
            self._unready.pop(key.name, None)
            self._ready[key.name] = None
        elif key.name not in self._unready:
            # A kubelet that says itself that its node is not ready can say it of each pod, too.
            if _fell_silent_once(node):
                if key.name in self._ready:
                    message = f"Node {key.name} status is now: NodeNotReady"
                    self.events.event(node, "Normal", "NodeNotReady", message)
                await self._mark_pods(node)
            self._ready.pop(key.name, None)
            self._unready[key.name] = None
        # A silent node is looked at again as often as Kubernetes does (--node-monitor-period).
        times = [t for t in (wait, again) if t is not None]
        if not times and deadline == _ENDLESS:
            return None
        return min(times, default=5.0)

    async def _declare_silent(self, node: Node, now: float) -> Node:
        conditions = silent(node, now)
        status = node.status or NodeStatus()
        if conditions == status.conditions:
            return node
        changed = replace(node, status=replace(status, conditions=conditions))
        return await self.client.update_status(changed)

    async def _taint(self, node: Node, now: float) -> float | None:
        """Write the node's taints; answers when eviction may be tried again, if it must wait."""
        again = None
        evict = said_of_ready(node) not in ("True", None)
        if evict and self._all_are_down():
            evict, again = False, _CUT_OFF_SECONDS
        has = any(t.effect == "NoExecute" and t.key in _MANAGED for t in _taints(node))
        if evict and not has:
            again = self._may_evict(node, now)
            evict = again is None
        taints = wanted_taints(node, evict, now)
        if taints != _taints(node):
            spec = replace(node.spec or NodeSpec(), taints=taints)
            await self.client.update(replace(node, spec=spec))
        return again

    def _all_are_down(self) -> bool:
        """Whether no node is ready: more likely it is we who are cut off, and nobody is evicted.

        Taints that were given before are taken back, as Kubernetes does in a full disruption.
        """
        nodes = self._counted()
        return bool(nodes) and all(ready_status(n) != "True" for n in nodes)

    def _counted(self) -> list[Node]:
        """The nodes by which a disruption is seen."""
        return [n for n in self.cache(Node).list() if EXCLUDED not in n.metadata.labels]

    def _may_evict(self, node: Node, now: float) -> float | None:
        """None: now. Otherwise the seconds to wait before asking again."""
        zone_name = zone_of(node.metadata.labels)
        members = [n for n in self._counted() if zone_of(n.metadata.labels) == zone_name]
        down = sum(ready_status(n) != "True" for n in members)
        period = _EVICTION_PERIOD
        if down > 2 and down / len(members) >= _UNHEALTHY_THRESHOLD and down < len(members):
            if len(members) <= _LARGE_ZONE:
                return 5.0
            period = _SECONDARY_PERIOD
        zone = self._zones.setdefault(zone_name, _Zone())
        if now < zone.next_at:
            return zone.next_at - now
        zone.next_at = now + period
        return None

    async def _mark_pods(self, node: Node) -> None:
        """The pods of a node that fell silent are not ready: services must know."""
        at = format_time(self.ctx.clock.now())
        for pod in list(self.cache(Pod).by_index("node", node.metadata.name)):
            status = pod.status
            if status is None or not is_ready(pod):
                continue
            ready = next(c for c in status.conditions if c.type == "Ready")
            condition = replace(ready, status="False", last_transition_time=at)
            conditions = with_condition(status.conditions, condition, at)
            try:
                await self.client.update_status(
                    replace(pod, status=replace(status, conditions=conditions))
                )
            except ReadAgain:
                continue  # it has changed meanwhile, and its own status is newer
            self.events.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _fell_silent(change: Change[Lease]) -> Iterable[Key]:
    lease = change.new
    if lease is None or not is_computed(change.old) or is_computed(lease):
        return ()
    return (Key("", lease.metadata.name),)


def _taints(node: Node) -> tuple[Taint, ...]:
    return node.spec.taints if node.spec is not None else ()
