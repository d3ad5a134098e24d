"""The scheduling queue: order, back-off, and what brings a pod back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.backoff import QueuedPod
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.queue import FLUSH_SECONDS, SchedulingQueue
from tests.scheduler.objects import make_pod

HELPED_BY = {
    ClusterEvent.NODE_ADDED: frozenset({"Fit", "Name"}),
    ClusterEvent.POD_REMOVED: frozenset({"Fit"}),
    ClusterEvent.OWN_LABELS: frozenset({"Fit"}),
}


def _queue(**more: Any) -> SchedulingQueue:
    return SchedulingQueue(HELPED_BY, **more)


def _names(queue: SchedulingQueue) -> list[str]:
    names = []
    while (queued := queue.pop()) is not None:
        names.append(queued.pod.metadata.name)
    return names


def _popped(queue: SchedulingQueue) -> QueuedPod:
    queued = queue.pop()
    assert queued is not None
    return queued


@given(st.lists(st.integers(-5, 5), max_size=20))
def test_the_highest_priority_comes_first_then_who_waits_longest(priorities: list[int]) -> None:
    queue = _queue()
    for number, priority in enumerate(priorities):
        queue.put(make_pod(f"p{number}", priority=priority), float(number))
    expected = sorted(range(len(priorities)), key=lambda n: (-priorities[n], n))
    assert _names(queue) == [f"p{n}" for n in expected]


def test_a_refused_pod_waits_for_an_event_that_can_help() -> None:
    queue = _queue()
    queue.put(make_pod("a"), 0.0)
    queue.fail(_popped(queue), frozenset({"Name"}), 0.0)
    queue.happened(ClusterEvent.POD_REMOVED, 100.0)
    assert queue.depths["unschedulable"] == 1
    queue.happened(ClusterEvent.NODE_ADDED, 100.0)
    assert _names(queue) == ["a"]


def test_the_back_off_doubles_from_one_to_ten_seconds() -> None:
    """It ends with the second after, so that those of one second come back together."""
    queue = _queue()
    queue.put(make_pod("a"), 0.0)
    now, delays = 0.0, []
    for _ in range(6):
        queue.fail(_popped(queue), frozenset(), now)
        due = queue.advance(now)
        assert due is not None
        assert queue.pop() is None
        delays.append(due - now)
        now = due
        queue.advance(now)
    assert delays == [1 + 1, 2 + 1, 4 + 1, 8 + 1, 10 + 1, 10 + 1]


def test_a_pod_in_back_off_is_tried_when_nothing_is_active() -> None:
    """Of those that plugins refused, who comes first by its time; but not one that met an error."""
    queue = _queue()
    for name, refused_by in (("a", {"Fit"}), ("b", {"Fit"}), ("error", set[str]())):
        queue.put(make_pod(name), 0.0)
        queue.fail(_popped(queue), frozenset(refused_by), 1.5 if name == "a" else 0.0)
    queue.happened(ClusterEvent.NODE_ADDED, 1.6)
    queue.put(make_pod("new"), 1.7)
    assert _names(queue) == ["new", "b", "a"]
    assert queue.depths["backoff"] == 1


def test_who_comes_back_in_one_second_comes_by_priority() -> None:
    """And a pod's turn among equals counts from when it failed last."""
    queue = _queue()
    for number, priority in enumerate((1, 3, 2, 1)):
        queue.put(make_pod(f"p{number}", priority=priority), float(number))
    failed = [_popped(queue) for _ in range(4)]
    for number, queued in enumerate(failed):
        queue.fail(queued, frozenset({"Fit"}), 10.9 - number / 10)
    queue.happened(ClusterEvent.NODE_ADDED, 10.95)
    assert queue.advance(10.95) == 12.0
    queue.advance(12.0)
    assert _names(queue) == ["p1", "p2", "p3", "p0"]


def test_what_happens_while_a_pod_is_in_flight_counts_when_it_comes_back() -> None:
    """If it may help; a change of the pod itself, too."""
    helped = {}
    own = ClusterEvent.OWN_LABELS, ClusterEvent.OWN_OTHER
    for event in (ClusterEvent.NODE_ADDED, ClusterEvent.NODE_TAINTS, *own):
        queue = _queue()
        queue.put(make_pod("a"), 0.0)
        queued = _popped(queue)
        queue.take_off(queued)
        if event in own:
            queue.change(queued.pod, queued.pod, (event,), 0.5)
        else:
            queue.happened(event, 0.5)
        assert len(queue) == 0
        queue.fail(queued, frozenset({"Fit"}), 1.0)
        helped[event] = queue.depths["backoff"] == 1
    assert [event for event, is_helped in helped.items() if is_helped] == [
        ClusterEvent.NODE_ADDED,
        ClusterEvent.OWN_LABELS,
    ]


def test_a_change_of_a_refused_pod_counts_if_who_refused_it_says_so() -> None:
    """As for any other event: a new image does not make room."""
    queue = _queue()
    queue.put(make_pod("a"), 0.0)
    queue.fail(_popped(queue), frozenset({"Fit"}), 0.0)
    other = make_pod("a", labels={"is": "another"})
    queue.change(make_pod("a"), other, (ClusterEvent.OWN_OTHER,), 5.0)
    assert queue.depths["unschedulable"] == 1
    assert queue.pod_of("a") is other
    queue.change(make_pod("a"), other, (ClusterEvent.OWN_OTHER, ClusterEvent.OWN_LABELS), 5.0)
    assert _names(queue) == ["a"]


def test_a_promise_that_ends_helps_those_who_had_to_respect_it() -> None:
    """Who is more important than the pod that goes has not looked at its promise."""
    queue = _queue()
    for number, priority in enumerate((5, 6, 7)):
        queue.put(make_pod(f"p{priority}", priority=priority), float(number))
        queue.fail(_popped(queue), frozenset({"Fit"}), 0.0)
    queue.happened(ClusterEvent.POD_REMOVED, 5.0, most=6)
    assert _names(queue) == ["p6", "p5"]


def test_a_gate_is_asked_when_a_refused_pod_comes_back() -> None:
    gates: dict[str, str] = {}
    queue = _queue(gate=lambda pod: gates.get(pod.metadata.name, ""))
    queue.put(make_pod("a"), 0.0)
    queue.fail(_popped(queue), frozenset({"Name"}), 0.0)
    gates["a"] = "Fit"
    queue.happened(ClusterEvent.NODE_ADDED, 5.0)
    assert queue.depths["gated"] == 1
    gates.clear()
    queue.happened(ClusterEvent.POD_REMOVED, 6.0)
    assert _names(queue) == ["a"]


def test_an_unschedulable_pod_comes_back_after_five_minutes() -> None:
    queue = _queue()
    queue.put(make_pod("a"), 0.0)
    queue.fail(_popped(queue), frozenset({"Fit"}), 7.0)
    assert queue.advance(8.0) == 7.0 + FLUSH_SECONDS
    assert queue.pop() is None
    queue.advance(7.0 + FLUSH_SECONDS)
    assert _names(queue) == ["a"]


def test_a_gated_pod_waits_until_it_is_put_without_gates() -> None:
    gates = {"a": "Gate"}
    queue = _queue(gate=lambda pod: gates.get(pod.metadata.name, ""))
    assert queue.put(make_pod("a"), 0.0) == "Gate"
    queue.happened(ClusterEvent.NODE_ADDED, 1.0)
    queue.advance(10_000.0)
    assert queue.pop() is None
    gates.clear()
    assert queue.put(make_pod("a"), 2.0) == ""
    assert _names(queue) == ["a"]


def test_a_gate_is_asked_again_when_something_may_have_opened_it() -> None:
    """Only by events that help the plugin that shut it."""
    gates = {"a": "Fit"}
    queue = _queue(gate=lambda pod: gates.get(pod.metadata.name, ""))
    queue.put(make_pod("a"), 0.0)
    queue.happened(ClusterEvent.NODE_ADDED, 1.0)
    assert queue.pop() is None
    gates.clear()
    queue.happened(ClusterEvent.NODE_TAINTS, 1.5)
    assert queue.pop() is None
    queue.happened(ClusterEvent.NODE_ADDED, 2.0)
    assert _names(queue) == ["a"]


def test_a_plugin_may_say_which_events_help_which_pod() -> None:
    """The event and the object before and after are what it is asked about."""
    asked = []

    def hint(pod: Pod, event: ClusterEvent, old: object, new: object) -> bool:
        asked.append((pod.metadata.name, event, old, new))
        return pod.metadata.name == new

    queue = _queue(hints={"Fit": hint})
    for name in ("a", "b"):
        queue.put(make_pod(name), 0.0)
        queued = queue.pop()
        assert queued is not None
        queue.fail(queued, frozenset({"Fit"}), 0.0)
    queue.happened(ClusterEvent.NODE_ADDED, 20.0, "old", "b")
    assert _names(queue) == ["b"]
    assert asked == [(name, ClusterEvent.NODE_ADDED, "old", "b") for name in ("a", "b")]


_OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "gate", "remove", "pop-fail", "pop-error", "event", "advance"]),
        st.integers(0, 4),
        st.sampled_from(list(ClusterEvent)),
    ),
    max_size=60,
)


@given(_OPERATIONS)
def test_no_pod_is_lost_and_none_is_twice_in_the_queue(
    operations: list[tuple[str, int, ClusterEvent]],
) -> None:
    gated, waiting, now = set[str](), set[str](), 0.0
    queue = _queue(gate=lambda pod: "Gate" if pod.metadata.name in gated else "")
    for operation, number, event in operations:
        now += 0.7
        name = f"p{number}"
        if operation in ("put", "gate"):
            (gated.add if operation == "gate" else gated.discard)(name)
            queue.put(make_pod(name), now)
            waiting.add(name)
        elif operation == "remove":
            queue.remove(name)
            waiting.discard(name)
        elif operation == "event":
            queue.happened(event, now)
        elif operation == "advance":
            queue.advance(now)
        else:
            queued = queue.pop()
            if queued is not None:
                refused = frozenset({"Fit"}) if operation == "pop-fail" else frozenset()
                queue.fail(queued, refused, now)
        assert sum(queue.depths.values()) == len(queue) == len(waiting)
        assert min(queue.depths.values()) >= 0
    gated.clear()
    for name in waiting:
        queue.put(make_pod(name), now)
    found = []
    for _ in range(20):
        now += FLUSH_SECONDS
        queue.advance(now)
        found += _names(queue)
    assert sorted(found) == sorted(waiting)


def test_an_event_brings_back_those_that_it_may_help_in_the_order_in_which_they_failed() -> None:
    """Whoever refused them; the others stay."""
    queue = _queue()
    refusing = {"a": {"Fit"}, "b": {"Name"}, "c": {"Fit", "Name"}, "d": {"Other"}, "e": {"Fit"}}
    for name in refusing:
        queue.put(make_pod(name), 0.0)
    for _ in refusing:
        queued = _popped(queue)
        queue.fail(queued, frozenset(refusing[queued.pod.metadata.name]), 0.0)
    queue.remove("e")
    queue.happened(ClusterEvent.NODE_ADDED, 100.0)
    assert _names(queue) == ["a", "b", "c"]
    assert queue.depths["unschedulable"] == 1


def test_who_is_tried_again_and_again_at_one_moment_waits_for_the_next() -> None:
    """Time would never go on."""
    queue = _queue()
    queue.put(make_pod("a"), 5.0)
    tries = 0
    while (queued := queue.pop()) is not None:
        tries += 1
        assert tries < 1000
        queue.fail(queued, frozenset({"Name"}), 5.0)
        queue.happened(ClusterEvent.NODE_ADDED, 5.0)
    assert tries > 1
    due = queue.advance(5.0)
    assert due is not None
    queue.advance(due)
    assert _names(queue) == ["a"]


@given(st.integers(0, 10**12).map(lambda n: n / 997e3))
def test_what_is_due_comes_back_at_the_moment_that_was_answered(failed_at: float) -> None:
    """However floats round: one who waits for that moment must not be told to wait for it again."""
    queue = _queue()
    queue.put(make_pod("a"), failed_at)
    queue.fail(_popped(queue), frozenset({"Name"}), failed_at)
    due = queue.advance(failed_at)
    assert due is not None
    queue.advance(due)
    assert _names(queue) == ["a"]


def test_who_comes_to_which_queue_is_counted_by_kube_schedulers_names() -> None:
    """A gated pod is one of the unschedulable."""
    gates = {"shut": "SchedulingGates"}
    came: list[tuple[str, str]] = []
    queue = _queue(
        gate=lambda pod: gates.get(pod.metadata.name, ""),
        incoming=lambda name, event: came.append((name, event)),
    )
    for name in ("open", "shut"):
        queue.put(make_pod(name), 0.0)
    queue.fail(_popped(queue), frozenset({"Fit"}), 5.0)
    queue.happened(ClusterEvent.POD_REMOVED, 9.0, make_pod("gone"))
    assert came == [
        ("active", "UnschedulablePodAdd"),
        ("unschedulable", "UnschedulablePodAdd"),
        ("unschedulable", "ScheduleAttemptFailure"),
        ("active", "AssignedPodDelete"),
    ]
