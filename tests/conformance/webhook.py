"""The admission webhook that cases register as ${webhook}: its path says what it answers."""

import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite

from actors import Clock
from orchestrator.apiserver.http import Pki

_ECHOED: Final = (
    "kind",
    "resource",
    "subResource",
    "requestKind",
    "requestResource",
    "name",
    "namespace",
    "operation",
    "dryRun",
    "options",
)
_SLOW_SECONDS: Final = 3.0


class Webhook(NamedTuple):
    """Where it listens, and its authority's certificate as a webhook's configuration has it."""

    url: str
    authority: str


@asynccontextmanager
async def webhook(pki: Pki, clock: Clock) -> AsyncIterator[Webhook]:
    """Serve until the end of the block, with the certificate of a server of this authority."""
    context = server_context(pki)
    runner = ServerRunner(Server(lambda request: _answer(request, clock)))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        yield Webhook(f"https://127.0.0.1:{port}", authority_of(pki))
    finally:
        await runner.cleanup()


def server_context(pki: Pki) -> ssl.SSLContext:
    """What a server of this authority shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pki.server.certificate + pki.server.key)
        file.flush()
        context.load_cert_chain(Path(file.name))
    return context


def authority_of(pki: Pki) -> str:
    """The authority's certificate as a webhook's configuration has it."""
    return base64.b64encode(pki.authority.certificate).decode()


async def _answer(request: BaseRequest, clock: Clock) -> Response:
    review = json.loads(await request.read())
    what = request.path.strip("/")
    if what == "slow":
        await clock.sleep(_SLOW_SECONDS)
    answer = {"uid": review["request"]["uid"], "allowed": True, **_verdict(what, review["request"])}
    document = {
        "apiVersion": review["apiVersion"],
        "kind": "AdmissionReview",
        "response": answer,
    }
    data = b"garbage" if what == "garbage" else json.dumps(document).encode()
    status = 500 if what == "error" else 200
    return Response(body=data, status=status, content_type="application/json")


def _verdict(what: str, asked: dict[str, Any]) -> dict[str, Any]:
    match what:
        case "deny":
            return {"allowed": False, "status": {"message": "not today"}}
        case "deny-code":
            status = {"message": "no teapots", "code": 418, "reason": "Teapot"}
            return {"allowed": False, "status": status}
        case "warn":
            return {"warnings": ["mind the gap"]}
        case "label":
            return _patch("add", "/metadata/labels", {"webhook": "seen"})
        case "bad-patch":
            return _patch("replace", "/none/such", 1)
        case "wrong-uid":
            return {"uid": "nobody"}
        case "echo-deny":
            said = {name: asked.get(name) for name in _ECHOED}
            said["user"] = asked["userInfo"].get("username")
            said["object"] = bool(asked.get("object"))
            said["oldObject"] = bool(asked.get("oldObject"))
            message = json.dumps(said, sort_keys=True)
            return {"allowed": False, "status": {"message": message}}
    return {}


def _patch(operation: str, path: str, value: Any) -> dict[str, Any]:
    text = json.dumps([{"op": operation, "path": path, "value": value}])
    return {"patchType": "JSONPatch", "patch": base64.b64encode(text.encode()).decode()}
