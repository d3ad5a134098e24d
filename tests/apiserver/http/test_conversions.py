"""Custom resources in versions between which a webhook converts."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite

from orchestrator import Cluster
from orchestrator.apiserver.http import Pki
from tests.apiserver.http.conftest import Caller, caller
from tests.conformance.webhook import authority_of, server_context

_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NEW: Final = "/apis/example.com/v2/namespaces/default/hosts"
_OLD: Final = "/apis/example.com/v1/namespaces/default/hosts"
_MERGE: Final = {"Content_Type": "application/merge-patch+json"}


class Converter:
    """Splits v1's `address` into v2's `host` and `port`, and puts them together again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[int] = []  # how many objects each review has
        self.refusal = ""

    async def answer(self, request: BaseRequest) -> Response:
        """The review that answers."""
        review = json.loads(await request.read())
        wanted = review["request"]
        self.asked.append(len(wanted["objects"]))
        found = [self._converted(each, wanted["desiredAPIVersion"]) for each in wanted["objects"]]
        result = {"status": "Failure", "message": self.refusal} if self.refusal else None
        answer = {
            "uid": wanted["uid"],
            "result": result or {"status": "Success"},
            "convertedObjects": found,
        }
        document = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}
        return Response(body=json.dumps(document), content_type="application/json")

    @staticmethod
    def _converted(document: dict[str, Any], api_version: str) -> dict[str, Any]:
        spec = dict(document["spec"])
        if api_version.endswith("/v2"):
            host, _, port = spec.pop("address").partition(":")
            spec |= {"host": host, "port": port}
        else:
            spec["address"] = f"{spec.pop('host')}:{spec.pop('port')}"
        return {**document, "apiVersion": api_version, "spec": spec}


@asynccontextmanager
async def serving(pki: Pki) -> AsyncIterator[Converter]:
    """A converter behind HTTPS."""
    converter = Converter("")
    runner = ServerRunner(Server(converter.answer))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(pki)).start()
        converter.url = f"https://127.0.0.1:{runner.addresses[0][1]}/convert"
        yield converter
    finally:
        await runner.cleanup()


def version(name: str, storage: bool, *fields: str) -> dict[str, Any]:
    """A version whose spec needs these fields."""
    properties = {field: {"type": "string"} for field in fields}
    spec = {"type": "object", "required": [*fields], "properties": properties}
    schema = {"type": "object", "properties": {"spec": spec}}
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }


def definition(url: str, authority: str) -> dict[str, Any]:
    """Hosts, stored in v1."""
    webhook = {
        "clientConfig": {"url": url, "caBundle": authority},
        "conversionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "hosts.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "hosts", "kind": "Host"},
            "versions": [version("v1", True, "address"), version("v2", False, "host", "port")],
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        },
    }


def host(name: str, api_version: str, **spec: str) -> dict[str, Any]:
    """A custom resource."""
    return {
        "apiVersion": f"example.com/{api_version}",
        "kind": "Host",
        "metadata": {"name": name},
        "spec": spec,
    }


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Caller, Converter]]:
    """A cluster's administrator, and the webhook that converts hosts."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with (
            serving(front.pki) as converter,
            caller(front, front.pki.admin, tmp_path) as call,
        ):
            await call("POST", _DEFINITIONS, definition(converter.url, authority_of(front.pki)))
            yield call, converter


async def test_each_version_is_read_and_written(asked: tuple[Caller, Converter]) -> None:
    """By its own schema, whichever is stored."""
    call, _ = asked
    code, made = await call("POST", _NEW, host("a", "v2", host="x", port="1"))
    assert (code, made["spec"]) == (201, {"host": "x", "port": "1"})
    _, found = await call("GET", f"{_OLD}/a")
    assert (found["apiVersion"], found["spec"]) == ("example.com/v1", {"address": "x:1"})
    patch = {"spec": {"port": "2"}, "metadata": {"labels": {"b": "c"}}}
    code, found = await call("PATCH", f"{_NEW}/a", patch, **_MERGE)
    assert (code, found["spec"], found["metadata"]["generation"]) == (
        200,
        {"host": "x", "port": "2"},
        2,
    )
    code, found = await call("PUT", f"{_OLD}/a", {**found, **host("a", "v1", address="y:3")})
    assert code == 422  # without a resourceVersion
    code, status = await call("POST", _NEW, host("b", "v2", host="x"))
    assert code == 422
    assert "spec.port: Required value" in status["message"]
    code, _ = await call("DELETE", f"{_NEW}/a")
    assert code == 200
    code, _ = await call("GET", f"{_OLD}/a")
    assert code == 404


async def test_a_list_is_converted_at_once_and_remembered(asked: tuple[Caller, Converter]) -> None:
    """One review for all objects, and none for those that are known."""
    call, converter = asked
    for number in range(3):
        await call("POST", _OLD, host(f"h{number}", "v1", address=f"x:{number}"))
    assert converter.asked == []
    for _ in range(2):
        _, found = await call("GET", _NEW)
        assert [each["spec"]["port"] for each in found["items"]] == ["0", "1", "2"]
    assert converter.asked == [3]


async def test_watches_see_the_version_that_they_ask_for(asked: tuple[Caller, Converter]) -> None:
    """Also of objects that are written in another."""
    call, _ = asked
    async with call.send("GET", f"{_NEW}?watch=true&timeoutSeconds=5") as answer:
        await call("POST", _OLD, host("a", "v1", address="x:1"))
        line = await answer.content.readline()
    event = json.loads(line)
    assert (event["type"], event["object"]["spec"]) == ("ADDED", {"host": "x", "port": "1"})


async def test_a_webhook_that_refuses_fails_the_request(asked: tuple[Caller, Converter]) -> None:
    """In its words; the stored version needs no webhook."""
    call, converter = asked
    converter.refusal = "no way"
    code, status = await call("POST", _NEW, host("a", "v2", host="x", port="1"))
    assert code == 500
    assert status["message"] == ("conversion webhook for example.com/v2, Kind=Host failed: no way")
    code, _ = await call("POST", _OLD, host("b", "v1", address="x:1"))
    assert code == 201
    code, status = await call("GET", f"{_NEW}/b")
    assert code == 500
    assert status["message"] == ("conversion webhook for example.com/v1, Kind=Host failed: no way")
