"""Whether requests wait for the audit log, and what becomes of them where it is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from aiohttp import ClientSession, TCPConnector, web
from click.testing import CliRunner

from orchestrator import Cluster
from orchestrator.apiserver.http import pki
from orchestrator.apiserver.http.audit import Audit, AuditLog, Buffered, load_policy
from orchestrator.apiserver.http.audit.backends import Batching, NotKept
from orchestrator.cli.auditing import Auditing, options
from orchestrator.cli.errors import InputError
from tests.apiserver.http.conftest import Caller, caller
from tests.apiserver.http.test_elsewhere import _served

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MADE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}


def given(*arguments: str) -> dict[str, Any]:
    """What the command line says of auditing."""
    found: list[dict[str, Any]] = []

    @click.command()
    @options
    def command(auditing: dict[str, Any]) -> None:
        found.append(auditing)

    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    return found[0]


class Keeper:
    """A server elsewhere that is sent the log; it answers with `code`, once it is not held up."""

    def __init__(self) -> None:
        self.code = 200
        self.free = asyncio.Event()
        self.free.set()
        self.lists: list[list[dict[str, Any]]] = []

    async def receive(self, request: web.Request) -> web.Response:
        """A batch has come."""
        await self.free.wait()
        self.lists.append((await request.json())["items"])
        return web.Response(status=self.code)


@asynccontextmanager
async def kept_elsewhere(
    tmp_path: Path, *arguments: str
) -> AsyncIterator[tuple[Keeper, Caller, Cluster]]:
    """A server whose log goes to another one, as the command line's options say."""
    keeper = Keeper()
    async with Cluster(nodes=0) as cluster:
        certificates = pki.generate(cluster.clock.now())
        async with _served(certificates, tmp_path, web.post("/audit", keeper.receive)) as url:
            (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
            (tmp_path / "ca.pem").write_bytes(certificates.authority.certificate)
            where = {"server": f"{url}/audit", "certificate-authority": str(tmp_path / "ca.pem")}
            config = {
                "clusters": [{"name": "a", "cluster": where}],
                "users": [{"name": "a", "user": {}}],
                "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
                "current-context": "a",
            }
            (tmp_path / "keeper.yaml").write_text(yaml.safe_dump(config))
            files = (
                f"--audit-policy-file={tmp_path / 'policy.yaml'}",
                f"--audit-webhook-config-file={tmp_path / 'keeper.yaml'}",
            )
            audits = Auditing(given(*files, *arguments))
            async with audits.begun(cluster.clock) as audit:
                front = await cluster.serve(audit=audit)
                async with caller(front, front.pki.admin, tmp_path) as call:
                    yield keeper, call, cluster


async def _metrics(call: Caller) -> str:
    async with call.send("GET", "/metrics") as answer:
        return await answer.text()


async def test_a_request_waits_until_its_events_are_kept(tmp_path: Path) -> None:
    """With `blocking`: neither is it served before its arrival is noted, nor answered before its end is."""
    mode = "--audit-webhook-mode=blocking"
    async with kept_elsewhere(tmp_path, mode) as (keeper, call, cluster):
        keeper.free.clear()
        asked = asyncio.ensure_future(call("POST", CONFIG_MAPS, MADE))
        await cluster.clock.sleep(0.05)
        assert not asked.done()
        keeper.free.set()
        assert (await asked)[0] == 201
        stages = [each["stage"] for (each,) in keeper.lists]
        assert stages == ["RequestReceived", "ResponseComplete"]


async def test_a_request_goes_on_without_its_events(tmp_path: Path) -> None:
    """With `blocking`, after all attempts; they are counted as lost."""
    arguments = ("--audit-webhook-mode=blocking", "--audit-webhook-initial-backoff=1ms")
    async with kept_elsewhere(tmp_path, *arguments) as (keeper, call, _):
        keeper.code = 500
        assert (await call("POST", CONFIG_MAPS, MADE))[0] == 201
        assert len(keeper.lists) == 10
        keeper.code = 200
        text = await _metrics(call)
    assert '\napiserver_audit_error_total{plugin="webhook"} 2\n' in text
    assert "\napiserver_audit_requests_rejected_total 0\n" in text


async def test_a_request_that_cannot_be_noted_is_not_served(tmp_path: Path) -> None:
    """With `blocking-strict`; the end of one that was served is lost without a word to the client."""
    arguments = ("--audit-webhook-mode=blocking-strict", "--audit-webhook-initial-backoff=1ms")
    async with kept_elsewhere(tmp_path, *arguments) as (keeper, call, _):
        keeper.code = 500
        async with call.send("POST", f"{CONFIG_MAPS}?a=<b>&c", MADE) as answer:
            assert answer.status == 500
            assert await answer.text() == (
                f'Internal Server Error: "{CONFIG_MAPS}?a=%3Cb%3E&amp;c": failed to store audit event\n'
            )
        assert {each["stage"] for (each,) in keeper.lists} == {"RequestReceived"}
        keeper.code = 200
        assert (await call("GET", f"{CONFIG_MAPS}/c"))[0] == 404
        text = await _metrics(call)
    assert "\napiserver_audit_requests_rejected_total 1\n" in text
    assert '\napiserver_audit_error_total{plugin="webhook"} 1\n' in text


async def test_events_wait_for_one_another(tmp_path: Path) -> None:
    """With `batch`, which is as it comes: a full batch is sent at once, what is left at the end."""
    arguments = ("--audit-webhook-batch-max-size=3", "--audit-webhook-batch-max-wait=1m")
    async with kept_elsewhere(tmp_path, *arguments) as (keeper, call, cluster):
        for _ in range(2):
            await call("GET", CONFIG_MAPS)
        async with asyncio.timeout(20):
            while not keeper.lists:
                await cluster.clock.sleep(0.01)
        assert [len(each) for each in keeper.lists] == [3]
    assert [len(each) for each in keeper.lists] == [3, 1]


class _Refusing:
    """A backend that keeps nothing until it is told to."""

    name = "refusing"

    def __init__(self) -> None:
        self.refuses = True
        self.kept: list[Any] = []

    async def keep(self, events: Any, *, persistent: bool = True) -> None:
        """As `Backend`."""
        if self.refuses:
            raise NotKept("no")
        self.kept.extend(events)


async def test_what_does_not_fit_is_dropped_and_counted() -> None:
    """Of a buffer; and what its backend loses. The bucket of tokens says how many batches a second go."""
    async with Cluster(nodes=0) as cluster:
        lost: Counter[str] = Counter()
        backend = _Refusing()
        batching = Batching(buffer=5, size=2, wait=60.0, rate=10.0, burst=1)
        began = cluster.clock.monotonic()
        async with Buffered(backend, cluster.clock, lost, batching) as sink:
            for number in range(7):
                sink({"n": number})
            assert lost == {"buffered": 2}
            async with asyncio.timeout(20):
                while lost["refusing"] < 4:
                    await cluster.clock.sleep(0.05)
            assert cluster.clock.monotonic() - began > 0.09
            backend.refuses = False
        assert [each["n"] for each in backend.kept] == [4]


async def test_a_log_whose_disk_is_full(tmp_path: Path) -> None:
    """It ends requests only where it is to."""
    for strict, code in ((False, 201), (True, 500)):
        lost: Counter[str] = Counter()
        async with Cluster(nodes=0) as cluster:
            with AuditLog("/dev/full", lost, strict=strict) as log:
                front = await cluster.serve(audit=Audit(load_policy(POLICY), log, lost=lost))
                async with (
                    caller(front, front.pki.admin, tmp_path) as call,
                    call.send("POST", CONFIG_MAPS, MADE) as answer,
                ):
                    assert answer.status == code
        assert lost == {"log": 1 if strict else 2}


async def test_a_log_is_written_in_batches(tmp_path: Path) -> None:
    """And whole when it ends."""
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    path = tmp_path / "audit.log"
    arguments = (
        f"--audit-policy-file={tmp_path / 'policy.yaml'}",
        f"--audit-log-path={path}",
        "--audit-log-mode=batch",
        "--audit-log-batch-max-size=100",
    )
    async with Cluster(nodes=0) as cluster:
        async with Auditing(given(*arguments)).begun(cluster.clock) as audit:
            assert audit is not None
            audit.sink({"n": 1})
            assert path.read_text() == ""
        assert path.read_text() == '{"n":1}\n'


async def test_a_stranger_is_noted_once(tmp_path: Path) -> None:
    """When she is answered."""
    events: list[Any] = []
    async with Cluster(nodes=0) as cluster:
        audit = Audit(load_policy(POLICY), lambda event: events.append(dict(event)))
        front = await cluster.serve(audit=audit)
        async with ClientSession(connector=TCPConnector(ssl=False)) as session:
            headers = {"Authorization": "Bearer wrong"}
            async with session.get(front.url + CONFIG_MAPS, headers=headers) as answer:
                assert answer.status == 401
    (event,) = events
    assert (event["stage"], event["user"]) == ("ResponseStarted", {})
    assert event["responseStatus"] == {
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


@pytest.mark.parametrize(
    "option", ["--audit-webhook-initial-backoff", "--audit-log-batch-max-wait"]
)
def test_a_time_that_is_none(option: str) -> None:
    """It is said of which option it is."""
    with pytest.raises(InputError, match=f"{option}: "):
        Auditing(given(f"{option}=soon"))
