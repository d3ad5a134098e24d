"""What nodes say of themselves: NodeUnschedulable, NodeName, TaintToleration, NodeDeclaredFeatures."""

from collections.abc import Iterable, Mapping, Sequence

from tests.scheduler.oracle.scaling import by_the_highest
from tests.scheduler.oracle.world import Manifest, Refused, World, containers_of

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def unschedulable(world: World, pod: Manifest, node: str) -> Refused | None:
    """A cordoned node is for pods that tolerate its taint."""
    if not world.nodes[node]["spec"].get("unschedulable"):
        return None
    if _tolerated(_UNSCHEDULABLE, pod["spec"].get("tolerations") or ()):
        return None
    return Refused(("node(s) were unschedulable",), hopeless=True)


def node_name(world: World, pod: Manifest, node: str) -> Refused | None:
    """A pod may name its node."""
    wanted = pod["spec"].get("nodeName")
    if not wanted or wanted == node:
        return None
    return Refused(("node(s) didn't match the requested node name",), hopeless=True)


def taints(world: World, pod: Manifest, node: str) -> Refused | None:
    """A taint that forbids to come, and is not tolerated."""
    found = first_untolerated(world.nodes[node], pod)
    if found is None:
        return None
    return Refused(("node(s) had untolerated taint(s)",), hopeless=True)


def first_untolerated(node: Manifest, pod: Manifest) -> Manifest | None:
    """The first taint of a node that keeps a pod away."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] != "PreferNoSchedule" and not _tolerated(
            taint, pod["spec"].get("tolerations") or ()
        ):
            found: Manifest = taint
            return found
    return None


def taints_score(world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
    """The fewer taints ask in vain to stay away, the better."""
    tolerations = [
        each
        for each in pod["spec"].get("tolerations") or ()
        if each.get("effect") in (None, "", "PreferNoSchedule")
    ]
    counts = {
        node: sum(
            taint["effect"] == "PreferNoSchedule" and not _tolerated(taint, tolerations)
            for taint in world.nodes[node]["spec"].get("taints") or ()
        )
        for node in nodes
    }
    return by_the_highest(counts, reverse=True)


def _tolerated(taint: Manifest, tolerations: Iterable[Manifest]) -> bool:
    return any(_tolerates(each, taint) for each in tolerations)


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def declared_features(world: World, pod: Manifest, node: str) -> Refused | None:
    """What a pod needs of its kubelet, the node must say that it has."""
    spec, needed = pod["spec"], set()
    if spec.get("hostNetwork") and spec.get("hostUsers") is False:
        needed.add("UserNamespacesHostNetworkSupport")
    for container in containers_of(pod):
        rules = container.get("restartPolicyRules") or ()
        if any(rule["action"] == "RestartAllContainers" for rule in rules):
            needed.add("RestartAllContainersOnContainerExits")
    if needed <= set(world.nodes[node]["status"].get("declaredFeatures") or ()):
        return None
    return Refused(("node(s) didn't match Pod's required features",), hopeless=True)
