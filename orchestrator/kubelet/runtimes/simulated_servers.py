"""Simulated containers as servers: which of them listens where, and what it answers."""

import ssl
from collections.abc import Iterator

from orchestrator.kubelet.networks.wires import Segment
from orchestrator.kubelet.runtimes.agnhost.servers import stamped
from orchestrator.kubelet.runtimes.commands.steps import Listen
from orchestrator.kubelet.runtimes.interface import ContainerStarted
from orchestrator.kubelet.runtimes.live import Journal
from orchestrator.kubelet.runtimes.services import HttpRequest, HttpResponse, Scene
from orchestrator.kubelet.runtimes.simulated_records import Record
from orchestrator.kubelet.runtimes.simulated_serving import (
    answer,
    at_node,
    by_name,
    output_of,
    replied,
)
from orchestrator.kubelet.runtimes.simulated_surroundings import Surroundings
from orchestrator.kubelet.runtimes.tls import context_of, self_signed


def listening_at(record: Record, port: int, protocol: str = "TCP") -> Listen | None:
    """How the container's own command waits at a port; None: it does not."""
    found = record.live.listening if record.live is not None else None
    return found if found and (found.port, found.protocol) == (port, protocol) else None


class Servers(Surroundings):
    """Containers that other pods, probes and clients reach."""

    def _answered(self, segment: Segment) -> bytes | None:
        """What a server of this node answers to another pod; None: nobody listens there."""
        for record, port in self._reached(segment):
            said = self._replied(record, port, segment)
            if said is not None:
                return said
        return None

    def _reached(self, segment: Segment) -> Iterator[tuple[Record, int]]:
        """The containers that may listen at an address, and the port that it is to them."""
        assert self._network is not None
        holder = self._network.holder(segment.at)
        if holder:
            yield from ((each, segment.port) for each in self._pods.get(holder, {}).values())
        elif holder is not None:
            for records in self._pods.values():
                for record in records.values():
                    yield from at_node(record.pod, record, segment)

    def _replied(self, record: Record, port: int, segment: Segment) -> bytes | None:
        program, pod = record.program, record.pod
        if not isinstance(record.last, ContainerStarted) or pod is None:
            return None
        if listening := listening_at(record, port, segment.protocol):
            assert record.live is not None
            record.live.connected(segment.data)
            return listening.data

        def served(request: HttpRequest) -> HttpResponse:
            if program is None:
                return by_name(pod.metadata.name, request)
            return self.serve(record, request, port)

        service = program.service if program is not None else None
        if program is not None and service is None:
            return None
        return replied(service, segment, port, served, lambda: self._scene_of(record))

    def serve(self, record: Record, request: HttpRequest, port: int) -> HttpResponse:
        """What the container's server answers; what it writes meanwhile lands in its log."""
        assert record.program is not None
        assert record.program.service is not None
        response = answer(record.program.service, request, port, self._scene_of(record))
        if response.log:
            if record.journal is None:
                record.journal = Journal()
            now = self._host.clock.now()
            for line in response.log:
                record.journal.write(now, f"{stamped(line, now)}\n".encode())
        if response.exits is not None:
            self._next(record, 0.001, response.exits, "Error" if response.exits else "Completed")
        return response

    def _scene_of(self, record: Record) -> Scene:
        world = self._world_of(record)
        if record.served is None:
            record.served = {}
        return Scene(
            world,
            record.started_at or 0.0,
            self._host.clock.now(),
            record.stopping,
            lambda script: output_of(script, world),
            record.served,
        )

    def _certified(self, record: Record, port: int) -> ssl.SSLContext | None:
        """What the container's server speaks TLS with at a port; None where it does not.

        Raises ConnectionRefusedError: a server without its certificate does not begin.
        """
        assert record.program is not None
        assert record.program.service is not None
        service = record.program.service
        if service.secures(port, self._scene_of(record)):
            return self_signed()
        if not service.certificate:
            return None
        files = self._world_of(record).files
        try:
            return context_of(files[service.certificate], files[service.key])
        except (KeyError, ssl.SSLError):
            why = f"no certificate in {service.certificate} and {service.key}"
            raise ConnectionRefusedError(why) from None
