"""A snapshot that has followed every change knows what one knows that is made anew."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod

_ZONE = "topology.kubernetes.io/zone"

_terms = st.builds(
    lambda app, key: {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key},
    st.sampled_from("ab"),
    st.sampled_from([_ZONE, "kubernetes.io/hostname"]),
)
_weighted = _terms.map(lambda term: {"weight": 30, "podAffinityTerm": term})


def _one(kind: str, when: str) -> Any:
    terms = _terms if when.startswith("required") else _weighted
    return terms.map(lambda term: {kind: {f"{when}DuringSchedulingIgnoredDuringExecution": [term]}})


_affinities = st.one_of(
    st.none(),
    *(
        _one(kind, when)
        for kind in ("podAffinity", "podAntiAffinity")
        for when in ("required", "preferred")
    ),
)
_spreads = st.one_of(
    st.just([]),
    st.builds(
        lambda app, key, action, skew: [
            {
                "maxSkew": skew,
                "topologyKey": key,
                "whenUnsatisfiable": action,
                "labelSelector": {"matchLabels": {"app": app}},
            }
        ],
        st.sampled_from("ab"),
        st.sampled_from([_ZONE, "kubernetes.io/hostname"]),
        st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
        st.integers(1, 2),
    ),
)
_pods = st.builds(
    lambda app, affinity, spread, port: {
        "labels": {"app": app} if app else {},
        "topologySpreadConstraints": spread,
        **({"affinity": affinity} if affinity else {}),
        **({"host_port": 80} if port else {}),
    },
    st.sampled_from(["a", "b", ""]),
    _affinities,
    _spreads,
    st.sampled_from([False, False, False, True]),
)
_steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "place", "go", "label", "leave", "node", "gone"]),
        st.integers(0, 7),
        _pods,
    ),
    min_size=5,
    max_size=30,
)


class _World:
    """The plain truth beside the snapshot: which nodes and pods there are."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.pods: dict[str, tuple[Pod, str]] = {}
        self.snapshot = Snapshot()
        self.placement = Placement(DEFAULT_PROFILE, self.snapshot)

    def put_node(self, number: int, zone: str) -> None:
        name = f"n{number}"
        self.nodes[name] = make_node(name, pods="3", labels={_ZONE: zone} if zone else {})
        self.snapshot.put_node(self.nodes[name])

    def step(self, number: int, what: str, which: int, shape: dict[str, Any]) -> None:
        uids = sorted(self.pods)
        name = f"n{which % 6}"
        if what == "place" and self.nodes:
            node = sorted(self.nodes)[which % len(self.nodes)]
            pod = make_pod(f"p{number}", **shape)
            self.pods[f"p{number}"] = pod, node
            self.snapshot.add_pod(f"p{number}", pod, node)
        elif what == "go" and uids:
            uid = uids[which % len(uids)]
            self.snapshot.remove_pod(uid, self.pods.pop(uid)[1])
        elif what == "label" and uids:
            uid = uids[which % len(uids)]
            before, node = self.pods[uid]
            pod = make_pod(uid, **{**shape, "host_port": None})
            if before.spec is not None and not before.spec.containers[0].ports:
                self.pods[uid] = pod, node
                self.snapshot.update_pod(uid, pod, node)
        elif what == "gone" and name in self.nodes:
            del self.nodes[name]
            self.snapshot.remove_node(name)
        elif what in ("node", "leave"):
            self.put_node(which % 6, "ab"[which % 2] if what == "node" else "")

    def anew(self) -> Snapshot:
        """A snapshot of the same nodes and pods that has followed nothing."""
        snapshot = Snapshot()
        for node in self.nodes.values():
            snapshot.put_node(node)
        for uid, (pod, home) in self.pods.items():
            snapshot.add_pod(uid, pod, home)
        return snapshot


def _totals(placement: Placement, pod: Pod) -> dict[str, int]:
    """The total of each node that can take a pod."""
    shape = placement.shape_of(pod)
    rows = shape.feasible()
    totals = shape.totals(rows).tolist() if len(rows) else []
    return {
        placement.nodes.names[row]: total for row, total in zip(rows.tolist(), totals, strict=True)
    }


@settings(max_examples=60, deadline=None)
@given(_steps, st.lists(_pods, min_size=1, max_size=3))
def test_what_followed_every_change_decides_as_what_is_made_anew(
    steps: list[tuple[str, int, dict[str, Any]]], wanted: list[dict[str, Any]]
) -> None:
    """Pods come, go and change their labels; nodes come, go, change their zone and come back."""
    world = _World()
    for number in range(4):
        world.put_node(number, "ab"[number % 2])
    pods = [make_pod(f"w{number}", **shape) for number, shape in enumerate(wanted)]
    for number, (what, which, shape) in enumerate(steps):
        world.step(number, what, which, shape)
        anew = Placement(DEFAULT_PROFILE, world.anew())
        for pod in pods:
            assert _totals(world.placement, pod) == _totals(anew, pod)


@settings(max_examples=60, deadline=None)
@given(_steps, _pods)
def test_supposing_leaves_no_trace(
    steps: list[tuple[str, int, dict[str, Any]]], wanted: dict[str, Any]
) -> None:
    """What a dry run thinks away and back is as it was."""
    world = _World()
    for number in range(4):
        world.put_node(number, "ab"[number % 2])
    for number, (what, which, shape) in enumerate(steps):
        world.step(number, what, which, shape)
    pod = make_pod("w", **wanted)
    before = _totals(world.placement, pod)
    for row in world.snapshot.all_rows().tolist():
        there = tuple(world.snapshot.pods_on(row))
        with world.placement.supposing(row, removing=there, adding=(pod,)):
            assert not isinstance(_totals(world.placement, pod), Refusal)
    assert _totals(world.placement, pod) == before
