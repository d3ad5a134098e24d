"""A log reads as a stream of messages, too, for clients that ask for a WebSocket."""

from base64 import b64decode

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller
from tests.manifests import pod

_LOG = "/api/v1/namespaces/default/pods/said/log"


async def _run(cluster: Cluster) -> None:
    manifest = pod("said")
    script = ["sh", "-c", "echo alive; sleep 1000"]
    manifest["spec"]["containers"][0] |= {"image": "busybox", "command": script}
    await cluster.apply([manifest])
    await cluster.client.wait(Pod, "said", "condition=Ready", namespace="default")


@pytest.mark.parametrize("protocol", ["", "binary.k8s.io", "base64.binary.k8s.io"])
async def test_a_log_comes_as_messages(
    running: tuple[Cluster, HttpFront], call: Caller, protocol: str
) -> None:
    """The first message is empty, the others are the log, as bytes or in base64; then the server hangs up."""
    await _run(running[0])
    protocols = (protocol,) if protocol else ()
    async with call.session.ws_connect(call.url + _LOG, protocols=protocols) as socket:
        came = [message async for message in socket]
    text = protocol.startswith("base64")
    assert {message.type for message in came} == {WSMsgType.TEXT if text else WSMsgType.BINARY}
    assert not came[0].data
    said = b"".join(b64decode(m.data) if text else m.data for m in came)
    assert said == b"alive\n"


async def test_a_protocol_that_is_not_a_logs_is_refused(
    running: tuple[Cluster, HttpFront], call: Caller
) -> None:
    """Who asks for the channels of commands gets no WebSocket."""
    await _run(running[0])
    with pytest.raises(WSServerHandshakeError, match="400"):
        async with call.session.ws_connect(call.url + _LOG, protocols=("v5.channel.k8s.io",)):
            pass


async def test_a_pod_without_a_node_has_no_log(call: Caller) -> None:
    """There is nothing to read, and no fault: 204, as the original answers."""
    pods = "/api/v1/namespaces/default/pods"
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeSelector": {"no": "node"}}
    assert (await call("POST", pods, {"metadata": {"name": "waits"}, "spec": spec}))[0] == 201
    async with call.send("GET", f"{pods}/waits/log") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
