"""A probe that hangs fails after its time, and leaves nothing running."""

import os
import socket
from pathlib import Path

from orchestrator.api.core.v1 import ExecAction, HTTPGetAction, Probe, TCPSocketAction
from orchestrator.kubelet.runtimes.interface import ProbeAnswered
from tests.kubelet.process.machine import Machine, on_machine, pod_of

_MARK = f"86399.{os.getpid()}"


def _sleepers() -> int:
    """How many processes of the machine are the probe's command."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += _MARK.encode() in (process / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def test_a_probe_that_hangs_fails_and_is_ended() -> None:
    """A command, a request and a connection without an answer each have their time; no process is left of the first."""

    async def work(machine: Machine) -> None:
        pod = pod_of("sleep", "1000")
        key = machine.start(pod)
        await machine.started()
        assert pod.spec is not None
        deaf = socket.create_server(("127.0.0.1", 0))  # nobody accepts what comes
        port = deaf.getsockname()[1]
        command = ExecAction(command=("sh", "-c", f"sleep {_MARK} & sleep {_MARK}"))
        request = HTTPGetAction(port=port, host="127.0.0.1")
        for action, said in (
            (Probe(exec=command), "timed out after 1s"),
            (Probe(http_get=request), "Client.Timeout exceeded while awaiting headers"),
        ):
            machine.runtime.probe(pod, pod.spec.containers[0], key, "liveness", action)
            answer = await machine.next()
            assert isinstance(answer, ProbeAnswered)
            assert not answer.success
            assert said in answer.output
        deaf.close()
        refused = Probe(tcp_socket=TCPSocketAction(port=1, host="127.0.0.1"))
        machine.runtime.probe(pod, pod.spec.containers[0], key, "liveness", refused)
        answer = await machine.next()
        assert isinstance(answer, ProbeAnswered)
        assert "connection refused" in answer.output
        while _sleepers():
            await machine.clock.sleep(0.02)

    on_machine(work)
