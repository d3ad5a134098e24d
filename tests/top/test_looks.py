"""What is made of a look at a cluster, by plain values."""

from orchestrator.api.core.v1 import (
    Container,
    Event,
    Node,
    NodeCondition,
    NodeStatus,
    ObjectReference,
    Pod,
    PodSpec,
    PodStatus,
    ResourceRequirements,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import MicroTime, Time
from orchestrator.apiserver.debugging import ActorFigures
from orchestrator.top import looks
from orchestrator.top.looks import Seen

_CREATED = Time("2024-01-01T00:00:00Z")
_NOW = 1704067260.0  # a minute later


def _pod(name: str, phase: str, node: str = "", *, deleted: bool = False) -> Pod:
    asks = ResourceRequirements(requests={"cpu": "500m", "memory": "1Gi"})
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            uid=name,
            creation_timestamp=_CREATED,
            deletion_timestamp=_CREATED if deleted else None,
        ),
        spec=PodSpec(containers=(Container(name="main", resources=asks),), node_name=node),
        status=PodStatus(phase=phase),
    )


def _node(name: str, ready: str) -> Node:
    return Node(
        metadata=ObjectMeta(name=name, creation_timestamp=_CREATED),
        status=NodeStatus(
            allocatable={"cpu": "4", "memory": "8Gi"},
            conditions=(NodeCondition(type="Ready", status=ready),),
        ),
    )


def test_rates_are_of_what_is_new_since_the_look_before() -> None:
    """Per second of the cluster's time; a pod that is deleted is Terminating, whatever its phase."""
    before = Seen(
        now=_NOW - 2,
        pods=(_pod("a", "Pending"), _pod("b", "Running")),
        actors=(ActorFigures("/apiserver", 0, 100, 0),),
    )
    now = Seen(
        now=_NOW,
        nodes=(_node("one", "True"), _node("two", "Unknown")),
        pods=(
            _pod("a", "Running"),
            _pod("b", "Running", deleted=True),
            _pod("c", "Pending"),
            _pod("d", "Running"),
        ),
        actors=(ActorFigures("/apiserver", 3, 150, 0),),
    )
    summary = looks.summarize(now, before)
    assert (summary.nodes, summary.nodes_ready) == (2, 1)
    assert summary.phases == {"Running": 2, "Terminating": 1, "Pending": 1}
    assert (summary.created_rate, summary.started_rate, summary.message_rate) == (1.0, 1.0, 25.0)
    first = looks.summarize(now, None)
    assert (first.created_rate, first.started_rate, first.message_rate) == (0.0, 0.0, 0.0)


def test_a_node_shows_the_share_that_its_pods_ask_for() -> None:
    """Those that are done ask for nothing any more."""
    pods = (_pod("a", "Running", "one"), _pod("b", "Pending", "one"), _pod("c", "Failed", "one"))
    one, two = looks.node_rows(
        Seen(now=_NOW, nodes=(_node("one", "True"), _node("two", "False")), pods=pods)
    )
    assert one.cells == ("one", "Ready", "2", "25%", "25%", "60s")
    assert two.cells == ("two", "NotReady", "0", "0%", "0%", "60s")


def test_a_pod_shows_what_kubectl_shows_of_it() -> None:
    """With its namespace."""
    (row,) = looks.pod_rows(Seen(now=_NOW, pods=(_pod("a", "Running", "one", deleted=True),)))
    assert row.cells == ("default", "a", "0/1", "Terminating", "0", "60s", "<none>", "one")
    assert row.object.metadata.name == "a"


def test_a_scenario_without_events_says_how_to_have_them() -> None:
    """An empty table would look as if nothing happened."""
    (row,) = looks.event_rows(Seen(now=_NOW, records_events=False))
    assert "simulation: {events: true}" in row.cells[-1]
    assert looks.event_rows(Seen(now=_NOW)) == []


def test_events_come_latest_first() -> None:
    """Whichever of their times they have."""

    def event(name: str, last: Time | None = None, at: MicroTime | None = None) -> Event:
        about = ObjectReference(kind="Pod", name="a")
        return Event(
            metadata=ObjectMeta(name=name, namespace="default"),
            involved_object=about,
            reason=name,
            last_timestamp=last,
            event_time=at,
        )

    rows = looks.event_rows(
        Seen(
            now=_NOW,
            events=(
                event("Old", last=Time("2024-01-01T00:00:10Z")),
                event("New", at=MicroTime("2024-01-01T00:00:50.000000Z")),
            ),
        )
    )
    assert [(row.cells[0], row.cells[2], row.cells[3]) for row in rows] == [
        ("10s", "New", "pod/a"),
        ("50s", "Old", "pod/a"),
    ]


def _tree(children: int, handled: int) -> tuple[ActorFigures, ...]:
    return (
        ActorFigures("/apiserver", 2, 10 * handled, 1),
        ActorFigures("/nodes", 0, handled, 0),
        *(ActorFigures(f"/nodes/node-{n}", 1, handled, 0) for n in range(children)),
        *(ActorFigures(f"/nodes/node-{n}/kubelet", 0, handled, 2) for n in range(children)),
    )


def test_the_tree_of_actors_shows_mailboxes_rates_and_restarts() -> None:
    """Each below its parent; rates need a look before."""
    before = Seen(now=_NOW - 10, actors=_tree(2, 100))
    rows = looks.actor_rows(Seen(now=_NOW, actors=_tree(2, 150)), before, frozenset())
    assert [row.cells for row in rows] == [
        ("apiserver", "2", "50.0", "1,500", "1"),
        ("nodes", "0", "5.0", "150", "0"),
        ("  node-0", "1", "5.0", "150", "0"),
        ("    kubelet", "0", "5.0", "150", "2"),
        ("  node-1", "1", "5.0", "150", "0"),
        ("    kubelet", "0", "5.0", "150", "2"),
    ]


def test_many_children_are_one_row_until_their_parent_is_opened() -> None:
    """With the sums of all that stands below."""
    seen = Seen(now=_NOW, actors=_tree(100, 3))
    folded = looks.actor_rows(seen, None, frozenset())
    assert folded[-1].cells == (
        "  + 100 with 200 actors: Enter shows them",
        "100",
        "0.0",
        "600",
        "200",
    )
    assert folded[-1].key == "fold:/nodes"
    assert len(looks.actor_rows(seen, None, frozenset({"/nodes"}))) == 202


def test_a_server_without_actors_says_so() -> None:
    """A real cluster has none."""
    (row,) = looks.actor_rows(Seen(now=_NOW), None, frozenset())
    assert "no page of its actors" in row.cells[0]
    assert looks.queue_rows(Seen(now=_NOW)) == []


def test_the_longest_queue_stands_first() -> None:
    """An empty mailbox is none; an actor's own queue is shown when it is empty, too."""
    actors = (
        ActorFigures("/apiserver", 7, 0, 0),
        ActorFigures("/scheduler", 0, 0, 0, {"active": 0, "unschedulable": 12}),
    )
    rows = looks.queue_rows(Seen(now=_NOW, actors=actors))
    assert [row.cells for row in rows] == [
        ("/scheduler", "unschedulable", "12"),
        ("/apiserver", "mailbox", "7"),
        ("/scheduler", "active", "0"),
    ]
