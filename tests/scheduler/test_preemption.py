"""Whom to evict: the short ways beside a trial of each pod, and what a trial leaves behind."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Pod,
    PodStatus,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.scheduler import DEFAULT_PROFILE, Plugin, preemption
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.preemption import candidate_on, candidates_on
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot
from tests.scheduler.objects import make_node, make_pod, some

GPU = "example.com/gpu"
_amounts = st.fixed_dictionaries(
    {"cpu": st.sampled_from(["0", "500m", "1", "2"]), GPU: st.sampled_from(["0", "1", "2"])}
)
_pods = st.lists(st.tuples(_amounts, st.integers(-1, 3)), max_size=6)


def _cluster(placed: list[tuple[dict[str, str], int]]) -> Placement:
    snapshot = Snapshot()
    more: dict[str, Any] = {GPU: "4"}
    snapshot.put_node(make_node("n", cpu="4", **more))
    for number, (amounts, priority) in enumerate(placed):
        pod = make_pod(f"p{number}", priority=priority, **amounts)
        snapshot.add_pod(pod.metadata.uid, pod, "n")
    return Placement(DEFAULT_PROFILE, snapshot, Nominations())


@settings(max_examples=60, deadline=None)
@given(_pods, _amounts, st.booleans())
def test_victims_by_sums_are_those_of_a_trial(
    placed: list[tuple[dict[str, str], int]], wanted: dict[str, str], promised: bool
) -> None:
    """Whoever is there and whatever is asked for; a promise to somebody else ends the short way."""
    placement = _cluster(placed)
    row = placement.nodes.row_of("n")
    assert row is not None
    pod = make_pod("high", priority=2, **wanted)
    if promised:
        placement.nominations.put(make_pod("other", priority=5, cpu="1"), "n")
    by_sums = candidate_on(row, pod, placement, ())
    placement.forget()
    with patch.object(preemption, "_left_out_by_sums", lambda *_: None):
        assert candidate_on(row, pod, placement, ()) == by_sums


_changes = st.lists(
    st.one_of(
        st.tuples(st.just("comes"), st.integers(0, 2), _amounts, st.integers(-1, 3)),
        st.tuples(st.just("goes"), st.integers(0, 20)),
        st.tuples(st.just("promised"), st.integers(0, 2), _amounts, st.integers(1, 4)),
        st.tuples(st.just("asks"), st.integers(1, 3), st.sampled_from(["", "high", "other"])),
    ),
    max_size=14,
)


_FULL: dict[str, str] = {"cpu": "2", GPU: "0"}
_LITTLE: dict[str, str] = {"cpu": "500m", GPU: "0"}


@settings(max_examples=60, deadline=None)
@given(_changes, _amounts)
@example([("comes", 0, _FULL, 0), ("asks", 3, "high")], _LITTLE)
def test_what_is_remembered_of_trials_is_what_new_ones_find(
    changes: list[tuple[Any, ...]], wanted: dict[str, str]
) -> None:
    """Pods come, go and are promised nodes between the trials, the asking one, too."""
    nodes, nominations = Snapshot(), Nominations()
    names = [f"n{number}" for number in range(3)]
    for name in names:
        more: dict[str, Any] = {GPU: "2"}
        nodes.put_node(make_node(name, cpu="2", **more))
    placement = Placement(DEFAULT_PROFILE, nodes, nominations)
    rows = nodes.all_rows().tolist()
    there: list[tuple[str, str]] = []
    for number, (kind, *more_of_it) in enumerate((*changes, ("asks", 2, ""))):
        match kind, more_of_it:
            case "comes", [where, amounts, priority]:
                pod = make_pod(f"p{number}", priority=priority, **amounts)
                nodes.add_pod(pod.metadata.uid, pod, names[where])
                there.append((pod.metadata.uid, names[where]))
            case "goes", [which] if there:
                nodes.remove_pod(*there.pop(which % len(there)))
            case "promised", [where, amounts, priority]:
                nominations.put(make_pod("promised", priority=priority, **amounts), names[where])
            case "asks", [priority, promised]:
                high, other = (
                    make_pod(name, priority=priority, **wanted) for name in ("high", "other")
                )
                if promised:
                    nominations.put(high if promised == "high" else other, names[0])
                for pod in (high, other, high):
                    fresh = Placement(DEFAULT_PROFILE, nodes, nominations)
                    expected = candidates_on(rows, pod, fresh, (), len(rows))
                    assert candidates_on(rows, pod, placement, (), len(rows)) == expected
                    assert _words(placement, pod) == _words(fresh, pod)


def _words(placement: Placement, pod: Pod) -> object:
    """Why a pod has no place, and where evictions may help."""
    choice = placement.choose(pod, Random(0))
    if isinstance(choice, str):
        return choice
    return choice.message, choice.plugins, sorted(choice.helpable)


@given(_pods)
def test_a_trial_leaves_the_row_as_it_was(placed: list[tuple[dict[str, str], int]]) -> None:
    """Nobody is told to look at it again, and all that is counted is as before."""
    placement = _cluster(placed)
    nodes = placement.nodes
    row = nodes.row_of("n")
    assert row is not None

    def seen() -> tuple[object, ...]:
        return (
            nodes.version,
            nodes.touched_at(row),
            nodes.requested[:, row].tolist(),
            [pod.metadata.name for pod in nodes.pods_on(row)],
        )

    before = seen()
    pods = tuple(reversed(nodes.pods_on(row)))
    with placement.supposing(row, removing=pods):
        assert not nodes.requested[:, row].any()
    assert seen() == before


def test_a_pod_that_has_come_to_the_node_it_was_promised_stays_there() -> None:
    """Until its binding is seen it is both promised and there, and counts once."""
    placement = _cluster([({"cpu": "1"}, 0)])
    nodes = placement.nodes
    row = nodes.row_of("n")
    assert row is not None
    come = make_pod("come", priority=2, cpu="3")
    placement.nominations.put(come, "n")
    nodes.add_pod(come.metadata.uid, come, "n")
    before = nodes.requested[:, row].tolist()
    for _ in range(2):
        candidate_on(row, make_pod("high", priority=2, cpu="2"), placement, ())
        assert nodes.requested[:, row].tolist() == before
        assert [pod.metadata.name for pod in nodes.pods_on(row)] == ["p0", "come"]


def test_who_looks_during_a_trial_is_told_of_its_end() -> None:
    """What was supposed must not be believed afterwards."""
    placement = _cluster([({"cpu": "1"}, 0)])
    nodes = placement.nodes
    row = nodes.row_of("n")
    assert row is not None
    seen = nodes.version
    with placement.supposing(row, removing=tuple(nodes.pods_on(row))):
        assert nodes.touched_since(seen) == [row]
        seen = nodes.version
    assert nodes.touched_since(seen) == [row]


@pytest.mark.parametrize(
    ("namespace", "makes_room"), [("default", True), ("elsewhere", True), ("", False)]
)
def test_a_claim_for_one_pod_is_free_when_a_pod_that_names_it_goes(
    namespace: str, makes_room: bool
) -> None:
    """By names of claims, as kube-scheduler counts in its dry run: whatever their namespace."""
    nodes = Snapshot()
    claim = PersistentVolumeClaim(
        metadata=ObjectMeta(name="data", namespace="default", uid="data"),
        spec=PersistentVolumeClaimSpec(access_modes=("ReadWriteOncePod",)),
    )
    for kind in DEFAULT_PROFILE.watches():
        nodes.objects[kind] = some(kind)
    nodes.objects[PersistentVolumeClaim] = some(PersistentVolumeClaim, claim)
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    using = [make_pod("holder", volumes=[volume]), make_pod("low")]
    if namespace == "elsewhere":
        low = make_pod("low", volumes=[volume])
        using[1] = replace(low, metadata=replace(low.metadata, namespace=namespace))
    elif namespace == "default":
        using.reverse()
    for number, pod in enumerate(using):
        nodes.put_node(make_node(f"n{number}"))
        nodes.add_pod(pod.metadata.uid, pod, f"n{number}")
    placement = Placement(DEFAULT_PROFILE, nodes, Nominations())
    row = nodes.row_of("n1")
    assert row is not None
    high = make_pod("high", priority=2, volumes=[volume])
    assert isinstance(placement.choose(high, Random(0)), Refusal)
    shape = placement.shape_of(high)
    with placement.supposing(row, removing=tuple(nodes.pods_on(row))):
        assert (placement.why_not(high, row, shape) is None) == makes_room
    assert isinstance(placement.choose(high, Random(0)), Refusal)


def test_a_node_says_why_it_is_refused_as_if_those_had_come_to_whom_it_was_promised() -> None:
    """Also where it would be refused without them: kube-scheduler looks first with them."""
    placement = _cluster([(_FULL, 0)])
    wanted = make_pod("low", cpu="3", **{GPU: "8"})
    alone = placement.choose(wanted, Random(0))
    assert isinstance(alone, Refusal)
    assert alone.message == f"0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient {GPU}."
    fits_beside = make_pod("small", cpu="2", **{GPU: "8"})
    for promised, words in (
        ("", f"1 Insufficient {GPU}"),
        ("n", f"1 Insufficient cpu, 1 Insufficient {GPU}"),
    ):
        placement.nominations.put(make_pod("high", priority=5, cpu="1"), promised)
        refusal = placement.choose(fits_beside, Random(0))
        assert isinstance(refusal, Refusal)
        assert refusal.message == f"0/1 nodes are available: {words}."


class _Broken(Plugin):
    """Fails on one node."""

    name = "Broken"

    def __init__(self, node: str) -> None:
        self.node = node

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        kernel = _BrokenKernel()
        kernel.row_of = partial(nodes.row_of, self.node)
        return kernel


class _BrokenKernel(FilterKernel):
    spanning = True
    may_fail = True
    traits = ()
    row_of: Callable[[], int | None]

    def row(self, row: int) -> bool:
        if row == self.row_of():
            raise PluginError("Broken", "it broke")
        return True

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(row) for row in rows.tolist()], np.bool_)


@pytest.mark.parametrize(
    ("broken", "goes"), [("elsewhere", "mine"), ("mine", "it broke"), ("nowhere", "mine")]
)
def test_the_node_that_a_pod_was_promised_is_looked_at_before_any_other(
    broken: str, goes: str
) -> None:
    """What would fail on another, promised to somebody else, is not met then."""
    nodes = Snapshot()
    for name in ("mine", "elsewhere"):
        nodes.put_node(make_node(name))
    nominations = Nominations()
    placement = Placement(DEFAULT_PROFILE.adding(_Broken(broken)), nodes, nominations)
    nominations.put(make_pod("other", priority=9), "elsewhere")
    wants = make_pod("wants")
    wants = replace(wants, status=PodStatus(nominated_node_name="mine"))
    nominations.put(wants, "mine")
    choice = placement.choose(wants, Random(0))
    assert (choice.message if isinstance(choice, Refusal) else choice) == goes
