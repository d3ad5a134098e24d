"""Attacks that Kubernetes has had, each of which has to fail here; others stand with what they go against.

2019-11247 is in `test_impersonation`, 2020-8561 in `test_webhooks`, and in `tests/apiserver/admission` are 2020-8554
(`test_optional`), 2023-2728 and 2024-3177 (`test_mountable_secrets`), 2025-4563 and 2025-5187
(`test_node_restriction`); 2024-0793 is in `tests/controllers/test_crashing_autoscalers`.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, StreamResponse, TCPSite

from orchestrator import Cluster
from orchestrator.api.admissionregistration.v1 import (
    RuleWithOperations,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from orchestrator.api.core.v1 import (
    Container,
    ContainerPort,
    Pod,
    PodIP,
    PodSpec,
    PodStatus,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule, RoleBinding, RoleRef, Subject
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.admission import Admission
from orchestrator.apiserver.http import HttpFront
from orchestrator.protocol import Create, Update
from tests.apiserver.http.conftest import Caller, caller
from tests.apiserver.http.test_aggregation import _GROUP, _SERVICES, api_service, condition
from tests.apiserver.http.test_custom_resources import _DEFINITIONS, definition, thing
from tests.conformance.webhook import server_context

Running = tuple[Cluster, HttpFront]

_RBAC = "rbac.authorization.k8s.io"


async def _allow(cluster: Cluster, user: str, *rules: PolicyRule) -> None:
    """A role with these rules in the namespace default."""
    role = ClusterRole(metadata=ObjectMeta(name=user), rules=rules)
    await cluster.client.create(role)
    ref = RoleRef(api_group=_RBAC, kind="ClusterRole", name=user)
    subject = Subject(kind="User", name=user, api_group=_RBAC)
    metadata = ObjectMeta(name=user, namespace="default")
    await cluster.client.create(RoleBinding(metadata=metadata, role_ref=ref, subjects=(subject,)))


@asynccontextmanager
async def _behind(front: HttpFront, answer: Any) -> AsyncIterator[int]:
    """The port of an HTTPS server that answers all requests so."""
    runner = ServerRunner(Server(answer))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(front.pki)).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _aggregated(running: Running, call: Caller, answer: Any) -> AsyncIterator[None]:
    """The group of `test_aggregation`, served by a server that answers so."""
    cluster, front = running

    async def answered(request: BaseRequest) -> StreamResponse:
        if request.path == f"{_GROUP}/v1beta1":
            return Response(text='{"kind":"APIResourceList","resources":[]}')
        response: StreamResponse = await answer(request)
        return response

    async with _behind(front, answered) as port:
        spec = {"type": "ExternalName", "externalName": "127.0.0.1"}
        service = {"metadata": {"name": "metrics"}, "spec": spec}
        await call("POST", "/api/v1/namespaces/default/services", service)
        await call("POST", _SERVICES, api_service(port))
        await condition(call, cluster.clock, "True")
        yield


@asynccontextmanager
async def _raw(
    front: HttpFront, user: str, tmp_path: Path
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A user's connection as bytes."""
    context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
    pair = front.client(user)
    file = tmp_path / f"{user}.pem"
    file.write_bytes(pair.certificate + pair.key)
    context.load_cert_chain(file)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The code and the body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = (line.partition(":") for line in head.splitlines())
    fields = {name.lower(): value.strip() for name, _, value in lines}
    code = int(head.split()[1])
    if "content-length" in fields:
        return code, await reader.readexactly(int(fields["content-length"]))
    body = b""
    while length := int(await reader.readline(), 16):
        body += await reader.readexactly(length)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return code, body


async def test_an_upgrade_that_fails_leaves_no_tunnel(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """CVE-2018-1002105: after an upgrade that a backend refused, the connection went on to it with the server's rights."""
    seen: list[str] = []

    async def backend(request: BaseRequest) -> StreamResponse:
        seen.append(f"{request.path} by {request.headers.get('X-Remote-User')}")
        return Response(status=400, text="no")

    cluster, front = running
    await _allow(
        cluster,
        "mallory",
        PolicyRule(verbs=("get",), api_groups=("metrics.example.com",), resources=("things",)),
    )
    async with (
        _aggregated(running, call, backend),
        _raw(front, "mallory", tmp_path) as (reader, writer),
    ):
        allowed = f"{_GROUP}/v1beta1/namespaces/default/things/a"
        writer.write(
            f"GET {allowed} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n".encode()
        )
        assert (await _answer(reader))[0] == 400
        writer.write(
            f"GET {_GROUP}/v1beta1/secrets HTTP/1.1\r\nHost: x\r\n"
            "X-Remote-User: system:admin\r\nX-Remote-Group: system:masters\r\n\r\n".encode()
        )
        code, body = await _answer(reader)
    assert (code, json.loads(body)["reason"]) == (403, "Forbidden")
    assert seen == [f"{allowed} by mallory"]


@pytest.mark.parametrize("media", ["application/yaml", "application/json"])
async def test_a_small_document_does_not_become_a_large_one(call: Caller, media: str) -> None:
    """CVE-2019-11253: a YAML text whose aliases stand for billions of strings takes all memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "\n".join(
        ["apiVersion: v1", "kind: ConfigMap", "metadata: {name: bomb}", "data:"]
        + [f"  {line}" for line in lines]
    )
    if media == "application/json":
        bomb = '{"kind":"ConfigMap","data":' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}"
    path = "/api/v1/namespaces/default/configmaps"
    code, status = await call("POST", path, bomb.encode(), Content_Type=media)
    assert (code, status["reason"]) == (400, "BadRequest")


async def test_a_kubelet_cannot_send_its_callers_to_another_node(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """CVE-2020-8559: a node that was taken over answers `exec` by a redirect, and the server follows it with its rights."""
    asked: list[str] = []

    async def secret(request: BaseRequest) -> Response:
        asked.append(request.path)
        return Response(text="secret")

    async def redirect(request: BaseRequest) -> Response:
        return Response(status=302, headers={"Location": f"https://127.0.0.1:{port}/exec"})

    _, front = running
    async with (
        _behind(front, secret) as port,
        _aggregated(running, call, redirect),
        call.send(
            "GET",
            f"{_GROUP}/v1beta1/namespaces/default/things/a",
            Connection="Upgrade",
            Upgrade="SPDY/3.1",
        ) as answer,
    ):
        assert answer.status == 502
        assert "secret" not in await answer.text()
    assert asked == []


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1"])
async def test_a_proxy_does_not_lead_to_the_server_itself(
    running: Running, call: Caller, address: str
) -> None:
    """CVE-2020-8562: a pod that says it has an address of the control plane's own has the server ask there."""
    cluster, _ = running
    port = ContainerPort(container_port=443)
    made = Pod(
        metadata=ObjectMeta(name="p", namespace="default"),
        spec=PodSpec(
            node_name="elsewhere", containers=(Container(name="c", image="i", ports=(port,)),)
        ),
    )
    stored = await cluster.api.ask(Create(resource=resource_of(Pod), object=made))
    status = PodStatus(phase="Running", pod_ip=address, pod_ips=(PodIP(ip=address),))
    await cluster.api.ask(
        Update(
            resource=resource_of(Pod),
            name="p",
            namespace="default",
            subresource="status",
            object=Pod(metadata=stored.metadata, spec=stored.spec, status=status),
        )
    )
    code, answer = await call("GET", "/api/v1/namespaces/default/pods/p/proxy/")
    assert (code, answer["message"]) == (400, "address not allowed")


async def test_a_webhook_of_nodes_sees_what_is_there(tmp_path: Path) -> None:
    """CVE-2021-25735: a webhook that compares a node's old labels with the new ones was shown the new ones twice."""

    async def judge(review: Mapping[str, Any]) -> Mapping[str, Any]:
        request = review["request"]
        old, new = (request[each]["metadata"]["labels"] for each in ("oldObject", "object"))
        allowed = old.get("locked") == new.get("locked")
        return {**review, "response": {"uid": request["uid"], "allowed": allowed}}

    admission = Admission(webhooks={"https://judge.example.com": judge})
    async with Cluster(nodes=1, admission=admission) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            path, merge = "/api/v1/nodes/node-0", "application/merge-patch+json"
            locked = {"metadata": {"labels": {"locked": "yes"}}}
            assert (await call("PATCH", path, locked, Content_Type=merge))[0] == 200
            hook = ValidatingWebhook(
                name="judge.example.com",
                client_config=WebhookClientConfig(url="https://judge.example.com"),
                rules=(
                    RuleWithOperations(
                        operations=("UPDATE",),
                        api_groups=("",),
                        api_versions=("v1",),
                        resources=("nodes",),
                    ),
                ),
                side_effects="None",
                admission_review_versions=("v1",),
            )
            await cluster.client.create(
                ValidatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=(hook,))
            )
            _, node = await call("GET", path)
            for change in ({"labels": {"locked": "no"}}, {"labels": {"locked": None}}):
                body = {"metadata": change}
                assert (await call("PATCH", path, body, Content_Type=merge))[0] == 400
            del node["metadata"]["labels"]["locked"]
            assert (await call("PUT", path, node))[0] in (400, 409)
            assert (await call("GET", path))[1]["metadata"]["labels"]["locked"] == "yes"


async def test_who_edits_a_namespace_writes_no_endpoints(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """CVE-2021-25740: whoever writes Endpoints sends the traffic of her Service to pods of others."""
    cluster, front = running
    for role in ("admin", "edit"):
        ref = RoleRef(api_group=_RBAC, kind="ClusterRole", name=role)
        subject = Subject(kind="User", name=role, api_group=_RBAC)
        metadata = ObjectMeta(name=role, namespace="default")
        binding = RoleBinding(metadata=metadata, role_ref=ref, subjects=(subject,))
        await cluster.client.create(binding)
        body = {"metadata": {"name": "x"}, "addressType": "IPv4", "endpoints": []}
        async with caller(front, front.client(role), tmp_path) as user:
            for path in (
                "/api/v1/namespaces/default/endpoints",
                "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            ):
                assert (await user("GET", path))[0] == 200
                assert (await user("POST", path, body))[0] == 403


async def test_a_name_is_no_path(running: Running, call: Caller, tmp_path: Path) -> None:
    """CVE-2022-3162: who may read one custom resource names an object so that it leads to another resource."""
    cluster, front = running
    await call("POST", _DEFINITIONS, definition({}))
    others = definition({})
    others["metadata"]["name"] = "secrets.example.com"
    others["spec"]["names"] = {"plural": "secrets", "kind": "Secretive"}
    await call("POST", _DEFINITIONS, others)
    path = "/apis/example.com/v1/namespaces/default"
    secret = {**thing("s", {}), "kind": "Secretive"}
    assert (await call("POST", f"{path}/secrets", secret))[0] == 201
    rule = PolicyRule(
        verbs=("get", "list", "watch"), api_groups=("example.com",), resources=("things",)
    )
    await _allow(cluster, "mallory", rule)
    async with _raw(front, "mallory", tmp_path) as (reader, writer):
        for name, expected in (
            ("../secrets/s", {403, 404}),
            ("..%2fsecrets%2fs", {403, 404}),
            ("..", {400, 404}),
            ("%2e%2e", {400, 404}),
            ("a%2f..%2f..%2fsecrets", {403, 404}),
        ):
            writer.write(f"GET {path}/things/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            code, body = await _answer(reader)
            assert code in expected, name
            assert b"Secretive" not in body


async def test_another_server_cannot_send_clients_elsewhere(running: Running, call: Caller) -> None:
    """CVE-2022-3172: an aggregated server's redirect takes a client, with her credentials, to whom it likes."""

    async def redirect(_request: BaseRequest) -> Response:
        return Response(status=307, headers={"Location": "https://evil.example.com/"})

    async with _aggregated(running, call, redirect):
        path = f"{_GROUP}/v1beta1/namespaces/default/things/a"
        async with call.session.get(call.url + path, allow_redirects=False) as answer:
            assert answer.status == 502
            assert "Location" not in answer.headers
            text = await answer.text()
    assert text == "the backend attempted to redirect this request, which is not permitted"


async def test_nobody_asks_a_kubelet_for_checkpoints(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """CVE-2025-0426: whoever asks a kubelet for checkpoints, without saying who she is, fills its disk."""
    _, front = running
    path = "/api/v1/nodes/node-0/proxy/checkpoint/default/p/c"
    async with caller(front, None, tmp_path) as stranger:
        assert (await stranger("POST", path))[0] == 403
    for _ in range(3):
        assert (await call("POST", path))[0] in (404, 405, 501)
