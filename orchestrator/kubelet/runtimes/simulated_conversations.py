"""What clients hear of simulated containers: commands, logs and ports."""

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerStarted,
    World,
)
from orchestrator.kubelet.runtimes.live import Line
from orchestrator.kubelet.runtimes.programs import command_line
from orchestrator.kubelet.runtimes.services import HttpRequest, HttpResponse
from orchestrator.kubelet.runtimes.shell import run
from orchestrator.kubelet.runtimes.simulated_servers import Servers, listening_at
from orchestrator.kubelet.runtimes.simulated_serving import by_name
from orchestrator.kubelet.runtimes.simulated_talk import (
    Logged,
    Talk,
    answer_port,
    drive,
    exchange,
    write_log,
)
from orchestrator.kubelet.runtimes.tls import Secured
from orchestrator.sessions import LogOptions, Session


class Conversations(Servers):
    """Implements `Conversational`."""

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command of the tiny shell."""
        inner = self._visited(self._run_of(key), world)
        return await drive(run(command, inner), inner, session, self._host.clock)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Run the container's own command, or a shell if it has none; the container ends with it, if it takes input.
        One that takes none is silent until it ends.
        """
        record = self._run_of(key)
        clock = self._host.clock
        if container.stdin:
            inner = self._visited(record, world)
            command = run(command_line(container) or ("sh",), inner)
            code = await drive(command, inner, session, clock)
            if isinstance(record.last, ContainerStarted):
                self._end(record, code, "Error" if code else "Completed")
            return code
        return await self.log(key, container, world, LogOptions(follow=True), session)

    async def log(
        self,
        key: ContainerKey,
        container: Container,
        world: World,
        options: LogOptions,
        session: Session,
    ) -> int:
        """The log of a run: what its command says, and the lines of its profile."""
        record = self._run_of(key)
        profile = record.profile
        every = profile.log_seconds.mean() if profile.log_seconds is not None else 0.0

        def ended() -> float | None:
            return record.last.at if isinstance(record.last, ContainerExited) else None

        def own(now: float) -> list[Line]:
            waits = container.stdin_once and ended() is None
            return [] if waits else self._said(record, container, now)

        logged = Logged(record.started_at or 0.0, ended, profile.log_line, every, own)
        return await write_log(logged, world.host, options, session, self._host.clock)

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """The port of a container that serves it; of others any port answers."""
        self._run_of(key)
        listening = None
        guessed = False
        for record in self._pods.get(key.pod_uid, {}).values():
            if isinstance(record.last, ContainerStarted):
                if waiting := listening_at(record, port):
                    assert record.live is not None
                    record.live.connected(await exchange(session, waiting.data))
                    return 0
                program = record.program
                guessed = guessed or program is None
                if program is not None and program.service and port in program.service.ports:
                    listening = record
        if listening is None and not guessed:
            raise ConnectionRefusedError(f"dial tcp4 127.0.0.1:{port}: connect: connection refused")

        def answered(request: HttpRequest) -> HttpResponse:
            if listening is None:
                return by_name(pod.metadata.name, request)
            return self.serve(listening, request, port)

        talk: Talk = session
        if listening is not None and (context := self._certified(listening, port)) is not None:
            talk = Secured(session, context)
        return await answer_port(talk, answered, self._host.clock)
