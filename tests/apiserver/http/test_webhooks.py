"""Webhooks that are HTTPS servers on loopback: reached by URL and by service, and believed by certificate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    Pod,
    PodSpec,
    Service,
    ServiceSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http import HttpFront
from orchestrator.apiserver.http.pki import Pki, generate
from orchestrator.machinery.certificates import KeyPair
from orchestrator.protocol import ApiError, InternalError
from tests.apiserver.http.conftest import Caller
from tests.conformance.webhook import Webhook, authority_of, server_context, webhook

_RULE = RuleWithOperations(
    operations=("CREATE",), api_groups=("",), api_versions=("v1",), resources=("configmaps",)
)


@asynccontextmanager
async def _served(cluster: Cluster, *hosts: str) -> AsyncIterator[Webhook]:
    pki = generate(cluster.clock.now(), hosts=hosts)
    async with webhook(pki, cluster.clock) as hook:
        yield hook


def _fields(config: WebhookClientConfig, **fields: Any) -> dict[str, Any]:
    return {
        "name": "a.example.com",
        "client_config": config,
        "rules": (_RULE,),
        "side_effects": "None",
        "admission_review_versions": ("v1",),
        "timeout_seconds": 30,
        **fields,
    }


async def _validating(cluster: Cluster, config: WebhookClientConfig, **fields: Any) -> None:
    hooks = (ValidatingWebhook(**_fields(config, **fields)),)
    made = ValidatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=hooks)
    await cluster.client.create(made)


def _at(hook: Webhook, path: str, **fields: Any) -> WebhookClientConfig:
    given = {"url": f"{hook.url}/{path}", "ca_bundle": hook.authority, **fields}
    return WebhookClientConfig(**given)


async def _written(cluster: Cluster) -> Any:
    made = ConfigMap(metadata=ObjectMeta(name="c", namespace="default"))
    return await cluster.client.create(made)


async def _words(cluster: Cluster, hook: Webhook) -> str:
    with pytest.raises(InternalError) as caught:
        await _written(cluster)
    begin = 'Internal error occurred: failed calling webhook "a.example.com": '
    assert str(caught.value).startswith(begin)
    return str(caught.value).removeprefix(begin).replace(hook.url, "URL")


async def test_a_webhook_is_asked_by_its_url(running: tuple[Cluster, HttpFront]) -> None:
    """And refuses, in its own words."""
    cluster, _ = running
    async with _served(cluster) as hook:
        await _validating(cluster, _at(hook, "deny"))
        with pytest.raises(ApiError, match="denied the request: not today"):
            await _written(cluster)


async def test_a_webhook_changes_an_object(running: tuple[Cluster, HttpFront]) -> None:
    """By a JSON patch in its answer."""
    cluster, _ = running
    async with _served(cluster) as hook:
        hooks = (MutatingWebhook(**_fields(_at(hook, "label"))),)
        await cluster.client.create(
            MutatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=hooks)
        )
        assert (await _written(cluster)).metadata.labels == {"webhook": "seen"}


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        (
            "slow",
            {},
            'failed to call webhook: Post "URL/slow?timeout=1s": context deadline exceeded',
        ),
        (
            "error",
            {},
            'failed to call webhook: an error on the server ("unknown") has prevented '
            "the request from succeeding",
        ),
        (
            "allow",
            {"ca_bundle": None},
            'failed to call webhook: Post "URL/allow?timeout=30s": tls: failed to verify '
            "certificate: x509: certificate signed by unknown authority",
        ),
    ],
)
async def test_a_call_that_fails_says_how(
    running: tuple[Cluster, HttpFront], path: str, fields: dict[str, Any], words: str
) -> None:
    """In Go's words: too slow, an error's code, an authority that nobody vouches for."""
    cluster, _ = running
    async with _served(cluster) as hook:
        seconds = 1 if path == "slow" else 30
        await _validating(cluster, _at(hook, path, **fields), timeout_seconds=seconds)
        assert await _words(cluster, hook) == words


async def test_nobody_listens(running: tuple[Cluster, HttpFront]) -> None:
    """The connection is refused, and the write with it."""
    cluster, _ = running
    async with _served(cluster) as hook:
        pass
    await _validating(cluster, _at(hook, "allow"))
    at = hook.url.removeprefix("https://")
    assert await _words(cluster, hook) == (
        'failed to call webhook: Post "URL/allow?timeout=30s": '
        f"dial tcp {at}: connect: connection refused"
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http: server gave HTTP response to HTTPS client"),
        (b"", "EOF"),
    ],
)
async def test_who_listens_speaks_no_tls(
    running: tuple[Cluster, HttpFront], answer: bytes, words: str
) -> None:
    """As Go says it, for a server of plain HTTP and for one that just hangs up."""
    cluster, _ = running

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        hook = Webhook(f"https://127.0.0.1:{port}", "")
        await _validating(cluster, _at(hook, "allow", ca_bundle=None))
        assert await _words(cluster, hook) == (
            f'failed to call webhook: Post "URL/allow?timeout=30s": {words}'
        )


@pytest.mark.parametrize(("name", "allowed"), [("policy.default.svc", True), ("other", False)])
async def test_a_service_must_show_its_own_certificate(
    running: tuple[Cluster, HttpFront], name: str, allowed: bool
) -> None:
    """For the name NAME.NAMESPACE.svc, wherever the service leads."""
    cluster, _ = running
    async with _served(cluster, name) as hook:
        spec = ServiceSpec(type="ExternalName", external_name="localhost")
        service = Service(metadata=ObjectMeta(name="policy", namespace="default"), spec=spec)
        await cluster.client.create(service)
        port = int(hook.url.rpartition(":")[2])
        reference = ServiceReference(name="policy", namespace="default", path="/allow", port=port)
        config = WebhookClientConfig(service=reference, ca_bundle=hook.authority)
        await _validating(cluster, config)
        if allowed:
            await _written(cluster)
            return
        assert ", not policy.default.svc" in await _words(cluster, hook)


async def test_a_webhook_cannot_send_the_server_elsewhere(
    running: tuple[Cluster, HttpFront],
) -> None:
    """CVE-2020-8561: an answer that redirects makes the server ask addresses that its writer cannot reach."""
    cluster, front = running
    asked: list[str] = []

    async def redirect(request: BaseRequest) -> Response:
        asked.append(request.path)
        return Response(status=307, headers={"Location": f"https://{request.host}/secret"})

    runner = ServerRunner(Server(redirect))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(front.pki)).start()
        hook = Webhook(f"https://127.0.0.1:{runner.addresses[0][1]}", authority_of(front.pki))
        await _validating(cluster, _at(hook, "begin"))
        words = "the server responded with the status code 307"
        assert words in await _words(cluster, hook)
    finally:
        await runner.cleanup()
    assert asked == ["/begin"]


@asynccontextmanager
async def _answering(
    front: HttpFront, *answers: Response
) -> AsyncIterator[tuple[Webhook, list[str]]]:
    """A server that gives the answers in turn, and the bodies that it was sent."""
    heard: list[str] = []

    async def answer(request: BaseRequest) -> Response:
        heard.append((await request.read()).decode())
        return answers[len(heard) - 1]

    runner = ServerRunner(Server(answer))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(front.pki)).start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        yield Webhook(url, authority_of(front.pki)), heard
    finally:
        await runner.cleanup()


async def test_a_server_that_says_when_is_asked_again(running: tuple[Cluster, HttpFront]) -> None:
    """One that is too busy or broken, and says after how many seconds; a whole line each time."""
    cluster, front = running
    later = [Response(status=code, headers={"Retry-After": "0"}) for code in (429, 503)]
    async with _answering(front, *later, Response(status=404)) as (hook, heard):
        await _validating(cluster, _at(hook, "busy"))
        words = "failed to call webhook: the server could not find the requested resource"
        assert await _words(cluster, hook) == words
    assert len(heard) == 3
    assert all(each == heard[0] and each.endswith("}\n") for each in heard)


def _shown(front: HttpFront, **names: Any) -> Pki:
    """A server's certificate of the authority, with just these names and days."""
    authority = front.pki.authority
    key = ec.generate_private_key(ec.SECP256R1())
    signer = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.fromtimestamp(names["now"], UTC) - timedelta(days=10)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.load_pem_x509_certificate(authority.certificate).subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=names["days"]))
    )
    alternatives = [x509.DNSName(each) for each in names["hosts"]]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    pair = KeyPair(
        builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return replace(front.pki, server=pair)


_CANNOT = "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"
_LATE = "certificate has expired or is not yet valid: current time "


@pytest.mark.parametrize(
    ("host", "hosts", "days", "words"),
    [
        ("127.0.0.1", (), 20, _CANNOT),
        ("127.0.0.1", ("a.example",), 20, _CANNOT),
        (
            "localhost",
            (),
            20,
            "certificate is not valid for any names, but wanted to match localhost",
        ),
        (
            "localhost",
            ("a.example", "*.b.example"),
            20,
            "certificate is valid for a.example, *.b.example, not localhost",
        ),
        ("localhost", ("localhost",), 5, _LATE),
    ],
)
async def test_a_certificate_is_refused_in_gos_words(
    running: tuple[Cluster, HttpFront], host: str, hosts: tuple[str, ...], days: int, words: str
) -> None:
    """For other names, for none, whatever its subject is called, or for another time."""
    cluster, front = running
    pki = _shown(front, now=cluster.clock.now(), hosts=hosts, days=days)
    async with webhook(pki, cluster.clock) as hook:
        hook = Webhook(hook.url.replace("127.0.0.1", host), hook.authority)
        await _validating(cluster, _at(hook, "allow"))
        said = await _words(cluster, hook)
    begin = 'failed to call webhook: Post "URL/allow?timeout=30s": tls: failed to verify certificate: x509: '
    assert said.startswith(begin + words)
    assert words != _LATE or " is after " in said


@pytest.mark.parametrize(
    ("resource", "method", "path"),
    [
        ("pods/attach", "POST", "namespaces/default/pods/p/attach?container=c&stdout=true"),
        ("pods/exec", "POST", "namespaces/default/pods/absent/exec?command=ls&stdout=true"),
        ("pods/proxy", "GET", "namespaces/default/pods/p:80/proxy/healthz"),
        ("services/proxy", "POST", "namespaces/default/services/absent/proxy/"),
        ("nodes/proxy", "GET", "nodes/node-0/proxy/healthz"),
    ],
)
async def test_a_webhook_refuses_a_connection(
    running: tuple[Cluster, HttpFront], call: Caller, resource: str, method: str, path: str
) -> None:
    """Before there is one, and before it is known whether what it leads to is there."""
    cluster, _ = running
    rule = RuleWithOperations(
        operations=("CONNECT",), api_groups=("",), api_versions=("v1",), resources=(resource,)
    )
    made = Pod(
        metadata=ObjectMeta(name="p", namespace="default"),
        spec=PodSpec(containers=(Container(name="c", image="i"),)),
    )
    await cluster.client.create(made)
    async with _served(cluster) as hook:
        await _validating(cluster, _at(hook, "deny"), rules=(rule,))
        status, answer = await call(method, f"/api/v1/{path}")
    assert status == 400
    assert answer["message"] == 'admission webhook "a.example.com" denied the request: not today'
