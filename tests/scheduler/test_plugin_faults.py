"""What a plugin of one's own does wrong: said where it is made, and else the fault of one pod."""

from typing import Any, ClassVar

import numpy as np
import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.scheduler import DEFAULT_PLUGINS, DEFAULT_PROFILE, InvalidProfile, Plugin, Profile
from orchestrator.scheduler.framework import Nomination, Preparation, Remedy
from orchestrator.scheduler.kernels import ScoreKernel
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from tests.scheduler.test_scheduler import _manifest, _scheduled


class Faulty(Plugin):
    """Answers for the pod `bad` what it was told to, and for others what is right."""

    name: ClassVar[str] = "Faulty"

    def __init__(self, filtering: Any = None, scoring: Any = None, **more: Any) -> None:
        self._filtering, self._scoring = filtering, scoring
        for point, answer in more.items():
            setattr(self, point, answer)

    def filter(self, pod: Pod, nodes: Any, rows: Any) -> Any:
        if pod.metadata.name != "bad" or self._filtering is None:
            return np.ones(len(rows), np.bool_)
        return self._filtering(rows)

    def score(self, pod: Pod, nodes: Any, rows: Any) -> Any:
        if pod.metadata.name != "bad" or self._scoring is None:
            return np.zeros(len(rows), np.int64)
        return self._scoring(rows)


def _raise(_: Any) -> Any:
    raise LookupError("the moon is full")


async def _later() -> bool:
    return True


_A_COROUTINE = "a coroutine (an async function cannot be asked here)"


def _failing() -> Preparation:
    """Neither has an effect, nor can be taken back."""
    return Preparation((), lambda: _raise(0), lambda: bool(_raise(0)))


_RANGE = (
    'running Score plugins: plugin "Faulty" returns an invalid score {}, it should in the range of '
    "[0, 100] after normalizing"
)
_FAULTS: dict[str, tuple[Faulty, str]] = {
    "filter raises": (Faulty(_raise), 'running "Faulty" filter plugin: the moon is full'),
    "filter gives None": (
        Faulty(lambda rows: [None][0]),
        'running "Faulty" filter plugin: it answered NoneType, not an array',
    ),
    "filter gives numbers": (
        Faulty(lambda rows: np.ones(len(rows))),
        'running "Faulty" filter plugin: it answered an array of float64, not of bool',
    ),
    "filter gives one": (
        Faulty(lambda rows: np.ones(1, np.bool_)),
        'running "Faulty" filter plugin: it answered an array of shape (1,), not (2,)',
    ),
    "reasons is a text": (
        Faulty(lambda rows: np.zeros(len(rows), np.bool_), reasons=lambda *_: "no room"),
        "running \"Faulty\" filter plugin: reasons is a tuple of texts, not 'no room'",
    ),
    "score raises": (
        Faulty(scoring=_raise),
        'running "Faulty" score plugin: the moon is full',
    ),
    "score is NaN": (Faulty(scoring=lambda r: np.full(len(r), np.nan)), _RANGE.format("nan")),
    "score is high": (Faulty(scoring=lambda r: np.full(len(r), 1000)), _RANGE.format("1000")),
    "score is low": (Faulty(scoring=lambda r: np.full(len(r), -0.5) - 1), _RANGE.format("-1")),
    "score is a text": (
        Faulty(scoring=lambda r: np.full(len(r), "x")),
        'running "Faulty" score plugin: it answered an array of <U1, not of numbers',
    ),
    **{
        f"{point} is async": (
            Faulty(**{point: lambda pod, *_: _later() if pod.metadata.name == "bad" else None}),
            f'running "Faulty" {said} plugin: it answered {_A_COROUTINE}, not {wanted} or None',
        )
        for point, said, wanted in (
            ("reserve", "Reserve", "a text, a Wait"),
            ("permit", "Permit", "a text, a Wait"),
            ("pre_bind", "PreBind", "a Preparation"),
            ("bind", "Bind", "what binds,"),
        )
    },
    "score is async": (
        Faulty(scoring=lambda rows: _later()),
        f'running "Faulty" score plugin: it answered {_A_COROUTINE}, not an array',
    ),
    "reserve raises": (
        Faulty(reserve=lambda pod, node: _raise(0) if pod.metadata.name == "bad" else ""),
        'running "Faulty" Reserve plugin: the moon is full',
    ),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_plugins_fault_is_that_of_one_pod(fault: str) -> None:
    """The pod says what the plugin did, is tried again, and the others are scheduled."""
    plugin, message = _FAULTS[fault]

    async def main() -> None:
        async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(plugin)) as cluster:
            await cluster.apply([_manifest("bad"), _manifest("good")])
            await cluster.clock.sleep(20)
            pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
            assert pods["good"].spec is not None
            assert pods["good"].spec.node_name
            assert _scheduled(pods["bad"]) == ("False", "SchedulerError", message)
            first, later = [e for e in await cluster.client.list(Event) if e.type == "Warning"]
            assert (first.reason, first.message) == ("FailedScheduling", message)
            assert later.message == message
            assert later.series is not None  # of 1, 3, 7 and 15 s, when the pod says so already

    actors.run(main)


def _sorting(key: Any) -> Faulty:
    return Faulty(sort_key=lambda pod, at: key(0) if pod.metadata.name == "bad" else (at,))


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (_sorting(_raise), "the moon is full"),
        (_sorting(lambda _: "abc"), "it answered str, not a tuple of numbers"),
        (_sorting(lambda _: (float("nan"),)), "it answered tuple, not a tuple of numbers"),
        (
            _sorting(lambda _: _later()),
            f"it answered {_A_COROUTINE}, not a tuple of numbers",
        ),
    ],
)
async def test_a_pod_that_cannot_be_sorted_stays_outside(plugin: Faulty, message: str) -> None:
    """And says why; the others are sorted."""
    profile = DEFAULT_PROFILE.without("PrioritySort").adding(plugin)
    async with Cluster(nodes=2, scheduler=profile) as cluster:
        await cluster.apply([_manifest("bad"), _manifest("good")])
        await cluster.clock.sleep(5)
        pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
        said = f'running "Faulty" QueueSort plugin: {message}'
        assert _scheduled(pods["bad"]) == ("False", "SchedulerError", said)
        assert pods["good"].spec is not None
        assert pods["good"].spec.node_name


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (4, "it answered int, not a Nomination, a Remedy, a text or None"),
        (Nomination("elsewhere"), "it nominated 'elsewhere', which is no node"),
        (Nomination("node-0", (3,)), "a victim is a Pod, not 3"),  # type: ignore[arg-type]
        (Remedy("words", 3), "a Remedy has words, and what writes"),  # type: ignore[arg-type]
    ],
)
async def test_what_makes_room_wrongly_is_in_the_words_of_the_pod(
    answer: Any, message: str
) -> None:
    """Behind those of the refusal; nobody is evicted, and the scheduler goes on."""
    refusing = Faulty(lambda rows: np.zeros(len(rows), np.bool_), post_filter=lambda *_: answer)
    profile = DEFAULT_PROFILE.without("DefaultPreemption", "DynamicResources").adding(refusing)
    async with Cluster(nodes=2, scheduler=profile) as cluster:
        await cluster.apply([_manifest("bad"), _manifest("good")])
        await cluster.clock.sleep(5)
        pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
        assert _scheduled(pods["bad"])[2] == (
            "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [Faulty]. "
            f'running "Faulty" postFilter plugin: {message}'
        )
        assert pods["good"].spec is not None
        assert pods["good"].spec.node_name


async def test_what_cannot_be_taken_back_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The pod says what came before."""
    plugin = Faulty(pre_bind=lambda pod, *_: _failing() if pod.metadata.name == "bad" else None)
    async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(plugin)) as cluster:
        await cluster.apply([_manifest("bad"), _manifest("good")])
        await cluster.clock.sleep(5)
        pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
        message = 'running PreBind plugin "Faulty": the moon is full'
        assert _scheduled(pods["bad"]) == ("False", "SchedulerError", message)
        assert pods["good"].spec is not None
        assert pods["good"].spec.node_name
    assert 'running Unreserve plugin "Faulty": the moon is full' in caplog.text


async def test_a_remedy_that_fails_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """And harms nobody."""

    async def write(_: Any) -> None:
        _raise(0)

    plugin = Faulty(
        lambda rows: np.zeros(len(rows), np.bool_), post_filter=lambda *_: Remedy("helping", write)
    )
    async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(plugin)) as cluster:
        await cluster.apply([_manifest("bad"), _manifest("good")])
        await cluster.clock.sleep(5)
        good = await cluster.client.get(Pod, "good", namespace="default")
        assert good.spec is not None
        assert good.spec.node_name
    assert "plugin failed" in caplog.text
    assert "the moon is full" in caplog.text


class _BadKernel(ScoreKernel):
    """Fails at the first look."""

    traits = "bad"

    def rows(self, rows: Any) -> Any:
        raise LookupError("no such column")


class WithBadKernel(Plugin):
    """Has a kernel for the pod `bad` alone."""

    name: ClassVar[str] = "WithBadKernel"

    def score_kernel(self, pod: Pod, nodes: Any) -> ScoreKernel | None:
        return _BadKernel() if pod.metadata.name == "bad" else None


def test_a_kernels_fault_is_that_of_one_pod() -> None:
    """As a plain plugin's."""

    async def main() -> None:
        async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(WithBadKernel())) as cluster:
            await cluster.apply([_manifest("bad"), _manifest("good")])
            await cluster.clock.sleep(5)
            pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
            assert pods["good"].spec is not None
            assert pods["good"].spec.node_name
            message = "running a plugin's kernel: no such column"
            assert _scheduled(pods["bad"]) == ("False", "SchedulerError", message)

    actors.run(main)


async def test_a_plugin_that_fails_before_the_queue_is_told_of_and_asked_again() -> None:
    """The pod's condition has its words, other pods go on, and the pod comes in when the plugin can say so."""
    failing = {"bad"}
    plugin = Faulty(pre_enqueue=lambda pod: _raise(0) if pod.metadata.name in failing else "")
    async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(plugin)) as cluster:
        await cluster.apply([_manifest("bad"), _manifest("good")])
        await cluster.clock.sleep(5)
        pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
        message = 'running "Faulty" preEnqueue plugin: the moon is full'
        assert _scheduled(pods["bad"]) == ("False", "SchedulerError", message)
        assert pods["good"].spec is not None
        assert pods["good"].spec.node_name
        failing.clear()
        await cluster.clock.sleep(10)
        bad = await cluster.client.get(Pod, "bad", namespace="default")
        assert _scheduled(bad)[0] == "True"


def test_a_filter_without_reasons_gives_its_name() -> None:
    """Refusing without a word is allowed."""
    plugin = Faulty(lambda rows: np.zeros(len(rows), np.bool_))

    async def main() -> None:
        async with Cluster(nodes=2, scheduler=DEFAULT_PROFILE.adding(plugin)) as cluster:
            await cluster.apply([_manifest("bad")])
            await cluster.clock.sleep(1)
            message = _scheduled(await cluster.client.get(Pod, "bad", namespace="default"))[2]
            assert message.startswith(
                "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [Faulty]. "
            )

    actors.run(main)


class Nameless(Plugin):
    """No name."""

    def score(self, pod: Pod, nodes: Any, rows: Any) -> Any:
        return np.zeros(len(rows))


class Pointless(Plugin):
    """No extension point."""

    name: ClassVar[str] = "Pointless"


class Twofold(NodeResourcesFit):
    """Says twice what it filters."""

    def filter(self, pod: Pod, nodes: Any, rows: Any) -> Any:
        return np.zeros(len(rows), np.bool_)


class Sorting(Plugin):
    """A second plugin that sorts the queue."""

    name: ClassVar[str] = "Sorting"

    def sort_key(self, pod: Pod, queued_at: float) -> tuple[float, ...]:
        return (queued_at,)


class Nosy(Plugin):
    """Wants to hear of what is no kind."""

    name: ClassVar[str] = "Nosy"
    watches: ClassVar[tuple[type, ...]] = (int,)

    def pre_enqueue(self, pod: Pod) -> str:
        return ""


class Helped(Nosy):
    """Names an event as a text."""

    name: ClassVar[str] = "Helped"
    watches: ClassVar[tuple[type, ...]] = ()
    helped_by: ClassVar[Any] = ("NODE_ADDED",)


_MISTAKES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "two sort": (Sorting(), {}, "only one plugin sorts the queue, not PrioritySort, Sorting"),
    "no kind": (Nosy(), {}, "`watches` of plugin 'Nosy' is a tuple of kinds"),
    "no event": (Helped(), {}, "`helped_by` of plugin 'Helped' is a set of ClusterEvents"),
    "a class": (Faulty, {}, r"Faulty is a class: put an instance, Faulty\(\)"),
    "no plugin": (3, {}, "3 is no plugin: derive int from scheduler.Plugin"),
    "no name": (Nameless(), {}, 'plugin Nameless has no name: give it name = "Nameless"'),
    "no point": (Pointless(), {}, "plugin 'Pointless' has no extension point"),
    "twice": (NodeResourcesFit(), {}, "plugin 'NodeResourcesFit' stands twice in the profile"),
    "two filters": (Twofold(), {}, "'NodeResourcesFit' has both filter and filter_kernel"),
    "an unknown weight": (Faulty(), {"Fawlty": 1}, "a weight for plugin 'Fawlty', which the"),
    "a weight below 0": (Faulty(), {"Faulty": -5}, "the weight of 'Faulty' is -5: 0 to"),
    "half a weight": (Faulty(), {"Faulty": 0.5}, "'Faulty' is a whole number, not 0.5"),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_a_profile_that_cannot_be_is_refused_where_it_is_made(mistake: str) -> None:
    """With what is wrong, and what would be right."""
    plugin, weights, message = _MISTAKES[mistake]
    with pytest.raises(InvalidProfile, match=message):
        Profile(plugins=(*DEFAULT_PLUGINS, plugin), weights=weights)


def test_a_strategy_that_does_not_exist_is_refused_with_those_that_do() -> None:
    """A typing error is no KeyError."""
    with pytest.raises(InvalidProfile, match="LeastAllocated, MostAllocated"):
        NodeResourcesFit("MostAlocated")  # type: ignore[arg-type]  # the mistake


def test_a_plugin_more_leaves_the_weights_of_the_others() -> None:
    """TaintToleration counts three times, whoever joins."""
    profile = DEFAULT_PROFILE.adding(Faulty(), weight=7)
    weights = {p.name: profile.weight(p) for p in profile.at("score")}
    assert weights == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "NodeResourcesFit": 1,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "DynamicResources": 2,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
        "Faulty": 7,
    }
