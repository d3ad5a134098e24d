"""PodTopologySpread: no domain far ahead of the others."""

from collections.abc import Mapping, Sequence
from math import floor, log
from typing import Any, Final

from tests.scheduler.oracle.node_affinity import selects
from tests.scheduler.oracle.nodes import first_untolerated
from tests.scheduler.oracle.selectors import is_empty, matches
from tests.scheduler.oracle.world import Manifest, Refused, World, labels_of, namespace_of

HOST: Final = "kubernetes.io/hostname"
ZONE: Final = "topology.kubernetes.io/zone"
_SYSTEM: Final[tuple[Manifest, ...]] = (
    {"maxSkew": 3, "topologyKey": HOST, "whenUnsatisfiable": "ScheduleAnyway"},
    {"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway"},
)
_OWNERS: Final = ("ReplicationController", "ReplicaSet", "StatefulSet")


class Spread:
    """With the default constraints of the plugin's arguments; None: the system's."""

    def __init__(self, defaults: Sequence[Manifest] | None = None) -> None:
        self._defaults = _SYSTEM if defaults is None else defaults
        self._systems = defaults is None

    def filter(self, world: World, pod: Manifest, node: str) -> Refused | None:
        """The domain of a node may not be ahead of the emptiest by more than the skew."""
        constraints = self._of(world, pod, "DoNotSchedule")
        for each in constraints:
            value = world.labels(node).get(each["topologyKey"])
            if value is None:
                words = (
                    "node(s) didn't match pod topology spread constraints (missing required label)"
                )
                return Refused((words,), hopeless=True)
            counts = self._counts(world, pod, each, constraints)
            least = min(counts.values(), default=0)
            if len(counts) < each.get("minDomains", 1):
                least = 0
            itself = matches(each["labelSelector"], labels_of(pod))
            if counts.get(value, 0) + itself - least > each["maxSkew"]:
                return Refused(("node(s) didn't match pod topology spread constraints",))
        return None

    def score(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
        """The fewer pods of the kind a node's domains have, the better; small domains weigh more."""
        constraints = self._of(world, pod, "ScheduleAnyway")
        if not constraints:
            return {}
        needs_all = bool(pod["spec"].get("topologySpreadConstraints")) or not self._systems
        scored = [n for n in nodes if not needs_all or _has_all(world, n, constraints)]
        totals = dict.fromkeys(scored, 0.0)
        for each in constraints:
            key = each["topologyKey"]
            if key == HOST:
                weight = log(len(scored) + 2)
                counts = {node: _count(world, pod, each, node) for node in scored}
            else:
                domains = {world.labels(node).get(key, "") for node in scored}
                weight = log(len(domains) + 2)
                by_domain = self._counts(world, pod, each, constraints if needs_all else ())
                counts = {
                    node: by_domain.get(world.labels(node).get(key, ""), 0) for node in scored
                }
            for node in scored:
                if key in world.labels(node):
                    totals[node] += counts[node] * weight + (each["maxSkew"] - 1)
        return {
            **dict.fromkeys(nodes, 0),
            **_turned({n: floor(t + 0.5) for n, t in totals.items()}),
        }

    def _counts(
        self, world: World, pod: Manifest, constraint: Manifest, needed: Sequence[Manifest]
    ) -> dict[str, int]:
        """How many pods each domain has, of those whose nodes count for the pod."""
        found: dict[str, int] = {}
        for node in world.nodes:
            if _has_all(world, node, needed) and _included(world, pod, constraint, node):
                value = world.labels(node).get(constraint["topologyKey"], "")
                found[value] = found.get(value, 0) + _count(world, pod, constraint, node)
        return found

    def _of(self, world: World, pod: Manifest, action: str) -> list[dict[str, Any]]:
        """The constraints of a kind: a pod's own, or those by default, for the pods of its owners."""
        own = pod["spec"].get("topologySpreadConstraints")
        if own:
            return [_with_keys(each, pod) for each in own if each["whenUnsatisfiable"] == action]
        defaults = [each for each in self._defaults if each["whenUnsatisfiable"] == action]
        selector = _by_owners(world, pod) if defaults else {}
        if is_empty(selector):
            return []
        return [{**each, "labelSelector": selector} for each in defaults]


def _count(world: World, pod: Manifest, constraint: Manifest, node: str) -> int:
    selector = constraint["labelSelector"]
    if is_empty(selector):
        return 0
    return sum(
        namespace_of(other) == namespace_of(pod)
        and not other["metadata"].get("deletionTimestamp")
        and matches(selector, labels_of(other))
        for other in world.pods_on(node)
    )


def _has_all(world: World, node: str, constraints: Sequence[Manifest]) -> bool:
    return all(each["topologyKey"] in world.labels(node) for each in constraints)


def _included(world: World, pod: Manifest, constraint: Manifest, node: str) -> bool:
    """Whether a node counts: by default where the pod's affinity lets it go, whatever the taints."""
    if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not selects(
        pod, world.nodes[node]
    ):
        return False
    return (
        constraint.get("nodeTaintsPolicy", "Ignore") == "Ignore"
        or first_untolerated(world.nodes[node], pod) is None
    )


def _with_keys(constraint: Manifest, pod: Manifest) -> dict[str, Any]:
    """A constraint whose selector asks for the pod's own values of some labels, too."""
    selector = constraint.get("labelSelector")
    own = labels_of(pod)
    same = {key: own[key] for key in constraint.get("matchLabelKeys") or () if key in own}
    if selector is not None and same:
        expressions = [
            *(selector.get("matchExpressions") or ()),
            *({"key": k, "operator": "In", "values": [v]} for k, v in same.items()),
        ]
        selector = {**selector, "matchExpressions": expressions}
    return {**constraint, "labelSelector": selector}


def _by_owners(world: World, pod: Manifest) -> Manifest:
    """What selects the pods of a pod's Services and of its controller."""
    wanted: dict[str, str] = {}
    for service in world.all_of("Service"):
        selector = service["spec"].get("selector")
        same = namespace_of(service) == namespace_of(pod)
        if same and selector and matches({"matchLabels": selector}, labels_of(pod)):
            wanted |= selector
    expressions: list[Manifest] = []
    owners = pod["metadata"].get("ownerReferences") or ()
    owner = next((each for each in owners if each.get("controller")), None)
    if owner is not None and owner["kind"] in _OWNERS:
        found = world.find(owner["kind"], owner["name"], namespace_of(pod))
        if found is not None and owner["kind"] == "ReplicationController":
            wanted |= found["spec"]["selector"]
        elif found is not None:
            selector = found["spec"]["selector"]
            expressions += selector.get("matchExpressions") or ()
            labels = selector.get("matchLabels") or {}
            expressions += [{"key": k, "operator": "In", "values": [v]} for k, v in labels.items()]
    return {"matchLabels": wanted, "matchExpressions": expressions}


def _turned(scores: Mapping[str, int]) -> dict[str, int]:
    """The lowest becomes the best."""
    least, most = min(scores.values(), default=0), max(scores.values(), default=0)
    if not most:
        return dict.fromkeys(scores, 100)
    return {node: 100 * (most + least - score) // most for node, score in scores.items()}
