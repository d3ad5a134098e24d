"""Requests, flow schemas and priority levels together.

The configuration is the cluster's FlowSchemas and PriorityLevelConfigurations, followed by a watch; the
mandatory ones (`exempt`, `catch-all`) are supposed where somebody has deleted them. Each schema is told
by its condition `Dangling` whether the level that it names is there.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from actors import ActorSystem, Ref
from orchestrator.api.codec import to_dict
from orchestrator.api.flowcontrol.v1 import (
    FlowSchema,
    FlowSchemaCondition,
    FlowSchemaStatus,
    PriorityLevelConfiguration,
)
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.bootstrap.furniture import mandatory_flows
from orchestrator.apiserver.http.connections import Headers, headers
from orchestrator.apiserver.http.fairness.loads import LoadHistograms, Moments
from orchestrator.apiserver.http.fairness.matching import flow_of, in_order, matches
from orchestrator.apiserver.http.fairness.occupancy import Occupancy
from orchestrator.apiserver.http.fairness.queues import Queuing, Rejected, Seat, SeatQueues
from orchestrator.apiserver.http.fairness.shares import Bounds, Wanted, bounds_of, lend
from orchestrator.apiserver.http.fairness.tallies import MANY, Distributions, Tallies
from orchestrator.apiserver.http.fairness.work import ONE, Watches, Work
from orchestrator.apiserver.telemetry.families import Histogram
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.machinery.times import format_time
from orchestrator.protocol import (
    ApiError,
    Conflict,
    Identity,
    NotFound,
    Patch,
    Unwatch,
    Watch,
    WatchClosed,
)

SCHEMAS: Final = resource_of(FlowSchema)
LEVELS: Final = resource_of(PriorityLevelConfiguration)
# How often limits follow what was asked for.
PERIOD_SECONDS: Final = 10.0
_MANAGER: Final = "api-priority-and-fairness-config-consumer-v1"
_TOKENS: Final = {"schemas": SCHEMAS, "levels": LEVELS}
_PAUSE_SECONDS: Final = 1.0
# How much of a level's last smoothed demand lives on in the next one, where the demand falls.
_SMOOTHED: Final = 0.977
# Clients that work ask the same again; those that make up paths push them out.
_MOST_CLASSIFIED: Final = 1024
_LONGEST_RETRY_SECONDS: Final = 32


class Level(Struct, eq=False):
    """A priority level and its seats.

    `peak`, `average`, `deviation`, `smoothed`: of the seats that were asked for in the last whole period, but the
    peak of the one that lasts; `moments`: of the period that lasts. `target`: what it was to have at the last
    adjustment.
    """

    configuration: PriorityLevelConfiguration
    bounds: Bounds
    queues: SeatQueues
    peak: int = 0
    average: float = 0.0
    deviation: float = 0.0
    smoothed: float = 0.0
    target: float = 0.0
    moments: Moments = field(default_factory=Moments)
    retry_seconds: int = 1
    rejected: int = 0

    @property
    def name(self) -> str:
        """The level's name."""
        return self.configuration.metadata.name

    @property
    def is_exempt(self) -> bool:
        """Whether its requests wait for nobody."""
        return self.queues.limit is None


class Classified(Struct, frozen=True, eq=False):
    """Where a request belongs. `key` names level and schema, `queued` its flow among all of the level's.

    `headers` are what the answer says of it, `tally` counts what becomes of it.
    """

    schema: FlowSchema
    level: Level
    flow: str
    key: tuple[str, str]
    queued: str
    headers: Headers
    tally: Tallies


class Fairness:
    """Classifies requests and seats them. `seats`: how many requests that are not exempt are served at once."""

    def __init__(
        self, seats: int, patience: float, monotonic: Callable[[], float], now: Callable[[], float]
    ) -> None:
        self._seats = seats
        self._patience = patience
        self._monotonic = monotonic
        self._now = now
        self.levels: dict[str, Level] = {}
        self.tallies: dict[tuple[str, str], Tallies] = {}
        self.fair_part = 0.0  # of its target, that each level was given at the last adjustment
        self.watches = Watches()
        self._distributions = Distributions()
        self._loads = LoadHistograms()
        self._occupancy = Occupancy(monotonic)
        self._executing = self._occupancy.executing
        self._schemas: list[FlowSchema] = []
        self._classified: dict[tuple[Any, ...], Classified] = {}  # until the next `configure`
        self._stored: dict[str, dict[str, Any]] = {"schemas": {}, "levels": {}}
        self._tasks: list[asyncio.Task[None]] = []
        self.configure((), ())

    # --- for requests ----------------------------------------------------------------------

    def classify(self, who: Identity, asked: Attributes) -> Classified:
        """The schema and the level of a request."""
        path = "" if asked.is_resource else asked.path
        what = (asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace, path)
        key = (who.name, who.groups, *what)
        known = self._classified.get(key)
        if known is None:
            known = self._looked_up(who, asked)
            if who.length + sum(map(len, what)) <= LONGEST_TEXT:
                if len(self._classified) >= _MOST_CLASSIFIED:
                    self._classified.clear()
                self._classified[key] = known
        return known

    def _looked_up(self, who: Identity, asked: Attributes) -> Classified:
        for schema in self._schemas:
            if matches(schema, who, asked):
                break
        else:
            schema = self._schemas[-1]  # `catch-all`, of which somebody has changed the rules
        assert schema.spec is not None
        level = self.levels[schema.spec.priority_level_configuration.name]
        name, flow = schema.metadata.name, flow_of(schema, who, asked)
        key = (level.name, name)
        said = headers(
            {
                "X-Kubernetes-Pf-Flowschema-Uid": schema.metadata.uid,
                "X-Kubernetes-Pf-Prioritylevel-Uid": level.configuration.metadata.uid,
            }
        )
        return Classified(schema, level, flow, key, f"{name}/{flow}", said, self._tally(key))

    def at_once(self, where: Classified, work: Work, kind: str) -> Seat | None:
        """A request's seats, if it need not wait for any. `kind`: mutating or readOnly. Whoever has them gives them back."""
        seats, level, tally = 1 if work is ONE else work.most, where.level, where.tally
        queues = level.queues
        waiting = queues.waiting
        demand = queues.seats_in_use + queues.waiting_seats + seats
        if demand > level.peak:
            level.peak = demand
        if waiting:
            self._distributions.queued(where.key, waiting)
        seat = queues.at_once(where.queued, seats)
        if seat is None:
            tally.wide(seats)
            return None
        if seats == 1:
            tally.plain += 1
        else:
            tally.wide(seats)
            tally.seated(0.0)
        self._seated(tally, seat, kind)
        return seat

    async def wait(self, where: Classified, work: Work, kind: str, who: Any) -> Seat:
        """The seats of a request that has found none at once, when its turn has come. Raises Rejected.

        `who`: what is shown of the request while it waits.
        """
        begun = self._monotonic()
        seat = await self._wait(where, work.most, kind, begun, who)
        where.tally.seated(seat.began - begun)
        self._seated(where.tally, seat, kind)
        return seat

    def _seated(self, tally: Tallies, seat: Seat, kind: str) -> None:
        self._executing[kind].comes(seat.began)
        tally.dispatched += 1
        tally.executing += 1
        tally.seats += seat.seats

    def give_back(
        self,
        where: Classified,
        seat: Seat,
        work: Work,
        kind: str,
        *,
        watch: bool = False,
    ) -> float:
        """A request has been served: for so many seconds. Its seats are free when its work has ended."""
        tally, queues = where.tally, where.level.queues
        took = queues.give_back(seat, work)
        self._executing[kind].goes(seat.began + took)
        tally.executing -= 1
        if work.seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(work.seconds, self._free, tally, queues, seat)
        else:
            tally.seats -= seat.seats
        if watch:
            self._distributions.began_watch(where.key, took)
        else:
            tally.took.append(took)
            if len(tally.took) >= MANY:
                self._distributions.fold(where.key, tally)
        return took

    def _free(self, tally: Tallies, queues: SeatQueues, seat: Seat) -> None:
        tally.seats -= seat.seats
        queues.free(seat)

    async def _wait(self, where: Classified, seats: int, kind: str, begun: float, who: Any) -> Seat:
        level, tally = where.level, where.tally
        tally.waiting += 1
        tally.waiting_seats += seats
        waiting = self._occupancy.waiting[kind]
        waiting.comes(begun)
        try:
            return await level.queues.wait(where.queued, seats, self._patience, who)
        except Rejected as error:
            tally.rejected[error.reason] = tally.rejected.get(error.reason, 0) + 1
            level.rejected += 1
            self._distributions.gave_up(where.key, self._monotonic() - begun)
            raise
        finally:
            tally.waiting -= 1
            tally.waiting_seats -= seats
            waiting.goes(self._monotonic())

    def _tally(self, key: tuple[str, str]) -> Tallies:
        found = self.tallies.get(key)
        if found is None:
            found = self.tallies[key] = self._distributions.tallies(key)
        return found

    # --- for the metrics -------------------------------------------------------------------

    def waiting(self, kind: str) -> int:
        """How many requests of a kind wait for seats now."""
        return self._occupancy.waiting[kind].count

    def families(self) -> Iterator[Histogram]:
        """How long requests waited and were served, how wide they were, and how busy levels are."""
        for level in self.levels.values():
            self._fold(level)
        for key, tally in self.tallies.items():
            self._distributions.fold(key, tally)
        yield from self._distributions.families()
        yield from self._loads.families()
        yield from self._occupancy.families(
            sum(each.queues.places for each in self.levels.values())
        )

    # --- configuration ---------------------------------------------------------------------

    def configure(
        self, schemas: Sequence[FlowSchema], levels: Sequence[PriorityLevelConfiguration]
    ) -> None:
        """Follow these objects; requests under way keep the seats that they have."""
        own_schemas, own_levels = mandatory_flows()
        named = {each.metadata.name: each for each in (*own_levels, *levels) if each.spec}
        bounds = bounds_of(list(named.values()), self._seats)
        before = self.levels
        self.levels = {
            name: self._level(each, bounds[name], before.get(name)) for name, each in named.items()
        }
        self._classified.clear()
        present = {each.metadata.name: each for each in (*own_schemas, *schemas)}
        self._schemas = [
            each
            for each in in_order(present.values())
            if each.spec is not None and each.spec.priority_level_configuration.name in self.levels
        ]

    def _level(
        self, configuration: PriorityLevelConfiguration, bounds: Bounds, old: Level | None
    ) -> Level:
        if old is not None and old.configuration.spec == configuration.spec:
            old.configuration, old.bounds = configuration, bounds
            if not old.is_exempt:
                old.queues.limit_to(max(bounds.least, min(bounds.most, bounds.nominal)))
            return old
        spec = configuration.spec
        assert spec is not None
        limit = bounds.nominal if spec.type == "Limited" else None
        return Level(
            configuration, bounds, SeatQueues(limit, _queuing(configuration), self._monotonic)
        )

    def adjust(self) -> None:
        """Give seats to the levels that have asked for more than they have, from those that did not.

        Where too few are left for what levels asked for within their right, each has but its part of that.
        """
        everything = sum(level.bounds.nominal for level in self.levels.values())
        left = everything
        limited: list[tuple[Level, Wanted]] = []
        for level in self.levels.values():
            peak = self._end_period(level)
            bounds = level.bounds
            if level.is_exempt:
                least = max(bounds.least, peak)
                level.target = max(least, level.smoothed)
                left -= least
                continue
            least = max(bounds.least, min(bounds.nominal, peak))
            level.target = max(least, level.smoothed)
            limited.append((level, Wanted(least, bounds.most, level.target)))
        floors = [level.bounds.least for level, _ in limited]
        seats, self.fair_part = lend(left, everything, floors, [wanted for _, wanted in limited])
        for (level, _), number in zip(limited, seats, strict=True):
            level.queues.limit_to(max(round(number), 1 if level.bounds.nominal else 0))

    def _end_period(self, level: Level) -> int:
        """What was asked for in the period that ends, at most; the next one begins."""
        self._fold(level)
        peak, level.peak = max(level.peak, level.queues.demand), level.queues.demand
        moments, level.moments = level.moments, Moments()
        if moments.seconds:
            level.average, level.deviation = moments.average(), moments.deviation()
            asked = level.average + level.deviation
            level.smoothed = max(asked, _SMOOTHED * level.smoothed + (1 - _SMOOTHED) * asked)
        _settle_retry(level)
        return peak

    def _fold(self, level: Level) -> None:
        """Take note of how the level has spent its time, before its seats change."""
        spent = level.queues.spent()
        level.moments.add(spent)
        seats = level.queues.limit or max(1, round(self._seats / 10))
        self._loads.observe(level.name, spent, seats, level.queues.places)

    # --- life ------------------------------------------------------------------------------

    async def begin(self, system: ActorSystem, api: Ref[Any]) -> None:
        """Read the configuration, and follow it from now on."""
        ready = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.ensure_future(self._follow(system, api, ready)),
            asyncio.ensure_future(self._adjust_for_ever(system)),
        ]
        await ready

    async def end(self) -> None:
        """Follow nothing any more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _adjust_for_ever(self, system: ActorSystem) -> None:
        while True:
            await system.clock.sleep(PERIOD_SECONDS)
            self.adjust()

    async def _follow(
        self, system: ActorSystem, api: Ref[Any], ready: "asyncio.Future[None]"
    ) -> None:
        async with system.inbox() as inbox:
            while True:
                try:
                    channels = await self._read(api, inbox.ref)
                    await self._digest(api)
                    if not ready.done():
                        ready.set_result(None)
                    async for message in inbox:
                        if type(message) is WatchClosed:
                            break
                        name = channels.get(message.channel)
                        if name is not None and message.events:
                            self._observe(self._stored[name], message.events)
                            await self._digest(api)
                except ApiError:
                    if not ready.done():
                        ready.set_result(None)
                for token in _TOKENS:
                    api.tell(Unwatch(inbox.ref, token))
                await system.clock.sleep(_PAUSE_SECONDS)

    async def _read(self, api: Ref[Any], sink: Ref[Any]) -> dict[Any, str]:
        channels = {}
        for token, resource in _TOKENS.items():
            watching = await api.ask(Watch(resource=resource, sink=sink, token=token))
            self._stored[token] = {each.metadata.name: each for each in watching.items}
            channels[watching.channel] = token
        return channels

    @staticmethod
    def _observe(stored: dict[str, Any], events: Sequence[Any]) -> None:
        for event in events:
            name = event.object.metadata.name
            if event.type == "DELETED":
                stored.pop(name, None)
            else:
                stored[name] = event.object

    async def _digest(self, api: Ref[Any]) -> None:
        schemas = list(self._stored["schemas"].values())
        self.configure(schemas, list(self._stored["levels"].values()))
        for schema in schemas:
            await self._tell(api, schema)

    async def _tell(self, api: Ref[Any], schema: FlowSchema) -> None:
        """Write down whether the schema's level is there, if that is news."""
        assert schema.spec is not None
        name = schema.spec.priority_level_configuration.name
        condition = dangling(name, is_there=name in self.levels)
        status = schema.status or FlowSchemaStatus()
        before = next((each for each in status.conditions if each.type == condition.type), None)
        if before is not None and before == replace(
            condition, last_transition_time=before.last_transition_time
        ):
            return
        condition = replace(condition, last_transition_time=format_time(self._now()))
        wanted = {
            "apiVersion": SCHEMAS.api_version,
            "kind": SCHEMAS.kind,
            "metadata": {"name": schema.metadata.name},
            "status": {"conditions": [to_dict(condition)]},
        }
        apply = Patch(
            resource=SCHEMAS,
            name=schema.metadata.name,
            patch_type="apply",
            body=wanted,
            subresource="status",
            field_manager=_MANAGER,
            force=True,
        )
        with suppress(Conflict, NotFound):  # its next change is looked at again
            await api.ask(apply)


def dangling(level: str, *, is_there: bool) -> FlowSchemaCondition:
    """Whether a schema names a level that is not there."""
    start = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
    if is_there:
        return FlowSchemaCondition(
            type="Dangling", status="False", reason="Found", message=f"{start} and it exists"
        )
    return FlowSchemaCondition(
        type="Dangling",
        status="True",
        reason="NotFound",
        message=f"{start} but there is no such object",
    )


def _queuing(level: PriorityLevelConfiguration) -> Queuing:
    spec = level.spec
    response = spec.limited.limit_response if spec is not None and spec.limited else None
    queuing = response.queuing if response is not None else None
    if queuing is None:
        return Queuing()
    return Queuing(queuing.queues, queuing.hand_size, queuing.queue_length_limit)


def _settle_retry(level: Level) -> None:
    """Who is rejected often is told to stay away longer, as TCP does it."""
    if level.rejected >= 3 * level.retry_seconds:
        level.retry_seconds = min(2 * level.retry_seconds, _LONGEST_RETRY_SECONDS)
    elif level.rejected < level.retry_seconds > 1:
        level.retry_seconds -= 1
    level.rejected = 0


__all__ = ["Classified", "Fairness", "Level", "Seat", "Tallies", "dangling"]
