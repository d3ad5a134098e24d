"""A stand-in for cert-manager's webhook: it speaks admission.k8s.io/v1 over HTTPS and does what that one does.

`/mutate` writes into a CertificateRequest who asks for it. `/validate` wants a Certificate to name something,
keeps what a request says of its author, and lets those approve requests who may `approve` its signer; whether
they may it asks the API server, while that waits for the answer.
"""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite

from orchestrator.apiserver.http import Pki
from tests.conformance.webhook import Webhook, authority_of, server_context

_GROUP: Final = "cert-manager.io"
_AUTHOR: Final = ("username", "uid", "groups", "extra")
_NAMES: Final = ("commonName", "dnsNames", "emailAddresses", "ipAddresses", "uris")

Allowed: TypeAlias = Callable[[dict[str, Any]], Awaitable[bool]]
"""Whether a SubjectAccessReview with this spec is allowed."""


@asynccontextmanager
async def certificate_webhook(pki: Pki, allowed: Allowed) -> AsyncIterator[Webhook]:
    """Serve until the end of the block, with the certificate of a server of this authority."""

    async def answer(request: BaseRequest) -> Response:
        review = json.loads(await request.read())
        asked = review["request"]
        said = _mutated(asked) if request.path == "/mutate" else await _validated(asked, allowed)
        document = {**review, "response": {"uid": asked["uid"], **said}}
        return Response(body=json.dumps(document).encode(), content_type="application/json")

    runner = ServerRunner(Server(answer))
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(pki)).start()
        yield Webhook(f"https://127.0.0.1:{runner.addresses[0][1]}", authority_of(pki))
    finally:
        await runner.cleanup()


def _mutated(asked: dict[str, Any]) -> dict[str, Any]:
    author = {name: asked["userInfo"].get(name) for name in _AUTHOR}
    patch = [
        {"op": "add", "path": f"/spec/{name}", "value": value}
        for name, value in author.items()
        if value
    ]
    text = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": text}


async def _validated(asked: dict[str, Any], allowed: Allowed) -> dict[str, Any]:
    made, before = asked["object"], asked.get("oldObject") or {}
    if asked["resource"]["resource"] == "certificates":
        if any(made["spec"].get(name) for name in _NAMES):
            return {"allowed": True}
        return _refused(f"spec: Invalid value: at least one of {', '.join(_NAMES)} must be set")
    changed = [
        name for name in _AUTHOR if before and made["spec"].get(name) != before["spec"].get(name)
    ]
    if changed:
        return _refused(f"spec.{changed[0]}: Forbidden: cannot be changed")
    if asked.get("subResource") == "status" and _is_approved(made) and not _is_approved(before):
        return await _approved(asked, allowed)
    return {"allowed": True}


async def _approved(asked: dict[str, Any], allowed: Allowed) -> dict[str, Any]:
    issuer = f"{asked['namespace']}.{asked['object']['spec']['issuerRef']['name']}"
    who = asked["userInfo"]
    right = {"verb": "approve", "group": _GROUP, "resource": "signers", "name": f"issuers.{issuer}"}
    spec = {
        "user": who["username"],
        "groups": who.get("groups", []),
        "resourceAttributes": right,
    }
    if await allowed(spec):
        return {"allowed": True}
    return _refused(
        f'user "{who["username"]}" does not have permissions to set approved for signer'
    )


def _is_approved(request: dict[str, Any]) -> bool:
    conditions = request.get("status", {}).get("conditions", [])
    return any(each["type"] == "Approved" for each in conditions)


def _refused(message: str) -> dict[str, Any]:
    status = {"status": "Failure", "message": message, "reason": "NotAcceptable", "code": 406}
    return {"allowed": False, "status": status}
