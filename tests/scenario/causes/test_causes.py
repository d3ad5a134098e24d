"""One object's story: what is told of it, what is left out, and how it looks."""

from xml.etree import ElementTree

import pytest

import actors
from actors import Trace
from orchestrator import Cluster
from orchestrator.cluster import About, Subject
from orchestrator.scenario.causes import (
    CausesError,
    ObjectName,
    describe,
    draw_causes,
    parse_object,
)
from orchestrator.scenario.causes.lanes import MAX_ARROWS, fold
from orchestrator.scenario.causes.story import find_story
from orchestrator.scenario.causes.text import MAX_LINES, tree_lines
from orchestrator.scenario.causes.timeline import MAX_ROWS, rows_of, ticks, tone_of
from tests.manifests import deployment, service

WEB = ObjectName("Deployment", "", "web")


async def _traced(nodes: int, replicas: int) -> Trace:
    async with Cluster(nodes=nodes, trace=True) as cluster:
        await cluster.clock.sleep(3)
        await cluster.apply([service(), deployment(replicas=replicas)])
        await cluster.clock.sleep(30)
        assert cluster.system.trace is not None
        return cluster.system.trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return actors.run(_traced, 3, 3)


@pytest.fixture(scope="module")
def large() -> Trace:
    return actors.run(_traced, 12, 40)


def test_the_story_goes_from_the_request_to_the_nodes(trace: Trace) -> None:
    """Each of the pods is created, bound, started, ready; in the end the Deployment is."""
    story = find_story(trace, WEB)
    assert story.object == ObjectName("Deployment", "default", "web")
    pods: dict[str, list[str]] = {}
    for change in story.states:
        if change.object.kind == "Pod":
            pods.setdefault(change.object.name, []).append(change.state)
    assert list(pods.values()) == [["created", "bound", "ready"]] * 3
    by_kind = {change.object.kind: change for change in story.states}
    assert by_kind["Deployment"].state == by_kind["ReplicaSet"].state == "3 of 3 ready"
    assert by_kind["EndpointSlice"].state == "3 ready"
    assert by_kind["Deployment"].by == "/controllers/deployment"


def test_what_moved_nobody_is_left_out_and_counted(trace: Trace) -> None:
    """Answers, Event objects, and news for those who had nothing to do."""
    story = find_story(trace, WEB)
    assert len(story.told) < story.messages / 3
    assert "/controllers/podgc" in story.bystanders
    assert story.events > 0
    for entry in story.told:
        assert entry.kind != "reply"
        assert entry.target not in story.bystanders
        if isinstance(entry.about, About):
            assert all(subject.kind != "Event" for subject in entry.about.subjects)


def test_a_pods_story_begins_with_its_own_creation(trace: Trace) -> None:
    """Though its name was made by the API server; the kind's case does not matter."""
    pod = next(c.object for c in find_story(trace, WEB).states if c.object.kind == "Pod")
    story = find_story(trace, ObjectName("pod", "default", pod.name))
    assert story.begin.sender == "/controllers/replicaset"
    assert [c.state for c in story.states if c.object == pod] == [
        "created",
        "bound",
        "ready",
    ]


def test_equal_messages_are_folded(large: Trace) -> None:
    """And so are the nodes: there are as many arrows as with three pods on three nodes."""
    sequence = fold(find_story(large, WEB))
    assert sequence.left_out == 0
    assert len(sequence.arrows) < 60
    titles = [(lane.title, lane.subtitle) for lane in sequence.lanes]
    assert titles[0] == ("client", "")
    assert ("proxies", "of 12 nodes") in titles
    counts = {arrow.label.full: arrow.count for arrow in sequence.arrows}
    assert counts["create Pod"] == counts["bind Pod"] == 40
    assert counts["create Deployment web"] == 1


def test_objects_with_equal_fates_share_a_row_when_there_are_many(large: Trace) -> None:
    """A row for all the pods, one each for the others."""
    rows = rows_of(find_story(large, WEB))
    assert len(rows) <= MAX_ROWS
    assert [row.name for row in rows if row.name.startswith("40 Pods such as web-")]


def test_the_tree_is_text_for_a_terminal(trace: Trace) -> None:
    """From the request down, equal branches folded, the times of what came later."""
    text = describe(trace, WEB)
    lines = text.splitlines()
    assert lines[0].startswith("Deployment/default/web: ")
    assert "client to API server: create Deployment web" in lines
    # With the third one the scheduler is told what could wait until then, so its branch is another one.
    assert "scheduler to API server: bind Pod x2" in text
    assert "runtime to kubelet: Container web started x2  +1.0 s" in text
    assert "3 Pods: bound" in text
    assert len(tree_lines(find_story(trace, WEB))) <= MAX_LINES


def test_the_page_is_whole_and_well_formed(trace: Trace) -> None:
    """It loads nothing, and its drawings (the sequence's heads are one) are XML."""
    page = draw_causes(trace, WEB)
    assert page.startswith("<!doctype html>")
    for loaded in ("<script", "src=", "href=", "url(", "@import"):
        assert loaded not in page
    drawings = page.split("<svg")[1:]
    assert len(drawings) == 3
    for drawing in drawings:
        ElementTree.fromstring("<svg" + drawing.split("</svg>")[0] + "</svg>")


def test_it_is_the_same_page_each_time(trace: Trace) -> None:
    """In a run of its own, too."""
    assert draw_causes(trace, WEB) == draw_causes(actors.run(_traced, 3, 3), WEB)


def test_names_are_escaped() -> None:
    """Whatever somebody called an object."""
    page = draw_causes(_small('<b>"&'), ObjectName("Thing", "", '<b>"&'))
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_a_refusal_is_told() -> None:
    """It is the one answer that changes the story."""
    trace = _small("t")
    trace.describe = lambda _: About("refused", ())
    trace.note(3, 1.0, "/apiserver", "/controllers/x", None, "reply")
    arrows = fold(find_story(trace, ObjectName("Thing", "", "t"))).arrows
    assert [arrow.refused for arrow in arrows] == [False, False, True]
    assert "API server refuses x controller" in describe(trace, ObjectName("Thing", "", "t"))


def test_too_many_arrows_are_left_out_and_counted() -> None:
    """The page stays one that can be read."""
    trace = _small("t")
    for second in range(300):
        trace.note(1, 5.0 + second, "/controllers/x", "/apiserver", Create(), "ask")
    sequence = fold(find_story(trace, ObjectName("Thing", "", "t")))
    assert len(sequence.arrows) == MAX_ARROWS
    assert sequence.left_out == 302 - MAX_ARROWS
    assert f"{302 - MAX_ARROWS} more arrows" in draw_causes(trace, ObjectName("Thing", "", "t"))


class Create:
    """Its name is what counts."""


class Thing:
    """An answer."""


def _small(name: str) -> Trace:
    """A thing is created, and somebody writes one more."""
    trace = Trace()
    trace.describe = lambda message: About(
        "create" if type(message) is Create else "", (Subject("Thing", "", name),)
    )
    trace.note(0, 0.0, "", "/apiserver", Create(), "ask")
    trace.note(1, 0.0, "/apiserver", "", Thing(), "reply")
    trace.note(1, 1.0, "/controllers/x", "/apiserver", Create(), "ask")
    return trace


@pytest.mark.parametrize("name", ["absent", "web/"])
def test_an_object_that_was_not_created_is_an_error(trace: Trace, name: str) -> None:
    """It says what there is of this kind."""
    with pytest.raises(CausesError, match="there are Deployment/default/web"):
        find_story(trace, ObjectName("Deployment", "", name))
    with pytest.raises(CausesError, match="nothing of this kind was"):
        find_story(trace, ObjectName("Cow", "", name))


def test_a_trace_whose_beginning_is_forgotten_says_so() -> None:
    """The creation may have been there."""
    trace = Trace(capacity=1)
    trace.note(0, 0.0, "", "/apiserver", Create(), "ask")
    trace.note(1, 0.0, "/apiserver", "", Thing(), "reply")
    with pytest.raises(CausesError, match="the first 1 messages are forgotten"):
        find_story(trace, WEB)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Deployment/web", ObjectName("Deployment", "", "web")),
        ("pod/prod/db", ObjectName("Pod", "prod", "db")),
        ("deploy/web", ObjectName("Deployment", "", "web")),
        ("deployments/web", ObjectName("Deployment", "", "web")),
        ("svc/web", ObjectName("Service", "", "web")),
        ("nothing/web", ObjectName("nothing", "", "web")),
    ],
)
def test_objects_are_named_by_kind_and_name(text: str, name: ObjectName) -> None:
    """With the namespace between them or without."""
    assert parse_object(text) == name


@pytest.mark.parametrize("text", ["", "web", "Deployment/", "/web", "a/b/c/d"])
def test_a_name_in_another_form_is_refused(text: str) -> None:
    """With the form that is expected."""
    with pytest.raises(ValueError, match="expected KIND/NAME"):
        parse_object(text)


@pytest.mark.parametrize("end", [1e-6, 0.3, 1, 2.5, 7, 60, 3600, 1e7])
def test_ticks_are_round_and_few(end: float) -> None:
    """Four to eleven, from 0 to the end."""
    found = ticks(end)
    assert found[0] == 0
    assert found[-1] <= end * 1.000001
    assert 4 <= len(found) <= 11


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        ("created", "wait"),
        ("2 of 3 ready", "wait"),
        ("3 of 3 ready", "good"),
        ("0 of 0 ready", "good"),
        ("0 ready", "wait"),
        ("4 ready", "good"),
        ("failed", "bad"),
        ("deleted", "gone"),
        ("1 active, 0 succeeded", "wait"),
    ],
)
def test_a_states_tone_says_whether_it_is_wanted(state: str, tone: str) -> None:
    """What is on its way there waits."""
    assert tone_of(state) == tone
