"""Priority and fairness: who waits for whom when all want to be served at once."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.lowlevel import checkpoint
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.bootstrap.furniture import _read
from orchestrator.apiserver.http import HttpFront, Limits
from orchestrator.apiserver.http.fairness import Fairness, Rejected
from orchestrator.apiserver.http.fairness.queues import Queuing, Seat, SeatQueues, dealt
from orchestrator.apiserver.http.fairness.shares import Wanted, allocate, bounds_of, lend
from orchestrator.apiserver.http.fairness.work import (
    ONE,
    Watches,
    Work,
    work_of_list,
    work_of_write,
)
from orchestrator.apiserver.telemetry.families import text_of
from orchestrator.protocol import ANONYMOUS, Create, Identity
from tests.apiserver.http.conftest import Caller, caller

_LEVELS = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
_SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def _settled() -> None:
    for _ in range(5):
        await checkpoint()


def test_a_level_has_its_share_of_the_seats() -> None:
    """Rounded up, and lends and borrows as much as it says; the exempt one lends nothing."""
    levels = _read()[PriorityLevelConfiguration]
    bounds = bounds_of(levels, 600)
    assert {name: (each.nominal, each.least) for name, each in bounds.items()} == {
        "catch-all": (13, 13),
        "exempt": (0, 0),
        "global-default": (49, 25),
        "leader-election": (25, 25),
        "node-high": (98, 74),
        "system": (74, 50),
        "workload-high": (98, 49),
        "workload-low": (245, 25),
    }
    assert bounds["system"].most == sum(each.nominal for each in bounds.values())


def test_seats_are_allotted_in_proportion_and_within_bounds() -> None:
    """All get the same part of what they would have, but those whom a bound holds."""
    assert allocate(90, [Wanted(0, 100, 10), Wanted(0, 100, 20)])[0] == pytest.approx([30, 60])
    assert allocate(90, [Wanted(0, 20, 10), Wanted(0, 100, 20)])[0] == pytest.approx([20, 70])
    assert allocate(90, [Wanted(50, 100, 50), Wanted(0, 100, 200)])[0] == pytest.approx([50, 40])


def test_a_hand_is_dealt_by_the_flow_alone() -> None:
    """The same cards each time, all different; other flows have other hands."""
    assert dealt("a", 128, 6) == dealt("a", 128, 6)
    hands = {tuple(dealt(str(flow), 128, 6)) for flow in range(100)}
    assert len(hands) == 100
    assert all(len(set(hand)) == 6 and max(hand) < 128 for hand in hands)


def test_a_list_takes_seats_by_what_it_holds() -> None:
    """One for each hundred kilobytes, ten at the most since it is streamed, and a seventh of its level's."""

    def seats(verb: str, query: dict[str, str], stored: int, size: float, nominal: int) -> int:
        return work_of_list(verb, query, stored, size, nominal).seats  # type: ignore[arg-type]

    assert seats("list", {}, 50, 1_000, 245) == 1
    assert seats("list", {}, 450, 1_000, 245) == 5
    assert seats("list", {}, 50_000, 1_000, 245) == 10
    assert seats("list", {}, 50_000, 1_000, 13) == 2
    assert seats("list", {"limit": "150"}, 5_000, 1_000, 245) == 2
    assert seats("list", {}, 1, 0, 245) == 10  # of an object of which nobody knows the size
    assert seats("list", {}, 0, 0, 245) == 1
    assert seats("list", {"fieldSelector": "metadata.name=a"}, 5_000, 1_000, 245) == 1
    assert seats("watch", {"resourceVersion": "7"}, 5_000, 1_000, 245) == 1
    assert seats("watch", {}, 5_000, 1_000, 245) == 10


def test_a_write_takes_seats_for_who_watches() -> None:
    """After it is served, from ten watches on; narrower and longer where its level has few seats."""
    assert work_of_write(9, 245) == Work(1)
    assert work_of_write(10, 245) == Work(1, 1, 0.005)
    assert work_of_write(95, 245) == Work(1, 10, 0.005)
    assert work_of_write(400, 245) == Work(1, 10, 0.02)
    assert work_of_write(60, 13) == Work(1, 2, 0.015)


def test_watches_are_counted_by_what_they_watch() -> None:
    """All of a kind, those of a namespace, one; a token is no change of its account."""
    watches = Watches()
    everywhere = Attributes("watch", resource="pods")
    for asked, name in ((everywhere, ""), (replace(everywhere, namespace="a"), "")):
        watches.begun(asked, name)
    watches.begun(replace(everywhere, namespace="a"), "p")
    write = Attributes("patch", resource="pods", namespace="a", name="p")
    assert watches.interested(write) == 3
    assert watches.interested(replace(write, name="q")) == 2
    assert watches.interested(replace(write, namespace="b")) == 1
    assert watches.interested(replace(write, resource="secrets")) == 0
    watches.ended(replace(everywhere, namespace="a"), "p")
    assert watches.interested(write) == 2
    account = Attributes("watch", resource="serviceaccounts")
    watches.begun(account, "")
    assert watches.interested(replace(account, verb="create", subresource="token")) == 0


async def test_who_asks_much_waits_for_itself() -> None:
    """Another flow's first request goes before the hundredth of a flow that has filled its queue."""
    clock = _Clock()
    level = SeatQueues(1, Queuing(queues=64, hand=1, length=200), clock)
    served: list[str] = []

    async def request(flow: str) -> None:
        seat = await level.take(flow, 1, 60)
        served.append(flow)
        clock.now += 0.1
        await checkpoint()
        level.give_back(seat, ONE)

    storm = [asyncio.ensure_future(request("storm")) for _ in range(100)]
    await _settled()
    small = asyncio.ensure_future(request("small"))
    await asyncio.gather(*storm, small)
    assert served.index("small") <= 5
    assert (level.seats_in_use, level.waiting, level.waiting_seats) == (0, 0, 0)


async def test_a_wide_request_waits_until_it_fits() -> None:
    """And nobody overtakes it for ever; one wider than all seats is served alone."""
    level = SeatQueues(2, Queuing(queues=1, hand=1, length=10), _Clock())
    one = await level.take("a", 1, 60)
    wide = asyncio.ensure_future(level.take("a", 5, 60))
    small = asyncio.ensure_future(level.take("a", 1, 60))
    await _settled()
    assert not wide.done()
    level.give_back(one, ONE)
    seat: Seat = await wide
    await _settled()
    assert not small.done()
    level.give_back(seat, Work(5))
    level.give_back(await small, ONE)
    assert level.demand == 0


async def test_who_finds_no_place_is_rejected() -> None:
    """The queue is full, there is none, or patience ends; who goes away leaves nothing behind."""
    level = SeatQueues(1, Queuing(queues=1, hand=1, length=1), _Clock())
    seat = await level.take("a", 1, 60)
    waiting = asyncio.ensure_future(level.take("a", 1, 60))
    await _settled()
    with pytest.raises(Rejected, match="queue-full"):
        await level.take("a", 1, 60)
    waiting.cancel()
    await _settled()
    with pytest.raises(Rejected, match="time-out"):
        await level.take("a", 1, 0.001)
    level.give_back(seat, ONE)
    assert (level.demand, level.waiting) == (0, 0)
    none = SeatQueues(1, Queuing(), _Clock())
    await none.take("a", 1, 60)
    with pytest.raises(Rejected, match="concurrency-limit"):
        await none.take("b", 1, 60)


def _fairness(seats: int = 600, clock: _Clock | None = None) -> Fairness:
    fairness = Fairness(seats, 1.0, clock or _Clock(), lambda: 0.0)
    fairness.configure(_read()[FlowSchema], _read()[PriorityLevelConfiguration])
    return fairness


@pytest.mark.parametrize(
    ("who", "asked", "schema", "flow"),
    [
        (Identity("a", ("system:masters",)), Attributes("list", "", "pods"), "exempt", ""),
        (ANONYMOUS, Attributes("get", path="/livez", is_resource=False), "probes", ""),
        (ANONYMOUS, Attributes("get", path="/livez/ping", is_resource=False), "probes", ""),
        (ANONYMOUS, Attributes("get", path="/version", is_resource=False), "global-default", None),
        (
            Identity("system:serviceaccount:a:b", ("system:serviceaccounts",)),
            Attributes("get", "", "pods", namespace="a"),
            "service-accounts",
            None,
        ),
        (
            Identity("system:serviceaccount:kube-system:b", ("system:serviceaccounts",)),
            Attributes("get", "", "pods", namespace="x"),
            "kube-system-service-accounts",
            "x",
        ),
        (
            Identity("system:kube-scheduler", ("system:authenticated",)),
            Attributes("update", "coordination.k8s.io", "leases", namespace="kube-system"),
            "system-leader-election",
            None,
        ),
    ],
)
def test_a_request_belongs_to_the_first_schema_that_matches(
    who: Identity, asked: Attributes, schema: str, flow: str | None
) -> None:
    """Of a new cluster's schemas; flows are told apart by user or namespace."""
    where = _fairness().classify(who, asked)
    assert where.schema.metadata.name == schema
    assert where.flow == (who.name if flow is None else flow)


async def test_a_level_borrows_what_others_do_not_use() -> None:
    """Its limit grows with what it asks for, and shrinks when the others ask again."""
    clock = _Clock()
    fairness = _fairness(60, clock)
    low = fairness.levels["workload-low"]
    before = low.queues.limit
    assert before == 25
    seats = [await low.queues.take("a", 1, 60) for _ in range(25)]
    more = [asyncio.ensure_future(low.queues.take(str(n), 1, 60)) for n in range(20)]
    await _settled()
    assert not any(each.done() for each in more)
    clock.now += 10
    fairness.adjust()
    assert low.queues.limit is not None
    assert low.queues.limit > before
    await _settled()
    assert sum(each.done() for each in more) == low.queues.limit - before
    for seat in seats:
        low.queues.give_back(seat, ONE)
    for each in more:
        low.queues.give_back(await each, ONE)


def test_too_few_seats_are_shared_by_what_was_asked_for() -> None:
    """Floors come first, then each one's part of what it wants at least; only what is left is lent."""
    wanted = [Wanted(20, 100, 40), Wanted(10, 100, 10)]
    assert lend(10, 90, [10, 5], wanted) == ([10, 5], 0.0)
    assert lend(22.5, 90, [10, 5], wanted) == ([15, 7.5], 0.0)
    seats, part = lend(60, 90, [10, 5], wanted)
    assert seats == pytest.approx([72, 18])
    assert part == pytest.approx(1.8)


async def test_demand_is_told_by_how_long_it_lasted() -> None:
    """Mean and deviation over a period, and an observation for each nanosecond of it."""
    clock = _Clock()
    fairness = _fairness(60, clock)
    low = fairness.levels["workload-low"]
    seat = await low.queues.take("a", 5, 60)
    clock.now += 2.5
    low.queues.give_back(seat, Work(5))
    clock.now += 7.5
    lines = text_of(fairness.families()).splitlines()
    prefix = "apiserver_flowcontrol_"
    labels = 'phase="executing",priority_level="workload-low"'
    for line in (
        f'{prefix}demand_seats_bucket{{priority_level="workload-low",le="0.2"}} 10000000000',
        f'{prefix}priority_level_seat_utilization_bucket{{{labels},le="0"}} 7500000000',
        f'{prefix}priority_level_seat_utilization_bucket{{{labels},le="0.2"}} 10000000000',
        f"{prefix}priority_level_seat_utilization_sum{{{labels}}} 500000000",
        f"{prefix}priority_level_request_utilization_sum{{{labels}}} 100000000",
    ):
        assert line in lines
    fairness.adjust()
    assert low.average == pytest.approx(1.25)
    assert low.deviation == pytest.approx(4.6875**0.5)
    assert low.smoothed == pytest.approx(low.average + low.deviation)
    fairness.adjust()
    assert low.average == pytest.approx(1.25), "no time has passed, so nothing is known anew"


# --- from outside --------------------------------------------------------------------------


async def _headers(call: Caller, path: str, **headers: str) -> Mapping[str, str]:
    async with call.send("GET", path, **headers) as answer:
        await answer.read()
        return answer.headers


async def test_answers_say_where_a_request_belongs(
    running: tuple[Cluster, HttpFront], call: Caller
) -> None:
    """By the uids of schema and level, in every answer but those that last."""
    schemas = (await call("GET", _SCHEMAS))[1]["items"]
    levels = (await call("GET", _LEVELS))[1]["items"]
    uids = {each["metadata"]["uid"]: each["metadata"]["name"] for each in [*schemas, *levels]}

    def named(headers: Mapping[str, str]) -> tuple[str, str]:
        return (
            uids[headers["X-Kubernetes-PF-FlowSchema-UID"]],
            uids[headers["X-Kubernetes-PF-PriorityLevel-UID"]],
        )

    assert named(await _headers(call, "/api/v1/namespaces")) == ("exempt", "exempt")
    other = await _headers(
        call, "/api/v1/namespaces/x/pods", Impersonate_User="system:serviceaccount:a:b"
    )
    assert named(other) == ("service-accounts", "workload-low")
    watch = await _headers(call, "/api/v1/pods?watch=true&timeoutSeconds=1")
    assert named(watch) == ("exempt", "exempt")
    assert watch["Audit-Id"]


async def test_a_level_without_a_seat_answers_429(tmp_path: Path) -> None:
    """With Retry-After; the levels of others, and who is exempt, are served meanwhile."""
    level: dict[str, Any] = {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "closed"},
        "spec": {
            "type": "Limited",
            "limited": {"nominalConcurrencyShares": 0, "limitResponse": {"type": "Reject"}},
        },
    }
    schema: dict[str, Any] = {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": "closed"},
        "spec": {
            "matchingPrecedence": 10,
            "priorityLevelConfiguration": {"name": "closed"},
            "rules": [
                {
                    "subjects": [{"kind": "User", "user": {"name": "jane"}}],
                    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                }
            ],
        },
    }
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(limits=Limits(queue_seconds=0.01))
        async with caller(front, front.pki.admin, tmp_path) as call:
            assert (await call("POST", _SCHEMAS, schema))[0] == 201
            dangling = await _condition(cluster, call, "True")
            assert dangling["reason"] == "NotFound"
            assert dangling["message"].endswith('named "closed" but there is no such object')
            assert (await call("POST", _LEVELS, level))[0] == 201
            assert (await _condition(cluster, call, "False"))["reason"] == "Found"
            held = front._front.fairness.levels["closed"].queues
            seat = await held.take("", 1, 1)  # one request is under way, and stays so
            async with call.send("GET", "/version", Impersonate_User="jane") as answer:
                assert answer.status == 429
                assert answer.headers["Retry-After"] == "1"
                assert await answer.text() == "Too many requests, please try again later.\n"
            async with call.send("GET", "/version", Impersonate_User="joe") as answer:
                assert answer.status == 200
            held.give_back(seat, ONE)
            async with call.send("GET", "/version", Impersonate_User="jane") as answer:
                assert answer.status == 200


async def _condition(cluster: Cluster, call: Caller, status: str) -> Any:
    """The schema's condition, once it has this status."""
    async with asyncio.timeout(10):
        while True:
            document = (await call("GET", f"{_SCHEMAS}/closed"))[1]
            for each in document["status"].get("conditions", ()):
                if each["status"] == status:
                    return each
            await cluster.clock.sleep(0.01)


async def test_a_storm_of_lists_does_not_starve_a_get(
    running: tuple[Cluster, HttpFront], call: Caller
) -> None:
    """Not even one of masters, who wait for no seat: the get that comes last is answered among the first."""
    cluster, _ = running
    settings = resource_of(ConfigMap)
    for number in range(3_000):
        metadata = ObjectMeta(name=f"c{number}", namespace="default")
        await cluster.api.ask(Create(resource=settings, object=ConfigMap(metadata=metadata)))
    ended: list[str] = []

    async def ask(path: str, name: str) -> None:
        async with call.send("GET", path) as answer:
            assert answer.status == 200
            await answer.read()
        ended.append(name)

    storm = [asyncio.ensure_future(ask("/api/v1/configmaps", "list")) for _ in range(40)]
    await checkpoint()
    await asyncio.gather(*storm, ask("/api/v1/namespaces/default", "get"))
    assert ended.index("get") < 20


async def test_levels_and_queues_are_shown(call: Caller) -> None:
    """In the original's tables: a line a level, and a line a queue of those that have queues."""
    path = "/debug/api_priority_and_fairness"
    async with call.send("GET", f"{path}/dump_priority_levels") as answer:
        head, *lines = (await answer.text()).splitlines()
    assert head.startswith("PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, Waiting")
    assert lines[0] == (
        "catch-all,         0,            true,   false,       0,               "
        "0,                 0,                  0,                0,                0"
    )
    shown = {line.split(",")[0]: line.replace(" ", "").split(",") for line in lines}
    assert shown["exempt"][:6] == ["exempt", "0", "false", "false", "0", "1"]  # this request
    assert int(shown["exempt"][6]) > 0
    async with call.send("GET", f"{path}/dump_queues") as answer:
        head, *lines = (await answer.text()).splitlines()
    assert head.endswith("NextDispatchR, InitialSeatsSum, MaxSeatsSum, TotalWorkSum")
    names = [line.split(",")[0] for line in lines]
    assert {name: names.count(name) for name in names} == {
        "global-default": 128,
        "leader-election": 16,
        "node-high": 64,
        "system": 64,
        "workload-high": 128,
        "workload-low": 128,
    }
    assert (await call("GET", f"{path}/dump_nothing"))[0] == 404


async def test_requests_are_shown(tmp_path: Path) -> None:
    """Those that wait in their queues before the one that is served; and who asks for what, if one wants to know."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            queues = front._front.fairness.levels["global-default"].queues
            seats = [await queues.take("", queues.limit or 1, 1)]  # all of them
            asked = asyncio.ensure_future(
                call("GET", "/api/v1/namespaces/default", Impersonate_User="jane")
            )
            async with asyncio.timeout(10):
                while not queues.waiting:
                    await cluster.clock.sleep(0.01)
            path = "/debug/api_priority_and_fairness/dump_requests"
            async with call.send("GET", path) as answer:
                head, *lines = (await answer.text()).splitlines()
            async with call.send("GET", f"{path}?includeRequestDetails=1") as answer:
                *_, waiting = (await answer.text()).splitlines()
            for seat in seats:
                queues.give_back(seat, ONE)
            assert (await asked)[0] == 403
    assert head.endswith(
        "ArriveTime,                  InitialSeats, FinalSeats, AdditionalLatency, StartTime"
    )
    shown = [line.replace(" ", "").split(",") for line in lines]
    assert shown[0][:5] == ["exempt", "exempt", "-1", "-1", ""]
    assert shown[0][6:9] == ["1", "0", "0s"]
    level, schema, queue, place, flow, *_, began = shown[1]
    assert (level, schema, place, flow) == ("global-default", "global-default", "0", "jane")
    assert int(queue) >= 0
    assert began == "0001-01-01T00:00:00Z"
    details = waiting.replace(" ", "").split(",")[10:]
    assert details == [
        "jane",
        "get",
        "/api/v1/namespaces/default",
        "default",
        "default",
        "v1",
        "namespaces",
        "",
    ]


async def test_a_write_holds_its_seats_while_others_hear_of_it(
    running: tuple[Cluster, HttpFront], call: Caller
) -> None:
    """As many as those who watch keep busy; a watch of one node's pods is none of them."""
    cluster, front = running
    path = "/api/v1/namespaces/default/configmaps"
    fairness = front._front.fairness
    async with AsyncExitStack() as stack:
        for _ in range(30):
            await stack.enter_async_context(call.send("GET", f"{path}?watch=1"))
        name = "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Da"
        await stack.enter_async_context(call.send("GET", name))
        asked = Attributes("create", resource="configmaps", namespace="default")
        async with asyncio.timeout(10):
            while fairness.watches.interested(asked) < 30:
                await cluster.clock.sleep(0.01)
        assert fairness.watches.interested(replace(asked, resource="pods")) == 0
        as_jane = {"Impersonate_User": "jane", "Impersonate_Group": "writers"}
        role = {
            "metadata": {"name": "w"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}],
        }
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        assert (await call("POST", f"{rbac}/clusterroles", role))[0] == 201
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "w"}
        who = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "writers"}
        bound = {"metadata": {"name": "w"}, "roleRef": ref, "subjects": [who]}
        assert (await call("POST", f"{rbac}/clusterrolebindings", bound))[0] == 201
        assert (await call("POST", path, {"metadata": {"name": "c"}}, **as_jane))[0] == 201
    async with call.send("GET", "/metrics") as answer:
        text = await answer.text()
    labels = 'priority_level="global-default",flow_schema="global-default"'
    assert f"apiserver_flowcontrol_watch_count_samples_sum{{{labels}}} 30" in text
    assert f"apiserver_flowcontrol_work_estimated_seats_sum{{{labels}}} 3" in text
