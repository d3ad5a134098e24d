"""Filter and score: against a plain oracle, and with the memory of shapes against without it."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import (
    ContainerRestartRule,
    Node,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
    Service,
)
from orchestrator.api.core.v1 import NodeAffinity as NodeAffinitySpec
from orchestrator.scheduler import DEFAULT_PROFILE, Plugin, Profile
from orchestrator.scheduler.adapters import counted
from orchestrator.scheduler.kernels import FilterKernel, default_normalize
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.plugins.node_affinity import NodeAffinity
from orchestrator.scheduler.plugins.node_resources_balanced_allocation import (
    NodeResourcesBalancedAllocation,
)
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from orchestrator.scheduler.plugins.pod_topology_spread import ZONE
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import PODS, Bool, Int64, Rows, Snapshot
from tests.scheduler.objects import make_node, make_pod, make_service, some

GIB = 1 << 30


class Plain:
    """The oracle: one node at a time, by the rules of Kubernetes' documentation."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, tuple[str, dict[str, Any]]] = {}

    def used(self, node: str, what: Callable[[dict[str, Any]], int]) -> int:
        """The sum of `what` over the pods of a node."""
        return sum(what(pod) for name, pod in self.pods.values() if name == node)

    def fits(self, pod: dict[str, Any], name: str) -> bool:
        """Every filter, for one node."""
        node = self.nodes[name]
        here = [other for home, other in self.pods.values() if home == name]
        return (
            not node["unschedulable"]
            and (not node["tainted"] or pod["tolerates"])
            and pod["zone"] in ("", node["zone"])
            and self.used(name, lambda p: p["cpu"]) + pod["cpu"] <= node["cpu"] * 1000
            and self.used(name, lambda p: p["memory"]) + pod["memory"] <= node["memory"]
            and len(here) < node["pods"]
            and (not pod["port"] or all(other["port"] != pod["port"] for other in here))
        )

    def score(self, pod: dict[str, Any], name: str) -> int:
        """LeastAllocated and balanced allocation, for a pod that asks for both resources."""
        node = self.nodes[name]
        cpu, memory = node["cpu"] * 1000, node["memory"] * GIB
        used_cpu = self.used(name, lambda p: p["cpu"]) + pod["cpu"]
        used_memory = (self.used(name, lambda p: p["memory"]) + pod["memory"]) * GIB
        least = ((cpu - used_cpu) * 100 // cpu + (memory - used_memory) * 100 // memory) // 2
        without = self.balance(
            (used_cpu - pod["cpu"]) / cpu, used_memory / memory - pod["memory"] * GIB / memory
        )
        gained = self.balance(used_cpu / cpu, used_memory / memory) - without
        return int(least) + 50 + int((50 + gained) / 2)

    @staticmethod
    def balance(cpu: float, memory: float) -> int:
        """100 less the deviation of two fractions, in percent."""
        return int((1 - abs(cpu - memory) / 2) * 100)


_nodes = st.lists(
    st.fixed_dictionaries(
        {
            "cpu": st.integers(1, 4),
            "memory": st.integers(1, 6),
            "pods": st.integers(1, 4),
            "zone": st.sampled_from("ab"),
            "tainted": st.booleans(),
            "unschedulable": st.sampled_from([False, False, False, True]),
        }
    ),
    min_size=1,
    max_size=8,
)
_shapes = st.lists(
    st.fixed_dictionaries(
        {
            "cpu": st.integers(1, 20).map(lambda n: n * 100),
            "memory": st.integers(1, 3),
            "zone": st.sampled_from(["", "", "a", "b"]),
            "tolerates": st.booleans(),
            "port": st.sampled_from([0, 0, 8080]),
        }
    ),
    min_size=1,
    max_size=4,
)


def _node(name: str, node: dict[str, Any]) -> Node:
    taints = [{"key": "t", "value": "", "effect": "NoSchedule"}] if node["tainted"] else []
    if node.get("avoided"):
        taints.append({"key": "a", "value": "", "effect": "PreferNoSchedule"})
    return make_node(
        name,
        cpu=str(node["cpu"]),
        memory=f"{node['memory']}Gi",
        pods=str(node["pods"]),
        labels={"zone": node["zone"], ZONE: node["zone"]} if node["zone"] else {},
        taints=taints,
        unschedulable=node["unschedulable"],
    )


def _pod(name: str, shape: dict[str, Any]) -> Pod:
    spec: dict[str, Any] = {"cpu": f"{shape['cpu']}m", "memory": f"{shape['memory']}Gi"}
    if shape["zone"]:
        spec["nodeSelector"] = {"zone": shape["zone"]}
    if shape["tolerates"]:
        spec["tolerations"] = [{"key": "t", "operator": "Exists"}]
    if shape["port"]:
        spec["host_port"] = shape["port"]
    if shape.get("prefers"):
        zone = {"key": "zone", "operator": "In", "values": [shape["prefers"]]}
        preferred = [{"weight": 7, "preference": {"matchExpressions": [zone]}}]
        spec["affinity"] = {
            "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
        }
    if shape.get("app"):
        spec["labels"] = {"app": shape["app"]}
    return make_pod(name, **spec)


@settings(max_examples=60, deadline=None)
@given(_nodes, _shapes, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=25))
def test_choices_are_those_of_a_plain_oracle(
    nodes: list[dict[str, Any]], shapes: list[dict[str, Any]], steps: list[tuple[int, int]]
) -> None:
    oracle, snapshot, random = Plain(), Snapshot(), Random(1)
    for number, node in enumerate(nodes):
        oracle.nodes[f"n{number}"] = node
        snapshot.put_node(_node(f"n{number}", node))
    placement = Placement(DEFAULT_PROFILE, snapshot)
    templates = [_pod("t", shape) for shape in shapes]
    for step, (which, leaving) in enumerate(steps):
        shape = shapes[which % len(shapes)]
        pod = templates[which % len(shapes)]
        choice = placement.choose(pod, random)
        feasible = [n for n in oracle.nodes if oracle.fits(shape, n)]
        if isinstance(choice, Refusal):
            assert feasible == []
        else:
            best = max(oracle.score(shape, n) for n in feasible)
            assert choice in feasible
            assert oracle.score(shape, choice) == best
            oracle.pods[f"p{step}"] = (choice, shape)
            snapshot.add_pod(f"p{step}", pod, choice)
        if leaving < 3 and oracle.pods:
            name = sorted(oracle.pods)[leaving % len(oracle.pods)]
            snapshot.remove_pod(name, oracle.pods.pop(name)[0])


# Few kinds of nodes and enough of each, so that many are equals and a placement changes few of them.
# Some are avoided and some pods prefer zones, for scores that are brought to 0..100.
_alike_nodes = st.lists(
    st.builds(
        lambda large, zone, avoided: {
            "cpu": 16 if large else 4,
            "memory": 24 if large else 16,
            "pods": 6,
            "zone": zone,
            "tainted": False,
            "unschedulable": False,
            "avoided": avoided,
        },
        st.booleans(),
        st.sampled_from(["a", "b", "b", ""]),
        st.sampled_from([False, False, False, False, False, True]),
    ),
    min_size=8,
    max_size=16,
)
_choosy_shapes = st.lists(
    st.builds(
        lambda shape, prefers, app: {**shape, "prefers": prefers, "app": app},
        _shapes.map(lambda shapes: shapes[0]),
        st.sampled_from(["", "", "", "", "a", "b"]),
        st.sampled_from(["", "a", "b"]),
    ),
    min_size=1,
    max_size=3,
)


class PreferLow(Plugin):
    """A plugin that says nothing of single rows, nor of what it looks at."""

    name: ClassVar[str] = "PreferLow"

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        return np.array([-int(nodes.names[row][1:]) % 3 for row in rows], np.int64)


class Roomy(Plugin):
    """Two pods a node at most, and the emptier the better."""

    name: ClassVar[str] = "Roomy"

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        return np.asarray(nodes.requested[PODS, rows] < 2)

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        return np.asarray(nodes.requested[PODS, rows])

    def normalize(self, scores: Int64) -> Int64:
        return default_normalize(scores, reverse=True)


_PROFILES = (
    DEFAULT_PROFILE,
    DEFAULT_PROFILE.adding(PreferLow(), weight=2),
    DEFAULT_PROFILE.adding(Roomy()),
    DEFAULT_PROFILE.without("NodeResourcesFit").adding(NodeResourcesFit("MostAllocated")),
    DEFAULT_PROFILE.without("NodeResourcesFit").adding(
        NodeResourcesFit(
            "RequestedToCapacityRatio", {"cpu": 2, "memory": 1}, ((0, 0), (70, 9), (100, 4))
        )
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(_PROFILES),
    _alike_nodes,
    _choosy_shapes,
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 15)),
        min_size=20,
        max_size=60,
    ),
)
def test_what_is_remembered_answers_as_computing_everything_anew(
    profile: Profile,
    nodes: list[dict[str, Any]],
    shapes: list[dict[str, Any]],
    steps: list[tuple[int, int, int]],
) -> None:
    snapshot = Snapshot()
    # Pods of these two Services are spread over hostnames and zones.
    snapshot.objects[Service] = some(
        Service, make_service("a", app="a"), make_service("b", app="b")
    )
    for number, node in enumerate(nodes):
        snapshot.put_node(_node(f"n{number}", node))
    remembering = Placement(profile, snapshot)
    # Two templates of each shape: equal, but not the same.
    templates = [_pod("t", shape) for shape in (*shapes, *shapes)]
    placed: list[tuple[str, str]] = []
    for step, (which, change, place) in enumerate(steps):
        pod = templates[which % len(templates)]
        fresh = Placement(profile, snapshot)
        choice = remembering.choose(pod, Random(step))
        assert choice == fresh.choose(pod, Random(step))
        shape = remembering.shape_of(pod)
        assert list(shape.leaders()) == shape.best_of(shape.feasible()).tolist()
        _assert_tallies_are_sums(profile, pod, snapshot)
        if isinstance(choice, str):
            snapshot.add_pod(f"p{step}", pod, choice)
            placed.append((f"p{step}", choice))
        where = place % len(nodes)
        name = f"n{where}"
        if change == 0:
            snapshot.remove_node(name)
        elif change == 1:
            snapshot.put_node(_node(name, nodes[where]))
        elif change == 2:
            snapshot.put_node(_node(name, {**nodes[where], "avoided": not nodes[where]["avoided"]}))
        elif change in (3, 4) and placed:
            snapshot.remove_pod(*placed.pop(place % len(placed)))


def _assert_tallies_are_sums(profile: Profile, pod: Pod, snapshot: Snapshot) -> None:
    """What a kernel says of many rows is what it says of each."""
    rows = snapshot.all_rows()
    filters, scorers = Placement(profile, snapshot).kernels_of(pod)
    for _, kernel in filters:
        passes = kernel.rows(rows)
        assert passes.tolist() == [kernel.row(int(row)) for row in rows]
        refused = rows[~passes]
        one_by_one = Counter(r for row in refused for r in kernel.reasons(int(row)))
        assert counted(kernel, refused) == one_by_one
    for _, _, scorer in scorers:
        if not scorer.spanning:
            assert scorer.rows(rows).tolist() == [scorer.row(int(row)) for row in rows]


class Counting(Plugin):
    """Remembers for which pods it looked at all nodes."""

    name: ClassVar[str] = "Counting"

    def __init__(self) -> None:
        self.looked: list[str] = []

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel:
        return _Count(pod, self.looked)


class _Count(FilterKernel):
    def __init__(self, pod: Pod, looked: list[str]) -> None:
        self.traits = pod.metadata.name[0]
        self._name, self._looked = pod.metadata.name, looked

    def rows(self, rows: Rows) -> Bool:
        self._looked.append(self._name)
        return np.ones(len(rows), np.bool_)


def test_pods_with_equal_traits_share_what_is_known_of_the_nodes() -> None:
    """The second pod of a kind costs no look at the nodes, whatever template it comes from."""
    snapshot = Snapshot()
    snapshot.put_node(make_node("n"))
    counting = Counting()
    placement = Placement(DEFAULT_PROFILE.adding(counting), snapshot)
    for name in ("a1", "a2", "c1"):
        placement.choose(make_pod(name, cpu="1"), Random(0))
    assert counting.looked == ["a1", "c1"]


class _Counting(Plugin):
    """Counts for how many pods a kernel was made."""

    name = "Counting"
    by_content = True

    def __init__(self) -> None:
        self.made = 0

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """None: it filters nothing."""
        self.made += 1
        return None


@pytest.mark.parametrize(("by_content", "made"), [(True, 2), (False, 4)])
def test_specs_that_say_the_same_are_looked_at_once(by_content: bool, made: int) -> None:
    """Unless a plugin may look at what is not known to make a difference."""
    snapshot, counting = Snapshot(), _Counting()
    snapshot.put_node(make_node("n"))
    counting.by_content = by_content  # type: ignore[misc]  # of this one alone
    placement = Placement(DEFAULT_PROFILE.adding(counting), snapshot)
    token = {"name": "token-a", "projected": {"sources": []}}
    for pod in (
        make_pod("a", cpu="1"),
        make_pod("b", cpu="1"),
        make_pod("c", cpu="1", volumes=[token]),
        make_pod("d", cpu="2"),
    ):
        placement.choose(pod, Random(0))
    assert counting.made == made


def test_the_pods_of_a_node_that_comes_back_are_counted_again() -> None:
    snapshot = Snapshot()
    node = make_node("n", cpu="1")
    snapshot.put_node(node)
    snapshot.add_pod("a", make_pod("a", cpu="800m"), "n")
    snapshot.remove_node("n")
    snapshot.put_node(node)
    choice = Placement(DEFAULT_PROFILE, snapshot).choose(make_pod("b", cpu="800m"), Random(0))
    assert isinstance(choice, Refusal)


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ({"cpu": "9"}, "4 Insufficient cpu"),
        ({"cpu": "9", "memory": "99Gi"}, "4 Insufficient cpu, 4 Insufficient memory"),
        ({"example.com/gpu": "1"}, "4 Insufficient example.com/gpu"),
        (
            {"nodeSelector": {"disk": "ssd"}},
            "4 node(s) didn't match Pod's node affinity/selector",
        ),
    ],
)
def test_a_pod_that_fits_nowhere_says_why_as_kube_scheduler_does(
    pod: dict[str, Any], message: str
) -> None:
    snapshot = Snapshot()
    for number in range(4):
        snapshot.put_node(make_node(f"n{number}"))
    choice = Placement(DEFAULT_PROFILE, snapshot).choose(make_pod("a", **pod), Random(0))
    assert isinstance(choice, Refusal)
    assert choice.message == f"0/4 nodes are available: {message}."


_PINNED = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}
            ]
        }
    }
}


class _Looked(Plugin):
    """Lets every node pass, and knows which ones it was asked about."""

    name = "Looked"

    def __init__(self) -> None:
        self.rows: list[int] = []

    def filter(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Bool:
        """Any."""
        self.rows += rows.tolist()
        return np.ones(len(rows), np.bool_)


def test_a_pod_that_names_its_node_has_no_other_node_looked_at() -> None:
    """As pods of DaemonSets do: each has a shape of its own, whose cost must not grow with the nodes."""
    snapshot, looked = Snapshot(), _Looked()
    for number in range(6):
        snapshot.put_node(make_node(f"n{number}"))
    placement = Placement(DEFAULT_PROFILE.adding(looked), snapshot)
    assert placement.choose(make_pod("a", affinity=_PINNED), Random(0)) == "n2"
    assert looked.rows == [snapshot.row_of("n2")]


class _Scored(Plugin):
    """Scores every node alike, and counts which ones."""

    name = "Scored"

    def __init__(self) -> None:
        self.rows: list[int] = []

    def score(self, pod: Pod, nodes: Snapshot, rows: Rows) -> Int64:
        """Nothing."""
        self.rows += rows.tolist()
        return np.zeros(len(rows), np.int64)


def test_the_only_node_that_may_do_is_not_scored() -> None:
    """As in kube-scheduler: it is chosen whatever its score."""
    snapshot, scored = Snapshot(), _Scored()
    for number in range(3):
        snapshot.put_node(make_node(f"n{number}"))
    placement = Placement(DEFAULT_PROFILE.adding(scored), snapshot)
    assert placement.choose(make_pod("a", affinity=_PINNED), Random(0)) == "n2"
    assert scored.rows == []
    assert placement.choose(make_pod("b"), Random(0)) in ("n0", "n1", "n2")
    assert scored.rows


def test_what_a_profile_requires_of_nodes_is_told_apart_from_what_a_pod_does() -> None:
    """`addedAffinity` is looked at first, and has words of its own."""
    snapshot = Snapshot()
    snapshot.put_node(make_node("a", labels={"tier": "1"}))
    snapshot.put_node(make_node("b"))
    term = NodeSelectorTerm(
        match_expressions=(NodeSelectorRequirement(key="tier", operator="Exists"),)
    )
    added = NodeAffinitySpec(
        required_during_scheduling_ignored_during_execution=NodeSelector(
            node_selector_terms=(term,)
        )
    )
    profile = Profile(plugins=(NodeAffinity(added),))
    pod = make_pod("p", nodeSelector={"disk": "ssd"})
    choice = Placement(profile, snapshot).choose(pod, Random(0))
    assert isinstance(choice, Refusal)
    assert choice.message == (
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) didn't match scheduler-enforced node affinity."
    )


def test_a_resource_that_is_ignored_is_so_before_any_node_has_offered_it() -> None:
    snapshot = Snapshot()
    snapshot.put_node(make_node("n"))
    profile = Profile(plugins=(NodeResourcesFit(ignored=frozenset(("example.com/gpu",))),))
    pod = make_pod("p", requests={"example.com/gpu": "1"})
    assert Placement(profile, snapshot).choose(pod, Random(0)) == "n"


def test_the_number_of_pods_is_not_scored() -> None:
    """A configuration may name it among the resources, as kube-scheduler lets it, without effect."""
    snapshot = Snapshot()
    snapshot.put_node(make_node("few", pods="2"))
    snapshot.put_node(make_node("many"))
    snapshot.add_pod("q", make_pod("q", cpu="1"), "many")
    fit = NodeResourcesFit(resources={"cpu": 1, "pods": 100})
    choice = Placement(Profile(plugins=(fit,)), snapshot).choose(make_pod("p"), Random(0))
    assert choice == "few"


def _scores(plugin: NodeResourcesFit | NodeResourcesBalancedAllocation) -> dict[str, int]:
    """What a plugin says of a pod with 1 CPU on nodes with and without huge pages and local storage."""
    snapshot = Snapshot()
    offers: dict[str, dict[str, Any]] = {
        "plain": {},
        "pages": {"hugepages-2Mi": "1Gi"},
        "disk": {"ephemeral-storage": "10Gi"},
    }
    for name, more in offers.items():
        snapshot.put_node(make_node(name, cpu="4", memory="4Gi", **more))
    kernel = plugin.score_kernel(make_pod("p", cpu="1", memory="1Gi"), snapshot)
    assert kernel is not None
    return {snapshot.names[row]: kernel.row(int(row)) for row in snapshot.all_rows()}


def test_what_a_pod_does_not_ask_for_counts_only_if_it_is_of_the_usual_three() -> None:
    """Huge pages are as extended resources are; local storage is as CPU and memory, in both plugins."""
    all_three = {"cpu": 1, "hugepages-2Mi": 1, "ephemeral-storage": 1}
    assert _scores(NodeResourcesFit(resources=all_three)) == {"plain": 75, "pages": 75, "disk": 87}
    balance = NodeResourcesBalancedAllocation(
        ("cpu", "memory", "hugepages-2Mi", "ephemeral-storage")
    )
    assert _scores(balance) == {"plain": 75, "pages": 75, "disk": 69}


def test_a_pod_that_needs_a_feature_goes_where_the_kubelet_declares_it() -> None:
    snapshot = Snapshot()
    for name, features in (("old", ()), ("new", ("RestartAllContainersOnContainerExits",))):
        node = make_node(name)
        assert node.status is not None
        snapshot.put_node(replace(node, status=replace(node.status, declared_features=features)))
    placement = Placement(DEFAULT_PROFILE, snapshot)
    rule = {
        "action": "RestartAllContainers",
        "exitCodes": {"operator": "In", "values": [1]},
    }
    needing = make_pod("p")
    assert needing.spec is not None
    container = replace(
        needing.spec.containers[0],
        restart_policy="Never",
        restart_policy_rules=(codec.from_dict(rule, ContainerRestartRule),),
    )
    needing = replace(needing, spec=replace(needing.spec, containers=(container,)))
    assert placement.choose(needing, Random(0)) == "new"
    snapshot.remove_node("new")
    choice = placement.choose(needing, Random(0))
    assert isinstance(choice, Refusal)
    assert choice.message == (
        "0/1 nodes are available: 1 node(s) didn't match Pod's required features."
    )


def test_each_node_is_counted_with_the_first_plugin_that_refuses_it() -> None:
    snapshot = Snapshot()
    snapshot.put_node(make_node("a", unschedulable=True))
    snapshot.put_node(make_node("b", taints=[{"key": "gpu", "value": "x", "effect": "NoSchedule"}]))
    snapshot.put_node(make_node("c", pods="0"))
    snapshot.put_node(make_node("d"))
    snapshot.add_pod("other", make_pod("other", host_port=80), "d")
    pod = make_pod("p", host_port=80)
    choice = Placement(DEFAULT_PROFILE, snapshot).choose(pod, Random(0))
    assert isinstance(choice, Refusal)
    assert choice.message == (
        "0/4 nodes are available: 1 Too many pods, "
        "1 node(s) didn't have free ports for the requested pod ports, "
        "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."
    )
