"""Groups that another server serves, behind a service of the cluster."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite
from msgspec.structs import replace

from actors import Clock
from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from orchestrator.cluster.remote import RemoteCluster
from orchestrator.gateway import load_access
from orchestrator.protocol import (
    ADMIN,
    AUTHENTICATED,
    UNABLE,
    Forbidden,
    GetElsewhere,
    Identity,
    ServiceUnavailable,
)
from tests.apiserver.http.conftest import Caller, caller
from tests.conformance.webhook import server_context

_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
_NAME: Final = "v1beta1.metrics.example.com"
_GROUP: Final = "/apis/metrics.example.com"
_ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def answer(request: BaseRequest) -> Response:
    """Discovery of one resource, and for everything else what was asked by whom."""
    document: dict[str, Any]
    if request.path == f"{_GROUP}/v1beta1":
        resource = {
            "name": "things",
            "singularName": "thing",
            "namespaced": True,
            "kind": "Thing",
            "verbs": ["get", "list"],
        }
        document = {"kind": "APIResourceList", "resources": [resource]}
    else:
        document = {
            "path": request.path_qs,
            "user": request.headers.get("X-Remote-User"),
            "groups": request.headers.getall("X-Remote-Group", []),
            "authorization": request.headers.get("Authorization"),
            "type": request.headers.get("Content-Type"),
            "body": (await request.read()).decode(),
        }
    return Response(body=json.dumps(document), content_type="application/json")


@asynccontextmanager
async def serving(front: HttpFront) -> AsyncIterator[int]:
    """Another server that demands a certificate of the cluster's authority; its port."""
    context = server_context(front.pki)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=front.pki.authority.certificate.decode())
    runner = ServerRunner(Server(answer))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def api_service(port: int) -> dict[str, Any]:
    """A group behind the service `metrics`."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _NAME},
        "spec": {
            "group": "metrics.example.com",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics", "namespace": "default", "port": port},
        },
    }


async def condition(call: Caller, clock: Clock, status: str) -> dict[str, Any]:
    """The condition `Available`, once it has a status."""
    async with asyncio.timeout(20):
        while True:
            _, found = await call("GET", f"{_SERVICES}/{_NAME}")
            for each in found["status"].get("conditions") or ():
                if each["status"] == status:
                    return dict(each)
            await clock.sleep(0.05)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Caller, int, Clock]]:
    """A cluster's administrator, and the port of another server."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with serving(front) as port, caller(front, front.pki.admin, tmp_path) as call:
            yield call, port, cluster.clock


async def test_a_group_is_another_servers(asked: tuple[Caller, int, Clock]) -> None:
    """Once it is available; it hears who asks from the front proxy."""
    call, port, clock = asked
    spec = {"type": "ExternalName", "externalName": "127.0.0.1"}
    await call("POST", _SERVICES, api_service(port))
    absent = await condition(call, clock, "False")
    assert (absent["reason"], absent["message"]) == (
        "ServiceNotFound",
        'service/metrics in "default" is not present',
    )
    async with call.send("GET", f"{_GROUP}/v1beta1/namespaces/default/things") as refused:
        assert (refused.status, await refused.text()) == (503, "service unavailable\n")
    groups = (await call("GET", "/apis"))[1]["groups"]
    assert (
        groups[-1]["preferredVersion"]["groupVersion"] == f"{_GROUP.removeprefix('/apis/')}/v1beta1"
    )
    service = {"metadata": {"name": "metrics"}, "spec": spec}
    await call("POST", "/api/v1/namespaces/default/services", service)
    assert (await condition(call, clock, "True"))["reason"] == "Passed"
    path = f"{_GROUP}/v1beta1/namespaces/default/things?limit=5"
    code, found = await call("POST", path, {"a": 1}, X_Remote_User="somebody")
    assert (code, found["path"], found["user"]) == (200, path, "kubernetes-admin")
    assert "system:masters" in found["groups"]
    assert (found["authorization"], json.loads(found["body"])) == (None, {"a": 1})
    # What the client left out is not made up on the way.
    async with call.session.request(
        "POST", call.url + path, data=b"{}", skip_auto_headers=("Content-Type",)
    ) as bare:
        assert (await bare.json())["type"] is None


async def test_discovery_has_the_groups_of_other_servers(asked: tuple[Caller, int, Clock]) -> None:
    """In all its forms, by their priorities."""
    call, port, clock = asked
    spec = {"type": "ExternalName", "externalName": "127.0.0.1"}
    service = {"metadata": {"name": "metrics"}, "spec": spec}
    await call("POST", "/api/v1/namespaces/default/services", service)
    described = api_service(port)
    described["spec"]["groupPriorityMinimum"] = 17_790
    await call("POST", _SERVICES, described)
    await condition(call, clock, "True")
    _, groups = await call("GET", "/apis")
    names = [each["name"] for each in groups["groups"]]
    assert names[:4] == ["apiregistration.k8s.io", "apps", "metrics.example.com", "events.k8s.io"]
    _, group = await call("GET", _GROUP)
    assert group["preferredVersion"]["groupVersion"] == "metrics.example.com/v1beta1"
    _, resources = await call("GET", f"{_GROUP}/v1beta1")
    assert [each["name"] for each in resources["resources"]] == ["things"]
    _, whole = await call("GET", "/apis", Accept=_ACCEPT)
    assert [each["metadata"]["name"] for each in whole["items"]] == names
    found = next(each for each in whole["items"] if each["metadata"]["name"] == group["name"])
    assert found["versions"][0]["freshness"] == "Current"
    assert found["versions"][0]["resources"][0]["resource"] == "things"


async def test_components_read_documents_of_other_servers(tmp_path: Path) -> None:
    """In-process and from outside, as who they are; what they may not do they are refused."""
    spec = {"type": "ExternalName", "externalName": "127.0.0.1"}
    service = {"metadata": {"name": "metrics"}, "spec": spec}
    asking = GetElsewhere(
        group="metrics.example.com",
        versions=("v1", "v1beta1"),
        resource="things",
        namespace="default",
        name="*",
        query={"labelSelector": "a=b"},
    )
    path = f"{_GROUP}/v1beta1/namespaces/default/things/*?labelSelector=a%3Db"
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with serving(front) as port, caller(front, front.pki.admin, tmp_path) as call:
            await call("POST", "/api/v1/namespaces/default/services", service)
            await call("POST", _SERVICES, api_service(port))
            with pytest.raises(ServiceUnavailable, match=UNABLE):
                await cluster.api.ask(asking)
            await condition(call, cluster.clock, "True")
            found = await cluster.api.ask(asking)
            assert found is not None
            assert (found["path"], found["user"]) == (path, ADMIN.name)
            nobody = Identity("jane", (AUTHENTICATED,))
            with pytest.raises(Forbidden, match='cannot get resource "things" in API group'):
                await cluster.api.ask(replace(asking, identity=nobody))
            config = front.write_kubeconfig(tmp_path / "config")
            async with RemoteCluster(load_access(config)) as remote:
                found = await remote.client.api.ask(asking)
                assert found is not None
                assert (found["path"], found["user"]) == (path, "kubernetes-admin")
                assert await remote.client.api.ask(replace(asking, group="none.io")) is None
