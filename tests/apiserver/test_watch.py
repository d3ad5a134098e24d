"""Watches through the server's mailbox: the promises of `apiserver.watch`, one by one."""

from typing import Any

import pytest
from msgspec.structs import replace

from actors import Actor, MailboxSpec
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Binding, ConfigMap, ObjectReference, Pod, PodStatus
from orchestrator.machinery.objects import with_labels
from orchestrator.protocol import (
    BadRequest,
    Expired,
    ServerTimeout,
    ServiceUnavailable,
    Unwatch,
    WatchClosed,
    WatchEvents,
    Watching,
)
from tests.apiserver.harness import (
    Api,
    closed,
    deployment,
    drained,
    events_of,
    meta,
    pod,
    refused,
)


async def bind(api: Api, name: str, node: str) -> Any:
    """Give a pod its node."""
    binding = Binding(metadata=meta(name), target=ObjectReference(kind="Node", name=node))
    pods = api.resource(Pod)
    return await api.create(binding, resource=pods, name=name, subresource="binding")


def in_sequence(answer: Watching, messages: list[Any]) -> bool:
    """Whether the messages follow the answer without a gap, as a reader would check."""
    mine = [m for m in messages if isinstance(m, WatchEvents) and m.channel == answer.channel]
    numbers = [message.sequence for message in mine]
    return numbers == list(range(answer.sequence + 1, answer.sequence + 1 + len(numbers)))


# --- no gap --------------------------------------------------------------------------------


async def test_a_watch_answers_the_state_and_tells_what_follows(api: Api) -> None:
    """Additions, changes and deletions, in order, as the very objects of the store."""
    await api.create(pod("old"))
    async with api.inbox() as inbox:
        answer = await api.watch(inbox, Pod)
        assert [each.metadata.name for each in answer.items] == ["old"]
        assert answer.revision == api.store.revision
        created = await api.create(pod("new"))
        changed = await api.status(replace(created, status=PodStatus(phase="Running")))
        await api.delete(Pod, "old")
        await api.settle()
        messages = drained(inbox)
    assert events_of(messages) == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "old")]
    assert in_sequence(answer, messages)
    events = [event for message in messages for event in message.events]
    assert events[0].object is created
    assert events[0].previous is None
    assert events[1].object is changed
    assert events[1].previous is created
    assert [event.revision for event in events] == sorted(event.revision for event in events)


async def test_a_watch_goes_on_from_a_revision(api: Api) -> None:
    """What happened since is told first, to this watcher alone."""
    await api.create(pod("before"))
    since = api.store.revision
    await api.create(pod("between"))
    async with api.inbox() as first, api.inbox() as second:
        early = await api.watch(first, Pod, since=api.store.revision)
        late = await api.watch(second, Pod, since=since)
        assert early.items == late.items == ()
        await api.create(pod("after"))
        await api.settle()
        told_first, told_second = drained(first), drained(second)
    assert events_of(told_first) == [("ADDED", "after")]
    assert events_of(told_second) == [("ADDED", "between"), ("ADDED", "after")]
    assert in_sequence(early, told_first)
    assert in_sequence(late, told_second)
    assert early.channel == late.channel


async def test_a_replay_is_selected_like_everything_else(api: Api) -> None:
    """Transitions included."""
    read = await api.create(pod("web", {"app": "x"}))
    since = api.store.revision
    await api.update(with_labels(read, {"app": "y"}))
    await api.create(pod("other"))
    async with api.inbox() as inbox:
        await api.watch(inbox, Pod, since=since, label_selector="app=x")
        await api.settle()
        assert events_of(drained(inbox)) == [("DELETED", "web")]


async def test_a_compacted_revision_is_too_old(api: Api) -> None:
    """The watcher must list again."""
    await api.create(pod("a"))
    await api.create(pod("b"))
    api.store.compact(api.store.revision)
    floor = api.store.revision
    async with api.inbox() as inbox:
        error = await refused(Expired, api.watch(inbox, Pod, since=2))
        assert error.message == f"too old resource version: 2 ({floor})"
        await refused(ServerTimeout, api.watch(inbox, Pod, since=floor + 5))
        await refused(BadRequest, api.watch(inbox, Pod, field_selector="spec.color=red"))
    assert api.store.revision == floor


async def test_a_slice_of_writes_makes_one_message(api: Api) -> None:
    """That is what makes many watchers cheap."""
    async with api.inbox() as inbox:
        await api.watch(inbox, Pod)
        pending = [
            api.ref.ask(request)
            for request in [api.creation(pod(name)) for name in ("a", "b", "c")]
        ]
        for each in pending:
            await each
        await api.settle()
        messages = drained(inbox)
    assert len(messages) == 1
    assert events_of(messages) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]


async def test_watchers_of_the_same_get_the_same_message(api: Api) -> None:
    """Not an equal one: what is derived from it may be remembered by its identity."""
    async with api.inbox() as first, api.inbox() as second, api.inbox() as other:
        await api.watch(first, Pod, label_selector="app=x")
        await api.watch(second, Pod, label_selector="app=x")
        await api.watch(other, Pod)
        await api.create(pod("web", {"app": "x"}))
        await api.settle()
        (one,), (two,), (three,) = drained(first), drained(second), drained(other)
    assert one is two
    assert one is not three


# --- selectors -----------------------------------------------------------------------------


async def test_selectors_select_transitions(api: Api) -> None:
    """Coming to match is ADDED, ceasing to is DELETED with the state that matched last."""
    async with api.inbox() as inbox:
        await api.watch(inbox, Pod, label_selector="app=x")
        read = await api.create(pod("web", {"app": "y"}))
        read = await api.update(with_labels(read, {"app": "x"}))
        read = await api.update(with_labels(read, {"more": "1"}))
        read = await api.update(with_labels(read, {"app": "y"}))
        await api.update(with_labels(read, {"more": "2"}))
        await api.delete(Pod, "web")
        await api.settle()
        messages = drained(inbox)
    assert events_of(messages) == [("ADDED", "web"), ("MODIFIED", "web"), ("DELETED", "web")]
    events = [event for message in messages for event in message.events]
    assert events[0].previous is None
    assert events[2].object.metadata.labels == {"app": "x", "more": "1"}
    assert events[2].object.metadata.resource_version == read.metadata.resource_version


async def test_a_node_sees_its_pods_only(api: Api) -> None:
    """From the moment that they are bound to it, and whatever becomes of them."""
    async with api.inbox() as mine, api.inbox() as others, api.inbox() as unbound:
        await api.watch(mine, Pod, field_selector="spec.nodeName=n1")
        await api.watch(others, Pod, field_selector="spec.nodeName=n2")
        await api.watch(unbound, Pod, field_selector="spec.nodeName=")
        await api.create(pod("web"))
        await bind(api, "web", "n1")
        await api.delete(Pod, "web", grace_period_seconds=0)
        await api.settle()
        assert events_of(drained(mine)) == [("ADDED", "web"), ("DELETED", "web")]
        assert events_of(drained(others)) == []
        assert events_of(drained(unbound)) == [("ADDED", "web"), ("DELETED", "web")]


async def test_a_namespace_is_a_selector_too(api: Api) -> None:
    """So is a name."""
    async with api.inbox() as there, api.inbox() as here, api.inbox() as one:
        await api.watch(there, ConfigMap, namespace="kube-public")
        await api.watch(here, ConfigMap, namespace="default")
        await api.watch(one, ConfigMap, namespace="default", field_selector="metadata.name=b")
        await api.create(ConfigMap(metadata=meta("a")))
        await api.create(ConfigMap(metadata=meta("b")))
        await api.create(ConfigMap(metadata=meta("b", namespace="kube-public")))
        await api.settle()
        assert events_of(drained(there)) == [("ADDED", "b")]
        assert events_of(drained(here)) == [("ADDED", "a"), ("ADDED", "b")]
        assert events_of(drained(one)) == [("ADDED", "b")]


# --- batches and bookmarks -----------------------------------------------------------------


async def test_a_batching_watch_holds_changes_back(api: Api) -> None:
    """Until so many seconds after the first; nothing is lost, all come in one message."""
    async with api.inbox() as inbox:
        answer = await api.watch(inbox, ConfigMap, batch_seconds=2.0)
        await api.create(ConfigMap(metadata=meta("a")))
        await api.settle(1)
        await api.create(ConfigMap(metadata=meta("b")))
        await api.settle(0.9)
        assert drained(inbox) == []
        await api.settle(0.2)
        messages = drained(inbox)
        assert len(messages) == 1
        assert events_of(messages) == [("ADDED", "a"), ("ADDED", "b")]
        assert messages[0].revision == api.store.revision
        await api.create(ConfigMap(metadata=meta("c")))
        await api.settle(3)
        messages += drained(inbox)
    assert events_of(messages)[2:] == [("ADDED", "c")]
    assert in_sequence(answer, messages)


async def test_a_batch_in_waiting_is_not_for_who_comes_later(api: Api) -> None:
    """The newcomer's state has it already."""
    async with api.inbox() as first, api.inbox() as second:
        await api.watch(first, ConfigMap, batch_seconds=2.0)
        await api.create(ConfigMap(metadata=meta("a")))
        answer = await api.watch(second, ConfigMap, batch_seconds=2.0)
        assert "a" in [each.metadata.name for each in answer.items]
        await api.create(ConfigMap(metadata=meta("b")))
        await api.settle(5)
        assert events_of(drained(first)) == [("ADDED", "a"), ("ADDED", "b")]
        messages = drained(second)
    assert events_of(messages) == [("ADDED", "b")]
    assert in_sequence(answer, messages)


async def test_a_lazy_watch_holds_back_what_leaves_the_metadata_alone(api: Api) -> None:
    """Anything else comes at once, after what was held back."""
    async with api.inbox() as inbox:
        answer = await api.watch(inbox, ConfigMap, batch_seconds=5.0, lazy=True)
        a = await api.create(ConfigMap(metadata=meta("a")))
        await api.settle(0.1)
        messages = drained(inbox)
        assert events_of(messages) == [("ADDED", "a")]
        a = await api.update(replace(a, data={"n": "1"}))
        await api.settle(4)
        assert drained(inbox) == []
        await api.settle(2)
        messages += drained(inbox)
        assert events_of(messages)[1:] == [("MODIFIED", "a")]
        a = await api.update(replace(a, data={"n": "2"}))
        await api.settle(1)
        a = await api.update(replace(a, metadata=replace(a.metadata, labels={"l": "1"})))
        await api.settle(0.1)
        last = drained(inbox)
        assert [each.object.data["n"] for each in last[0].events] == ["2", "2"]
        await api.update(replace(a, data={"n": "3"}))
        await api.delete(ConfigMap, "a")
        await api.settle(0.1)
        messages += last + drained(inbox)
        assert events_of(messages)[4:] == [("MODIFIED", "a"), ("DELETED", "a")]
    assert in_sequence(answer, messages)


async def test_an_idle_channel_gives_a_sign_of_life(api: Api) -> None:
    """Once a minute, with a number of its own: a lost last message does not go unnoticed."""
    async with api.inbox() as inbox:
        answer = await api.watch(inbox, ConfigMap)
        await api.settle(150)
        messages = drained(inbox)
        assert 2 <= len(messages) <= 3
        assert all(message.events == () for message in messages)
        assert in_sequence(answer, messages)
        assert messages[-1].revision == api.store.revision


async def test_a_busy_channel_needs_no_sign_of_life(api: Api) -> None:
    """Its messages are sign enough."""
    async with api.inbox() as inbox:
        await api.watch(inbox, ConfigMap)
        for number in range(10):
            await api.create(ConfigMap(metadata=meta(f"a-{number}")))
            await api.settle(30)
        assert all(message.events for message in drained(inbox))


# --- ends ----------------------------------------------------------------------------------


async def test_a_slow_watcher_is_cut_off(api: Api) -> None:
    """It hears of it as soon as there is room, and of nothing after it."""
    async with api.inbox(capacity=2) as slow, api.inbox() as quick:
        await api.watch(slow, ConfigMap, "slow")
        await api.watch(quick, ConfigMap, "quick")
        for number in range(6):
            await api.create(ConfigMap(metadata=meta(f"a-{number}")))
            await api.settle()
        await api.settle(10)
        seen = drained(slow)
        assert len(seen) == 2
        await api.settle(2)
        (end,) = drained(slow)
        assert isinstance(end, WatchClosed)
        assert end.token == "slow"
        assert isinstance(end.error, Expired)
        await api.create(ConfigMap(metadata=meta("later")))
        await api.settle(5)
        assert drained(slow) == []
        assert len(events_of(drained(quick))) == 7
        again = await api.watch(slow, ConfigMap, "slow")
        assert len(again.items) >= 7


async def test_asking_again_replaces_a_watch(api: Api) -> None:
    """A restarted actor leaves nothing behind."""
    async with api.inbox() as inbox:
        await api.watch(inbox, ConfigMap)
        await api.watch(inbox, Deployment)
        await api.create(ConfigMap(metadata=meta("a")))
        await api.create(deployment("web"))
        await api.settle()
        assert events_of(drained(inbox)) == [("ADDED", "web")]


async def test_two_watches_of_one_sink_are_two_channels(api: Api) -> None:
    """Even if they ask for the same: each reader counts its own messages."""
    async with api.inbox() as inbox:
        one = await api.watch(inbox, ConfigMap, "one")
        two = await api.watch(inbox, ConfigMap, "two")
        assert one.channel != two.channel
        await api.create(ConfigMap(metadata=meta("a")))
        await api.settle()
        messages = drained(inbox)
    assert in_sequence(one, messages)
    assert in_sequence(two, messages)
    assert len(messages) == 2


async def test_an_unwatched_watch_is_silent(api: Api) -> None:
    """Ending it twice does nothing."""
    async with api.inbox() as inbox:
        await api.watch(inbox, ConfigMap)
        for _ in range(2):
            api.ref.tell(Unwatch(sink=inbox.ref, token="test"))
        await api.create(ConfigMap(metadata=meta("a")))
        await api.settle(120)
        assert drained(inbox) == []


async def test_a_stopped_sink_is_forgotten(api: Api) -> None:
    """Nobody tells the dead."""
    async with api.inbox() as inbox:
        await api.watch(inbox, ConfigMap)
        assert (await api.statistics()).watches == 1
    await api.settle()
    await api.create(ConfigMap(metadata=meta("a")))
    assert (await api.statistics()).watches == 0
    assert (await api.statistics()).channels == 0
    assert api.system.dead_letter_count == 0


# --- crashes -------------------------------------------------------------------------------


async def test_a_crash_ends_every_watch(api: Api) -> None:
    """So that nobody waits for a server that has forgotten."""
    async with api.inbox() as one, api.inbox() as two:
        before = await api.watch(one, ConfigMap, "a")
        await api.watch(two, Pod, "b", field_selector="spec.nodeName=n1")
        await api.crash()
        (first,), (second,) = closed(drained(one)), closed(drained(two))
        assert (first.token, second.token) == ("a", "b")
        after = await api.watch(one, ConfigMap, "a", since=before.revision)
        assert after.channel != before.channel
        await api.create(ConfigMap(metadata=meta("a")))
        await api.settle()
        messages = drained(one)
    assert events_of(messages) == [("ADDED", "a")]
    assert in_sequence(after, messages)


async def test_a_crash_reaches_even_a_watcher_with_a_full_mailbox(api: Api) -> None:
    """As soon as there is room."""
    async with api.inbox(capacity=1) as inbox:
        await api.watch(inbox, ConfigMap)
        await api.create(ConfigMap(metadata=meta("a")))
        await api.settle()
        await api.crash()
        await api.settle(5)
        assert events_of(drained(inbox)) == [("ADDED", "a")]
        await api.settle(5)
        assert len(closed(drained(inbox))) == 1


class Quiet(Actor):
    """Takes whatever comes and keeps the ends."""

    def __init__(self, ends: list[WatchClosed]) -> None:
        self._ends = ends

    def on_events(self, message: WatchEvents) -> None:
        """Nothing."""

    def on_closed(self, message: WatchClosed) -> None:
        """An end."""
        self._ends.append(message)


async def test_a_stop_ends_every_watch() -> None:
    """There will be no next incarnation to say so."""
    ends: list[WatchClosed] = []
    async with Api() as api:
        sink = api.system.spawn(lambda: Quiet(ends), "sink", mailbox=MailboxSpec(capacity=10))
        await api.watch_with(sink, ConfigMap)
        await api.stop()
        await api.settle()
    (end,) = ends
    assert isinstance(end.error, ServiceUnavailable)


@pytest.mark.parametrize("number", range(3))
async def test_writes_survive_a_crash(api: Api, number: int) -> None:
    """What was answered is there, and what is derived from it is counted again."""
    await api.create(pod(f"web-{number}"))
    await bind(api, f"web-{number}", "n1")
    await api.crash()
    assert await api.list(Pod, field_selector="spec.nodeName=n1") == [f"web-{number}"]
