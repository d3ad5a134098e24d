"""Extenders: what they are asked, and what comes of their answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler import InvalidConfiguration, SchedulerConfiguration, load_configuration
from orchestrator.scheduler.extenders import Extender
from tests.scheduler.test_scheduler import _manifest, _scheduled


class _Program:
    """An extender of this process: answers by verb, and what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]  # of tuples

    async def __call__(self, verb: str, document: Any) -> Any:
        self.asked.append((verb, document))
        answer = self.answers[verb]
        return answer(document) if callable(answer) else answer


async def _placed(extender: Extender, **spec: Any) -> Pod:
    configuration = SchedulerConfiguration(extenders=(extender,))
    async with Cluster(nodes=3, scheduler=configuration) as cluster:
        await cluster.apply([_manifest("p", **spec)])
        await cluster.clock.sleep(3)
        return await cluster.client.get(Pod, "p", namespace="default")


async def test_an_extender_filters_by_names_and_says_why() -> None:
    """Its reasons stand in the message beside those of plugins."""
    failed = {"node-0": "too cold", "node-1": "too cold", "node-2": "too warm"}
    program = _Program(filter={"nodenames": [], "failedNodes": failed})
    found = await _placed(
        Extender("http://x", filter_verb="filter", cache_capable=True, handler=program)
    )
    assert _scheduled(found)[2].startswith(
        "0/3 nodes are available: 1 too warm, 2 too cold. no new claims to deallocate, preemption: "
    )
    verb, document = program.asked[0]
    assert verb == "filter"
    assert document["Pod"]["metadata"]["name"] == "p"
    assert document["NodeNames"] == ["node-0", "node-1", "node-2"]


async def test_an_extender_that_keeps_no_nodes_gets_them_whole() -> None:
    """And answers those that are left."""

    def last(document: Any) -> Any:
        return {"nodes": {"items": document["Nodes"]["items"][-1:]}}

    program = _Program(filter=last)
    found = await _placed(Extender("http://x", filter_verb="filter", handler=program))
    assert found.spec is not None
    assert found.spec.node_name == "node-2"


async def test_scores_of_an_extender_count_by_its_weight() -> None:
    """They are from 0 to 10, those of plugins from 0 to 100."""
    scores = [{"host": "node-0", "score": 1}, {"host": "node-1", "score": 10}]
    program = _Program(prioritize=scores)
    extender = Extender("http://x", prioritize_verb="prioritize", weight=100, handler=program)
    found = await _placed(extender)
    assert found.spec is not None
    assert found.spec.node_name == "node-1"


@pytest.mark.parametrize(("left", "node"), [(["node-2"], "node-2"), ([], "node-0")])
async def test_a_promised_node_is_asked_about_alone(left: list[str], node: str) -> None:
    """Before all others, and without scores; they are asked about where the extender does not let the pod go there."""

    def promised_or_first(document: Any) -> Any:
        return {"nodenames": left if document["NodeNames"] == ["node-2"] else ["node-0", "node-1"]}

    program = _Program(filter=promised_or_first, prioritize=[{"host": "node-0", "score": 10}])
    extender = Extender(
        "http://x",
        filter_verb="filter",
        prioritize_verb="prioritize",
        weight=100,
        cache_capable=True,
        handler=program,
    )
    configuration = SchedulerConfiguration(extenders=(extender,))
    async with Cluster(nodes=3, scheduler=configuration) as cluster:
        gates = [{"name": "example.com/gate"}]
        await cluster.apply([_manifest("p", schedulingGates=gates)])
        for subresource, body in (
            ("status", {"status": {"nominatedNodeName": "node-2"}}),
            ("", {"spec": {"schedulingGates": None}}),
        ):
            await cluster.client.patch(
                Pod, "p", body, namespace="default", patch_type="merge", subresource=subresource
            )
        await cluster.clock.sleep(1)
        found = await cluster.client.get(Pod, "p", namespace="default")
        assert found.spec is not None
        assert found.spec.node_name == node
    asked = [(verb, document["NodeNames"]) for verb, document in program.asked]
    assert asked[0] == ("filter", ["node-2"])
    assert len(asked) == (1 if left else 3)


async def test_an_extender_may_bind() -> None:
    """The scheduler leaves the binding to it."""
    program = _Program(bind={"error": "no hands"})
    found = await _placed(Extender("http://x", bind_verb="bind", handler=program))
    assert found.spec is not None
    assert not found.spec.node_name
    verb, document = program.asked[0]
    assert (verb, document["PodName"], document["PodNamespace"]) == ("bind", "p", "default")
    assert document["PodUID"] == found.metadata.uid
    assert document["Node"].startswith("node-")


@pytest.mark.parametrize(("ignorable", "placed"), [(True, True), (False, False)])
async def test_only_an_ignorable_extender_may_fail(ignorable: bool, placed: bool) -> None:
    """Otherwise the pod waits, and says why."""
    program = _Program(filter={"error": "out of order"})
    extender = Extender("http://x", filter_verb="filter", ignorable=ignorable, handler=program)
    found = await _placed(extender)
    assert found.spec is not None
    assert bool(found.spec.node_name) is placed
    if not placed:
        assert _scheduled(found) == ("False", "SchedulerError", "out of order")


async def test_an_extender_of_some_resources_is_asked_about_pods_that_want_them() -> None:
    """Other pods do not wait for it."""
    program = _Program(filter={"nodenames": []})
    extender = Extender(
        "http://x", filter_verb="filter", managed=frozenset(("example.com/x",)), handler=program
    )
    found = await _placed(extender)
    assert found.spec is not None
    assert found.spec.node_name
    assert not program.asked


def _class(name: str, value: int) -> dict[str, Any]:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
    }


@pytest.mark.parametrize("capable", [True, False])
async def test_an_extender_says_where_evictions_may_make_room(capable: bool) -> None:
    """It is shown all nodes with their victims, and leaves some; without any the pod says so."""

    def leave(document: Any) -> Any:
        shown = document["NodeNameToMetaVictims" if capable else "NodeNameToVictims"]
        assert sorted(shown) == ["node-0", "node-1", "node-2"]
        if document["Pod"]["metadata"]["name"] == "hopeless":
            return {"NodeNameToMetaVictims": {}}
        [victim] = shown["node-1"]["Pods"]
        uid = victim["UID"] if capable else victim["metadata"]["uid"]
        return {"nodeNameToMetaVictims": {"node-1": {"pods": [{"uid": uid}]}}}

    extender = Extender(
        "http://x", preempt_verb="preempt", cache_capable=capable, handler=_Program(preempt=leave)
    )
    configuration = SchedulerConfiguration(extenders=(extender,))
    async with Cluster(nodes=3, scheduler=configuration) as cluster:
        await cluster.apply([_class("high", 1000)])
        await cluster.apply([_manifest(f"low-{n}", requests={"cpu": "25"}) for n in range(3)])
        await cluster.clock.sleep(5)
        for name in ("hopeless", "high"):
            pod = _manifest(name, requests={"cpu": "25"}, priorityClassName="high")
            await cluster.apply([pod])
            await cluster.clock.sleep(0.05)
        hopeless = await cluster.client.get(Pod, "hopeless", namespace="default")
        assert _scheduled(hopeless)[2].endswith("preemption: no candidate node for preemption")
        high = await cluster.client.get(Pod, "high", namespace="default")
        assert high.status is not None
        assert high.status.nominated_node_name == "node-1"


async def test_an_extender_may_name_victims_alone_that_it_was_shown() -> None:
    wrong = {"NodeNameToMetaVictims": {"node-0": {"Pods": [{"UID": "unknown"}]}}}
    extender = Extender("http://x", preempt_verb="preempt", handler=_Program(preempt=wrong))
    configuration = SchedulerConfiguration(extenders=(extender,))
    async with Cluster(nodes=1, scheduler=configuration) as cluster:
        await cluster.apply([_class("high", 1000), _manifest("low", requests={"cpu": "25"})])
        await cluster.clock.sleep(5)
        pod = _manifest("p", requests={"cpu": "25"}, priorityClassName="high")
        await cluster.apply([pod])
        await cluster.clock.sleep(1)
        found = await cluster.client.get(Pod, "p", namespace="default")
        assert _scheduled(found)[2].endswith(
            "preemption: extender: http://x claims to preempt pod (UID: &{unknown}) on node: node-0, "
            "but the pod is not found on that node"
        )


@contextmanager
def _server(answers: dict[str, Any]) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers.get(self.path)
            self.send_response(200 if answer is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is said on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/scheduler"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _document(url: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "extenders": [{"urlPrefix": url, **more}],
    }


async def test_a_configuration_names_extenders_that_are_asked_over_http() -> None:
    """As kube-scheduler's users have them."""
    filtered = {"/scheduler/filter": {"nodenames": ["node-1"], "failedNodes": {}}}
    with _server(filtered) as url:
        configured = _document(url, filterVerb="filter", nodeCacheCapable=True, httpTimeout="2s")
        async with Cluster(nodes=3, scheduler=configured) as cluster:
            await cluster.apply([_manifest("p")])
            await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default")
            found = await cluster.client.get(Pod, "p", namespace="default")
        assert found.spec is not None
        assert found.spec.node_name == "node-1"
        async with Cluster(nodes=3, scheduler=_document(url, filterVerb="lost")) as cluster:
            await cluster.apply([_manifest("p")])
            await cluster.clock.sleep(0.5)
            found = await cluster.client.get(Pod, "p", namespace="default")
        assert _scheduled(found)[2] == f"failed lost with extender at URL {url}/lost, code 404"


def test_resources_that_only_an_extender_cares_for_do_not_filter() -> None:
    """NodeResourcesFit leaves them to it."""
    managed = [{"name": "example.com/x", "ignoredByScheduler": True}, {"name": "example.com/y"}]
    loaded = load_configuration(_document("http://x", managedResources=managed))
    (extender,) = loaded.extenders
    assert extender.managed == {"example.com/x", "example.com/y"}
    (fit,) = (p for p in loaded.profiles[0].plugins if p.name == "NodeResourcesFit")
    assert fit._ignored == {"example.com/x"}  # type: ignore[attr-defined]  # of that plugin


def test_what_does_not_filter_is_a_list() -> None:
    """Where an extender adds to it, too."""
    managed = [{"name": "example.com/x", "ignoredByScheduler": True}]
    own = {"name": "NodeResourcesFit", "args": {"ignoredResources": 5}}
    document = _document("http://x", managedResources=managed)
    with pytest.raises(InvalidConfiguration, match=r"args.ignoredResources: Expected `array`"):
        load_configuration({**document, "profiles": [{"pluginConfig": [own]}]})


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"prioritizeVerb": "p"}, r"extenders\[0\].weight: must have a positive weight"),
        ({"httpTimeout": "soon"}, r"extenders\[0\].httpTimeout"),
        ({"urlPrefix": ""}, r"extenders\[0\].urlPrefix: Required value"),
        ({"tlsConfig": {"caFile": "/nowhere"}, "enableHTTPS": True}, r"extenders\[0\].tlsConfig"),
        ({"colour": "blue"}, r"extenders\[0\]"),
    ],
)
def test_what_is_wrong_with_an_extender_is_said_with_its_path(
    more: dict[str, Any], problem: str
) -> None:
    """Before anything starts."""
    with pytest.raises(InvalidConfiguration, match=problem):
        load_configuration(
            _document(**{"url": "http://x", **more} if "urlPrefix" not in more else {"url": ""})
        )
