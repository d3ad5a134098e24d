"""Plays cases against a served cluster: asks what was asked, and says where the answers differ.

A case has a namespace of its own, ${ns}, if it names one, a unique word ${id} and an address ${ip}. What
its steps make is deleted at its end. Cases are played beside one another, but for those that are `alone`.
"""

import asyncio
import base64
import json
import random
import re
import ssl
import string
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from actors import Clock
from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from orchestrator.protocol import AUTHENTICATED, MASTERS, Identity
from tests.conformance.cases import Case, Difference
from tests.conformance.normal import MISSING, Normaliser, differences, pointer
from tests.conformance.webhook import Webhook, webhook

Headers = Mapping[str, str]
Answer = tuple[int, list[tuple[str, str]], bytes]

JOBS: Final = 16
# Cases whose webhooks have a second to answer: so few at once that a busy machine manages it.
_WEBHOOK_JOBS: Final = 5
# What a case that should pass may wait for, if it asks for so much or says nothing, and one that is known not to.
MOST_PATIENCE_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 10.0
SHORT_PATIENCE_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.1
_SAFE: Final = "/?&=%:+,;@!*'()$~"
_JSON: Final = {"Content-Type": "application/json"}
_MERGE: Final = {"Content-Type": "application/merge-patch+json"}
# What is posted to these makes no object.
_DEEDS: Final = ("eviction", "binding", "token")
# Who asked when the cases were recorded, and is written into some objects.
_TOKEN: Final = "admintoken"
_ADMINISTRATOR: Final = Identity("admin", (MASTERS, AUTHENTICATED), "1")
_OBJECT_SLASHES: Final = (3, 4, 5, 6)


async def play(
    cases: Iterable[Case], tmp_path: Path, hasty: Iterable[str] = ()
) -> dict[str, list[Difference]]:
    """Each case's differences, none for one that passes. `hasty` are the cases that do not wait long."""
    found: dict[str, list[Difference]] = {}
    hurried = frozenset(hasty)
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(tokens={_TOKEN: _ADMINISTRATOR})
        async with _player(front, cluster.clock, tmp_path) as player:
            gates = {True: asyncio.Semaphore(_WEBHOOK_JOBS), False: asyncio.Semaphore(JOBS)}

            async def one(case: Case) -> None:
                gate = gates[case.asks_webhooks]
                patience = SHORT_PATIENCE_SECONDS if case.name in hurried else MOST_PATIENCE_SECONDS
                async with gate:
                    found[case.name] = await player.case(case, patience)

            listed = list(cases)
            await asyncio.gather(*(one(case) for case in listed if not case.alone))
            for case in listed:
                if case.alone:
                    await one(case)
    return found


@asynccontextmanager
async def _player(front: HttpFront, clock: Clock, tmp_path: Path) -> AsyncIterator["_Player"]:
    context = _context(front)
    options: dict[str, Any] = {
        "auto_decompress": False,
        "skip_auto_headers": ("Accept", "User-Agent", "Content-Type"),
        "timeout": ClientTimeout(total=_ANSWER_SECONDS),
    }
    identity = {"Accept-Encoding": "identity"}
    known = {**identity, "Authorization": f"Bearer {_TOKEN}"}
    async with (
        webhook(front.pki, clock) as hook,
        ClientSession(
            connector=TCPConnector(ssl=context, limit=0), headers=known, **options
        ) as admin,
        ClientSession(
            connector=TCPConnector(ssl=context, limit=0), headers=identity, **options
        ) as stranger,
    ):
        yield _Player(front, clock, admin, stranger, hook)


def _context(front: HttpFront) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=front.pki.authority.certificate.decode())


class _Player:
    def __init__(
        self,
        front: HttpFront,
        clock: Clock,
        admin: ClientSession,
        stranger: ClientSession,
        hook: Webhook,
    ) -> None:
        self.clock = clock
        self._front = front
        self._admin = admin
        self._stranger = stranger
        self._hook = hook
        self._random = random.Random(1)

    async def ask(
        self,
        method: str,
        path: str,
        headers: Headers = {},  # noqa: B006 - not changed
        body: bytes | None = None,
        *,
        anonymous: bool = False,
    ) -> Answer:
        named = {"User-Agent": "replay", **headers}
        anonymous = anonymous or any(name.lower() == "authorization" for name in headers)
        session = self._stranger if anonymous else self._admin
        url = URL(self._front.url + path, encoded=True)
        async with session.request(
            method, url, headers=named, data=body, allow_redirects=False
        ) as answer:
            data = await answer.read()
            return answer.status, list(answer.headers.items()), data

    async def case(self, case: Case, patience: float) -> list[Difference]:
        variables = self._variables()
        server, now = self._front.url.removeprefix("https://"), self.clock.now()
        normaliser = Normaliser(case, variables, server, now)
        run = _Run(self, case, variables, normaliser, patience)
        own = "${ns}" in json.dumps(case.steps)
        namespace = f"/api/v1/namespaces/{variables['ns']}"
        try:
            if own:
                await self._make_namespace(variables["ns"])
            return await run.steps()
        except (OSError, TimeoutError) as error:
            return [Difference(len(case.steps), "", "", "an answer", type(error).__name__)]
        finally:
            await run.clean()
            if own:
                await self.ask("DELETE", namespace)

    def _variables(self) -> dict[str, str]:
        choose = self._random
        letters = string.ascii_lowercase + string.digits
        word = choose.choice(string.ascii_lowercase) + "".join(choose.choices(letters, k=7))
        low, middle, high = (
            choose.randrange(8),
            choose.randrange(110, 156),
            choose.randrange(110, 156),
        )
        return {
            "ns": f"t-{word}",
            "ip": f"10.20{low}.{middle}.{high}",
            "id": "x" + word[:0:-1],
            "webhook": self._hook.url,
            "webhookCA": self._hook.authority,
        }

    async def _make_namespace(self, name: str) -> None:
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await self.ask("POST", "/api/v1/namespaces", _JSON, json.dumps(made).encode())
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        path = f"/api/v1/namespaces/{name}/serviceaccounts"
        await self.ask("POST", path, _JSON, json.dumps(account).encode())


class _Run:
    """One case in one run."""

    def __init__(
        self,
        player: _Player,
        case: Case,
        variables: dict[str, str],
        normaliser: Normaliser,
        patience: float,
    ) -> None:
        self._player = player
        self._case = case
        self._variables = variables
        self._normaliser = normaliser
        self._patience = patience
        self._created: list[str] = []

    async def steps(self) -> list[Difference]:
        found = []
        for index, step in enumerate(self._case.steps):
            answer = await self._step(step)
            request = f"{step['request']['method']} {step['request']['path']}"
            found += [
                Difference(index, request, *each) for each in differences(step["answer"], answer)
            ]
        return found

    async def _step(self, step: dict[str, Any]) -> dict[str, Any]:
        request = _substituted(step["request"], self._variables)
        headers, body = _headers_and_body(request)
        path = quote(request["path"], safe=_SAFE)
        clock = self._player.clock
        await clock.sleep(step.get("sleep", 0))
        deadline = clock.monotonic() + min(self._patience, step.get("patience", PATIENCE_SECONDS))
        while True:
            status, received, data = await self._player.ask(
                request["method"], path, headers, body, anonymous=request.get("anonymous", False)
            )
            answer, raw = self._normaliser.answer(step, status, received, data)
            wanted = _substituted(step.get("until", {}), self._variables)
            if _holds(wanted, status, raw) or clock.monotonic() > deadline:
                break
            await clock.sleep(_PAUSE_SECONDS)
        for name, where in step.get("capture", {}).items():
            value = pointer(raw, where)
            self._variables[name] = "nothing-captured" if value == MISSING else str(value)
        self._remember(request["method"], path, status, raw)
        return answer

    def _remember(self, method: str, path: str, status: int, raw: Any) -> None:
        """What was made is deleted later."""
        if status not in (200, 201) or "dryRun" in path or not isinstance(raw, dict):
            return
        name = (raw.get("metadata") or {}).get("name")
        if not name or raw.get("kind") in ("TokenReview", "Status"):
            return
        base = path.split("?")[0]
        is_collection = base.count("/") in _OBJECT_SLASHES
        if method == "POST" and status == 201 and is_collection and not base.endswith(_DEEDS):
            self._created.append(f"{base}/{name}")
        elif method in ("PUT", "PATCH") and status == 201:
            self._created.append(base)

    async def clean(self) -> None:
        ask = self._player.ask
        for path in reversed(self._created):
            now = f"{path}?gracePeriodSeconds=0&propagationPolicy=Background"
            status, _, _ = await ask("DELETE", now)
            if status not in (200, 202):
                continue
            status, _, data = await ask("GET", path)
            if status == 200 and b'"finalizers"' in data:
                await ask("PATCH", path, _MERGE, b'{"metadata":{"finalizers":null}}')


def _headers_and_body(request: Mapping[str, Any]) -> tuple[dict[str, str], bytes | None]:
    headers = dict(request.get("headers", {}))
    body = None
    if "body" in request:
        body = json.dumps(request["body"], separators=(",", ":")).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "text" in request:
        body = request["text"].encode()
    elif "base64" in request:
        body = base64.b64decode(request["base64"])
    headers.setdefault("Accept", "application/json")
    return headers, body


def _holds(wanted: Mapping[str, Any], status: int, raw: Any) -> bool:
    """Whether the answer says what is waited for; /@status is the code."""
    return all(
        pointer({"status": status, "body": raw}, path.replace("/@", "/")) == value
        if path.startswith("/@")
        else pointer(raw, path) == value
        for path, value in wanted.items()
    )


def _substituted(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\$\{([\w.-]+)\}", lambda m: variables.get(m[1], m[0]), value)
    if isinstance(value, list):
        return [_substituted(each, variables) for each in value]
    if isinstance(value, dict):
        return {_substituted(k, variables): _substituted(v, variables) for k, v in value.items()}
    return value
