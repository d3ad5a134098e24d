"""What followed from one object's creation, read off the actor system's causal trace.

The trace has every message and what caused it. The story is what of it is worth telling: the writes,
the news that moved somebody, and the states that objects came to. Left out, and counted, are the
answers of writes that went well, the news that moved nobody (most watchers do nothing about most
changes), and Kubernetes' own Event objects.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from actors import Trace, TraceEntry
from orchestrator.api.scheme import DEFAULT
from orchestrator.cluster import About, Subject

API_SERVER: Final = "/apiserver"
_WRITES: Final = ("Create", "Update", "Patch", "Delete", "DeleteCollection")
_FORM: Final = "expected KIND/NAME or KIND/NAMESPACE/NAME such as Deployment/web"


class CausesError(LookupError):
    """There is no such story in the trace; says why."""


class ObjectName(Struct, frozen=True):
    """Whose story it is. `namespace` is empty for what has none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


class StateChange(Struct, frozen=True):
    """An object came to a state at `seconds` after the story's beginning; `by` wrote it."""

    seconds: float
    object: ObjectName
    state: str
    by: str


class Story(Struct, frozen=True):
    """One object's. `told` are the messages worth telling, in order, the creation first."""

    object: ObjectName
    begin: TraceEntry
    told: tuple[TraceEntry, ...]
    states: tuple[StateChange, ...]
    seconds: float  # from the creation to the last message
    messages: int  # all that followed, told or not
    write_seconds: tuple[float, ...]  # when each write was asked for
    message_seconds: tuple[float, ...]
    bystanders: tuple[str, ...]  # who heard of it and did nothing
    events: int  # Event objects written


def parse_object(text: str) -> ObjectName:
    """The object that KIND/NAME or KIND/NAMESPACE/NAME names; without a namespace it is in
    `default`, or has none. Raises ValueError.
    """
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f'{_FORM}, got "{text}"')
    return ObjectName(_kind_named(parts[0]), parts[1] if len(parts) == 3 else "", parts[-1])


def _kind_named(name: str) -> str:
    """The kind that kubectl would understand: `deploy`, `deployments` and `deployment` are Deployment."""
    wanted = name.lower()
    for resource in DEFAULT.resources():
        if wanted in (resource.kind.lower(), resource.plural, *resource.short_names):
            return resource.kind
    return name


def find_story(trace: Trace, wanted: ObjectName) -> Story:
    """The story of an object's creation; of the first one if there were several.

    The kind may be written in any case. Raises CausesError.
    """
    begin, created = _creation(trace, wanted)
    entries = trace.follow(begin.id)
    by_id = {entry.id: entry for entry in entries}
    told = _told(entries)
    senders = {entry.sender for entry in told}
    heard = dict.fromkeys(e.target for e in entries if _is_news(e))
    actors = senders | {entry.target for entry in told}
    return Story(
        object=created,
        begin=begin,
        told=tuple(told),
        states=tuple(_states(entries, by_id)),
        seconds=max(entry.at for entry in entries) - begin.at,
        messages=len(entries),
        write_seconds=tuple(e.at - begin.at for e in entries if _is_write(e)),
        message_seconds=tuple(e.at - begin.at for e in entries),
        bystanders=tuple(path for path in heard if path not in actors),
        events=sum(_is_write(e) and _kind(e) == "Event" for e in entries),
    )


def _creation(trace: Trace, wanted: ObjectName) -> tuple[TraceEntry, ObjectName]:
    """The request that created the object: the reply to it bears the name that it got."""
    requests: dict[int, TraceEntry] = {}
    others: Counter[str] = Counter()
    for entry in trace:
        if entry.message == "Create" and entry.target == API_SERVER:
            requests[entry.id] = entry
        elif entry.kind == "reply" and entry.cause in requests and _subjects(entry):
            request = requests[entry.cause]
            found = _name(_subjects(entry)[0])
            if request.about.part:
                continue
            if _matches(found, wanted):
                return request, found
            if found.kind.lower() == wanted.kind.lower():
                others[str(found)] += 1
    if others:
        names = list(others)
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        known = f"of this kind there are {', '.join(names[:5])}{more}"
    else:
        known = "nothing of this kind was"
    forgotten = f" (the first {trace.forgotten:,} messages are forgotten)" * bool(trace.forgotten)
    raise CausesError(f"{wanted} was not created while this was traced{forgotten}; {known}")


def _matches(found: ObjectName, wanted: ObjectName) -> bool:
    namespaces = (wanted.namespace,) if wanted.namespace else ("", "default")
    return (
        found.name == wanted.name
        and found.kind.lower() == wanted.kind.lower()
        and found.namespace in namespaces
    )


def _told(entries: Sequence[TraceEntry]) -> list[TraceEntry]:
    """What moved something: read backwards, for a message is told when what it caused is."""
    worth: set[int] = set()
    told = []
    for entry in reversed(entries):
        if entry.id in worth or entry is entries[0] or _is_worth(entry):
            told.append(entry)
            worth.add(entry.cause)
    told.reverse()
    return [e for e in told if e.kind != "reply" or _is_refusal(e)]


def _is_worth(entry: TraceEntry) -> bool:
    if _is_write(entry):
        return _kind(entry) != "Event"
    # A proxy's table is its memory: it tells nobody, and yet the story ends there.
    return _is_refusal(entry) or (_is_news(entry) and entry.target.endswith("/proxy"))


def _is_write(entry: TraceEntry) -> bool:
    return entry.message in _WRITES and entry.target == API_SERVER


def _is_news(entry: TraceEntry) -> bool:
    return entry.message in ("WatchEvents", "Changed")


def _is_refusal(entry: TraceEntry) -> bool:
    return isinstance(entry.about, About) and entry.about.verb == "refused"


def _states(entries: Iterable[TraceEntry], by_id: dict[int, TraceEntry]) -> Iterable[StateChange]:
    """From the answers of writes: they come in the order of the commits."""
    last: dict[ObjectName, str] = {}
    begin = None
    for entry in entries:
        begin = entry.at if begin is None else begin
        request = by_id.get(entry.cause)
        if entry.kind != "reply" or request is None or not _is_write(request):
            continue
        for subject in _subjects(entry):
            name, state = _name(subject), subject.state or "exists"
            if subject.kind != "Event" and last.get(name) != state:
                last[name] = state
                yield StateChange(entry.at - begin, name, state, request.sender)


def _subjects(entry: TraceEntry) -> tuple[Subject, ...]:
    return entry.about.subjects if isinstance(entry.about, About) else ()


def _kind(entry: TraceEntry) -> str:
    subjects = _subjects(entry)
    return subjects[0].kind if subjects else ""


def _name(subject: Subject) -> ObjectName:
    return ObjectName(subject.kind, subject.namespace, subject.name)
