"""NodeAffinity: what pods say of nodes, and what an administrator adds to that."""

from collections.abc import Mapping, Sequence

from tests.scheduler.oracle.scaling import by_the_highest
from tests.scheduler.oracle.selectors import matches_node, term_matches
from tests.scheduler.oracle.world import Manifest, Refused, World

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def only(pod: Manifest) -> set[str] | None:
    """The nodes that a pod names, where each of its terms names some; None: any."""
    required = _affinity(pod).get(_REQUIRED)
    if not required:
        return None
    found: set[str] = set()
    for term in required.get("nodeSelectorTerms") or ():
        named = [
            set(each["values"])
            for each in term.get("matchFields") or ()
            if each["key"] == "metadata.name" and each["operator"] == "In"
        ]
        if not named:
            return None
        found |= set.intersection(*named)
    return found


def selects(pod: Manifest, node: Manifest) -> bool:
    """Whether a node has what a pod demands of it."""
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = _affinity(pod).get(_REQUIRED)
    return not required or matches_node(required, node)


class NodeAffinity:
    """With the affinity of the plugin's arguments."""

    def __init__(self, added: Manifest | None = None) -> None:
        self._added = added or {}

    def filter(self, world: World, pod: Manifest, node: str) -> Refused | None:
        """Both are demanded."""
        enforced = self._added.get(_REQUIRED)
        if enforced and not matches_node(enforced, world.nodes[node]):
            return Refused(
                ("node(s) didn't match scheduler-enforced node affinity",), hopeless=True
            )
        if not selects(pod, world.nodes[node]):
            return Refused(("node(s) didn't match Pod's node affinity/selector",), hopeless=True)
        return None

    def score(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
        """The weights of all preferences that a node meets."""
        terms = [*(_affinity(pod).get(_PREFERRED) or ()), *(self._added.get(_PREFERRED) or ())]
        if not terms:
            return {}
        return by_the_highest(
            {
                node: sum(
                    term["weight"]
                    for term in terms
                    if term_matches(term["preference"], world.nodes[node])
                )
                for node in nodes
            }
        )


def _affinity(pod: Manifest) -> Manifest:
    return (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
