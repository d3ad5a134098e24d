"""The hub beside a list: whatever happens, what a watcher was told is what a list would say."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors import Timer
from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.selection import compiled
from orchestrator.apiserver.watch import ChannelKey, Watchers, WatchHub
from orchestrator.protocol import Event, WatchClosed, WatchEvents
from orchestrator.store import MemoryStore, Write

PODS = resource_of(Pod)
# Few of each, so that watchers share channels and changes concern them.
PLACES = st.sampled_from([("a", "p"), ("a", "q"), ("b", "p")])
NODES = st.sampled_from(["", "n1", "n1", "n2"])
APPS = st.sampled_from(["x", "y"])
WRITES = st.lists(st.tuples(PLACES, NODES, APPS, st.booleans()), min_size=1, max_size=4)
SELECTIONS = st.sampled_from(
    [
        ("", "", "", 0.0),
        ("", "", "spec.nodeName=n1", 0.0),
        ("", "app=x", "", 0.0),
        ("", "", "", 1.0),
        ("a", "app!=x", "spec.nodeName=n1", 0.0),
        ("a", "", "metadata.name=p", 1.0),
        ("", "app=x", "", 1.0),
    ]
)


class Sink:
    """A mailbox with a bound, and the reader behind it."""

    stopped = False

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.mailbox: list[Any] = []

    def offer(self, message: Any) -> bool:
        """As a Ref's."""
        if len(self.mailbox) >= self.capacity:
            return False
        self.mailbox.append(message)
        return True


class Reader:
    """What a client makes of a watch: the state, or the knowledge that it must list again."""

    def __init__(self, hub: WatchHub, store: MemoryStore, sink: Any, selection: Any) -> None:
        self.hub, self.store, self.sink = hub, store, sink
        self.namespace, labels, fields, batch = selection
        self.selection = compiled("pods", labels, fields)
        self.key = ChannelKey("pods", PODS, self.namespace, labels, fields, batch)
        self.ended = False
        self.state = dict(self.wanted())
        seat = hub.join(sink, "t", self.key, self.selection, None)
        self.channel, self.sequence = seat.channel, seat.sequence
        self.revision = store.revision

    def rejoin(self) -> None:
        """Go on from the last revision seen."""
        changes = self.store.changes_since("pods", self.revision)
        self.sink.mailbox.clear()
        seat = self.hub.join(self.sink, "t", self.key, self.selection, None, changes)
        self.channel, self.sequence = seat.channel, seat.sequence
        self.ended = False

    def wanted(self) -> dict[tuple[str, str], Any]:
        """What a list would say now."""
        found = self.store.list("pods", self.namespace)
        matches = self.selection.matches
        return {key(each): each for each in found if matches is None or matches(each)}

    def read(self) -> None:
        """Take in the mailbox."""
        messages, self.sink.mailbox = self.sink.mailbox, []
        for message in messages:
            assert not self.ended, "nothing may come after the end"
            if isinstance(message, WatchClosed):
                self.ended = True
                continue
            assert isinstance(message, WatchEvents)
            assert message.channel == self.channel
            assert message.sequence == self.sequence + 1
            self.sequence = message.sequence
            for event in message.events:
                self.take(event)
            assert message.revision >= self.revision
            self.revision = message.revision

    def take(self, event: Event) -> None:
        """An event must fit the state that it meets."""
        assert event.revision > self.revision
        present = key(event.object) in self.state
        assert present == (event.type != "ADDED")
        if event.type == "DELETED":
            assert event.object.metadata.resource_version == str(event.revision)
            del self.state[key(event.object)]
        else:
            self.state[key(event.object)] = event.object


def key(pod: Any) -> tuple[str, str]:
    """Namespace and name."""
    return pod.metadata.namespace, pod.metadata.name


class HubModel(RuleBasedStateMachine):
    """Random writes, watchers that come, go on and go, mailboxes that overflow, time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.timers: list[tuple[Any, tuple[Any, ...]]] = []
        self.watched: set[Any] = set()
        self.registered = Watchers()
        self.hub = WatchHub(self.registered, self, self.store.revision)
        self.store.listen(self.hub.publish)
        self.readers: list[Reader] = []

    # What the hub needs of its actor.

    def watch(self, ref: Any) -> None:
        """Be told of its end."""
        self.watched.add(ref)

    def unwatch(self, ref: Any) -> None:
        """No longer."""
        self.watched.discard(ref)

    def call_after(self, seconds: float, function: Any, *args: Any) -> Timer:
        """Later, when the test lets time pass."""
        timer = Timer(seconds, lambda: None)
        self.timers.append((timer, (function, *args)))
        return timer

    # What may happen.

    @rule(writes=WRITES, flush=st.booleans())
    def write(self, writes: list[Any], flush: bool) -> None:
        """Pods come, change and go; the slice ends after it or goes on."""
        for (namespace, name), node, app, goes in writes:
            present = self.store.get("pods", namespace, name)
            uid = f"uid-{self.store.revision}" if present is None else present.metadata.uid
            meta = ObjectMeta(namespace=namespace, name=name, uid=uid, labels={"app": app})
            new = Pod(metadata=meta, spec=PodSpec(node_name=node))
            if goes and present is not None:
                change = Write("pods", namespace, name, present, present, delete=True)
            else:
                change = Write("pods", namespace, name, new, present)
            self.store.commit(change, lambda _outcome: None)
        if flush:
            self.hub.flush()

    @precondition(lambda self: len(self.readers) < 5)
    @rule(selection=SELECTIONS, capacity=st.sampled_from([1, 2, 100, 100]))
    def join(self, selection: Any, capacity: int) -> None:
        """A watcher comes, in the middle of a slice or not."""
        self.readers.append(Reader(self.hub, self.store, Sink(capacity), selection))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """One has time to read."""
        data.draw(st.sampled_from(self.readers)).read()

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def rejoin(self, data: st.DataObject) -> None:
        """One goes on from where it was, cut off or not."""
        reader = data.draw(st.sampled_from(self.readers))
        reader.read()
        reader.rejoin()

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """One goes."""
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.remove(reader)
        self.hub.leave(reader.sink, "t")

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        """One's actor ends."""
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.remove(reader)
        self.hub.forget(reader.sink)

    @rule()
    def bookmark(self) -> None:
        """A minute passes."""
        self.hub.bookmark()

    @rule()
    def pass_time(self) -> None:
        """Timers fire, each in a turn of its own."""
        timers, self.timers = self.timers, []
        for timer, (function, *args) in timers:
            if timer.active:
                timer.cancel()
                function(*args)
        self.hub.flush()

    @rule()
    def settle(self) -> None:
        """Everybody reads, everything is sent: then all agree with the list."""
        for _ in range(3):
            self.pass_time()
            for reader in self.readers:
                reader.read()
        for reader in self.readers:
            if reader.ended:
                reader.rejoin()
            else:
                assert reader.state == reader.wanted()

    @rule(back=st.sampled_from([True, True, True, False]))
    def restart(self, back: bool) -> None:
        """The server crashes: every watch ends, however full its mailbox; most come back."""
        self.timers.clear()
        for reader in self.readers:
            reader.read()
        self.hub = WatchHub(self.registered, self, self.store.revision)
        self.store.listen(self.hub.publish)
        self.hub.greet()
        for reader in self.readers:
            reader.hub = self.hub
            reader.read()
            assert reader.ended
            if back:
                reader.rejoin()

    @invariant()
    def the_register_is_right(self) -> None:
        """Whoever has not been told of its end is known, and watched."""
        for reader in self.readers:
            told = reader.ended or any(isinstance(m, WatchClosed) for m in reader.sink.mailbox)
            due = (reader.sink, "t") in self.registered.closing
            known = self.registered.has(reader.sink)
            assert [told, due, known].count(True) == 1
            assert not known or reader.sink in self.watched
        assert len(self.registered) <= len(self.readers)


HubModel.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestHub = HubModel.TestCase


def test_a_replay_comes_before_what_its_channel_sends() -> None:
    """Whatever makes the channel send before the slice ends: a newcomer, or a bookmark."""
    for disturb in ("join", "bookmark"):
        model = HubModel()
        model.write([(("a", "p"), "", "x", False)], flush=True)
        everything = ("", "", "", 0.0)
        reader = Reader(model.hub, model.store, Sink(10), everything)
        reader.revision -= 1
        reader.state.clear()
        reader.rejoin()
        if disturb == "join":
            model.write([(("a", "q"), "", "x", False)], flush=False)
            Reader(model.hub, model.store, Sink(10), everything)
        else:
            model.hub.bookmark()
        model.hub.flush()
        reader.read()
        assert reader.state == reader.wanted()


def test_a_newcomer_finds_a_seat_though_its_coming_cuts_off_all_who_sat_there() -> None:
    """What was collected before it came is sent first, and those who do not keep up go."""
    model = HubModel()
    everything = ("", "", "", 0.0)
    model.readers = [Reader(model.hub, model.store, Sink(1), everything) for _ in range(2)]
    again = model.readers[0]
    change = [(("a", "p"), "", "x", False)]
    model.write(change, flush=True)
    model.write(change, flush=False)
    again.read()
    again.rejoin()
    model.write(change, flush=False)
    model.settle()
    assert not again.ended
