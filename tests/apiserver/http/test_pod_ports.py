"""The server calls what pods serve through their kubelets: their addresses need not be this machine's."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, StreamResponse, TCPSite

from orchestrator import Cluster
from orchestrator.api.admissionregistration.v1 import (
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    ContainerPort,
    Endpoints,
    Pod,
    PodSpec,
    Service,
    ServicePort,
    ServiceSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http import HttpFront
from orchestrator.apiserver.http.pki import generate
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.runtimes import SimulatedRuntime
from orchestrator.kubelet.runtimes.interface import ContainerKey
from orchestrator.protocol import ApiError
from orchestrator.sessions import Session
from tests.apiserver.http.conftest import caller
from tests.conformance.webhook import authority_of, webhook

_PIECE = 65536


class Here(SimulatedRuntime):
    """A runtime whose ports are a server's on this machine."""

    def __init__(self, port: Callable[[], int]) -> None:
        super().__init__()
        self._port = port

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port())

        async def there() -> None:
            while (data := await session.read()) is not None:
                writer.write(data)

        sending = asyncio.get_running_loop().create_task(there())
        try:
            while data := await reader.read(_PIECE):
                await session.write(data)
        finally:
            sending.cancel()
            writer.close()
        return 0


class Place:
    """Where the pods' server is: it is known after the cluster has begun."""

    port = 0


@pytest.fixture
async def placed() -> AsyncIterator[tuple[Cluster, HttpFront, Place]]:
    """A cluster whose one node has such a runtime, and a pod behind a service."""
    place = Place()
    runtimes = {"here": partial(Here, lambda: place.port)}
    async with Cluster(
        nodes=[NodeSpec(name="n", address="192.0.2.1", pod_cidr="10.244.0.0/24", runtime="here")],
        runtimes=runtimes,
    ) as cluster:
        front = await cluster.serve()
        labels = {"app": "server"}
        named = ObjectMeta(name="server", namespace="default", labels=labels)
        container = Container(name="c", image="i", ports=(ContainerPort(container_port=8443),))
        await cluster.client.create(Pod(metadata=named, spec=PodSpec(containers=(container,))))
        spec = ServiceSpec(selector=labels, ports=(ServicePort(port=443, target_port=8443),))
        await cluster.client.create(Service(metadata=named, spec=spec))
        await cluster.client.wait(
            Endpoints,
            "server",
            lambda found: any(each.addresses for each in found.subsets),
            namespace="default",
        )
        await cluster.client.wait(Pod, "server", "condition=Ready", namespace="default")
        yield cluster, front, place


async def test_a_webhook_is_asked_in_its_pod(placed: tuple[Cluster, HttpFront, Place]) -> None:
    """By its service; the pod's certificate is believed, and its answer."""
    cluster, _, place = placed
    pki = generate(cluster.clock.now(), hosts=("server.default.svc",))
    async with webhook(pki, cluster.clock) as hook:
        place.port = int(hook.url.rpartition(":")[2])
        reference = ServiceReference(name="server", namespace="default", path="/deny")
        rule = RuleWithOperations(
            operations=("CREATE",),
            api_groups=("",),
            api_versions=("v1",),
            resources=("configmaps",),
        )
        asked = ValidatingWebhook(
            name="a.example.com",
            client_config=WebhookClientConfig(service=reference, ca_bundle=authority_of(pki)),
            rules=(rule,),
            side_effects="None",
            admission_review_versions=("v1",),
        )
        made = ValidatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=(asked,))
        await cluster.client.create(made)
        with pytest.raises(ApiError, match="denied the request: not today"):
            await cluster.client.create(
                ConfigMap(metadata=ObjectMeta(name="c", namespace="default"))
            )


@asynccontextmanager
async def serving(answer: Callable[[BaseRequest], object]) -> AsyncIterator[int]:
    """A plain server on loopback; its port."""
    runner = ServerRunner(Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _answer(request: BaseRequest) -> StreamResponse:
    if request.path == "/moved":
        return Response(status=302, headers={"Location": "/there?a=b"})
    said = {"path": request.path_qs, "uri": request.headers.get("X-Forwarded-Uri")}
    response = StreamResponse(headers={"X-Own": "1"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(json.dumps(said).encode())
    await response.write(await request.read())
    await response.write_eof()
    return response


async def test_proxied_answers_come_as_the_pod_gives_them(
    placed: tuple[Cluster, HttpFront, Place], tmp_path: Path
) -> None:
    """In pieces, with headers and body; redirects lead through the proxy."""
    _, front, place = placed
    root = "/api/v1/namespaces/default/pods/server/proxy"
    async with serving(_answer) as place.port, caller(front, front.pki.admin, tmp_path) as call:
        async with call.send("POST", f"{root}/x%20y?q=1", b"!" * 100_000) as answer:
            text = await answer.text()
            assert (answer.status, answer.headers["X-Own"]) == (200, "1")
        said, body = text[: text.index("}") + 1], text[text.index("}") + 1 :]
        assert json.loads(said) == {"path": "/x%20y?q=1", "uri": f"{root}/x%20y"}
        assert body == "!" * 100_000
        session = call.session
        async with session.get(f"{call.url}{root}/moved", allow_redirects=False) as moved:
            assert (moved.status, moved.headers["Location"]) == (302, f"{root}/there?a=b")
        async with session.get(f"{call.url}{root}", allow_redirects=False) as moved:
            assert (moved.status, moved.headers["Location"]) == (301, f"{root}/")


async def test_a_body_that_is_withheld_is_passed_on(
    placed: tuple[Cluster, HttpFront, Place], tmp_path: Path
) -> None:
    """The client hears that it may send it from this server: the pod's may not know of such a thing."""
    _, front, place = placed
    url = f"{front.url}/api/v1/namespaces/default/pods/server/proxy/x"

    async def read(request: BaseRequest) -> StreamResponse:
        assert "Expect" not in request.headers
        return Response(body=await request.read())

    async with (
        serving(read) as place.port,
        caller(front, front.pki.admin, tmp_path) as call,
        asyncio.timeout(10),
        call.session.post(url, data=b"!", expect100=True) as answer,
    ):
        assert (answer.status, await answer.read()) == (200, b"!")


async def _say_method(request: BaseRequest) -> StreamResponse:
    return Response(text=request.method, headers={"X-Method": request.method})


@pytest.mark.parametrize("kind", ["pods/server", "services/server:443"])
async def test_every_method_is_passed_on(
    placed: tuple[Cluster, HttpFront, Place], tmp_path: Path, kind: str
) -> None:
    """Also those that no resource has, and whatever the client accepts: that is for the pod to say."""
    _, front, place = placed
    url = f"/api/v1/namespaces/default/{kind}/proxy/x"
    methods = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    async with serving(_say_method) as place.port, caller(front, front.pki.admin, tmp_path) as call:
        for method in methods:
            headers = {"Accept": "text/plain"}
            async with call.session.request(method, call.url + url, headers=headers) as answer:
                assert (answer.status, answer.headers["X-Method"]) == (200, method)
                assert await answer.text() == ("" if method == "HEAD" else method)


async def test_names_may_begin_as_the_subresource_is_called(
    placed: tuple[Cluster, HttpFront, Place], tmp_path: Path
) -> None:
    """The path to the pod's server begins behind the subresource, whatever the pod is called."""
    cluster, front, place = placed
    pod = await cluster.client.get(Pod, "server", namespace="default")
    named = ObjectMeta(name="proxy", namespace="default")
    await cluster.client.create(Pod(metadata=named, spec=PodSpec(containers=_containers(pod))))
    await cluster.client.wait(Pod, "proxy", "condition=Ready", namespace="default")
    root = "/api/v1/namespaces/default/pods/proxy/proxy"
    async with (
        serving(_answer) as place.port,
        caller(front, front.pki.admin, tmp_path) as call,
        call.send("GET", f"{root}/proxy/x") as answer,
    ):
        said = json.loads(await answer.text())
    assert said == {"path": "/proxy/x", "uri": f"{root}/proxy/x"}


def _containers(pod: Pod) -> tuple[Container, ...]:
    assert pod.spec is not None
    return tuple(Container(name=c.name, image=c.image) for c in pod.spec.containers)


async def test_a_pod_that_does_not_listen_is_unavailable(
    placed: tuple[Cluster, HttpFront, Place], tmp_path: Path
) -> None:
    """As the original says it, with 503."""
    _, front, place = placed
    async with serving(_answer) as place.port:
        pass
    async with caller(front, front.pki.admin, tmp_path) as call:
        path = "/api/v1/namespaces/default/services/server:443/proxy/"
        status, said = await call("GET", path)
    assert (status, said["reason"]) == (503, "ServiceUnavailable")
    assert said["message"].startswith("error trying to reach service: ")
