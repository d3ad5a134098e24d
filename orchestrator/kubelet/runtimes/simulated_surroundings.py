"""What simulated containers see, and what they leave there: their worlds, volumes and output."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.networks.wires import Outside
from orchestrator.kubelet.runtimes.interface import (
    ContainerKey,
    World,
)
from orchestrator.kubelet.runtimes.live import Line, Recital
from orchestrator.kubelet.runtimes.programs import command_line
from orchestrator.kubelet.runtimes.shell import outlook, run
from orchestrator.kubelet.runtimes.simulated_images import files_of_image
from orchestrator.kubelet.runtimes.simulated_records import Record, Records
from orchestrator.protocol import DirectoryUsage

_KERNELS: Final = "/sys/fs/cgroup/"
_FALLBACK: Final = "FallbackToLogsOnError"
_MESSAGE_BYTES: Final = 4096
_LOG_BYTES: Final = 2048  # of a log that is a termination message
_LOG_LINES: Final = 80


class Surroundings(Records):
    """The worlds of containers. One that nobody looks into has none."""

    def refresh(self, key: ContainerKey, world: World) -> None:
        """Give the container's volumes that are made of objects what these hold by now."""
        self._volumes.refresh(key.pod_uid, key.name, world)

    def volume_weights(self, pod_uid: str) -> Mapping[str, DirectoryUsage]:
        """What lies in each of a pod's own directories."""
        return self._volumes.weights_of(pod_uid)

    def volume_file(self, pod: Pod, volume: str, path: str) -> bytes:
        """What a file in an emptyDir of a pod holds. Raises OSError."""
        return self._volumes.own_file(pod.metadata.uid, volume, path)

    def log_bytes(self, pod_uid: str) -> Mapping[str, int]:
        """Logs are worked out when they are read, and take nothing."""
        return {}

    def _furnished(self, pod: Pod, container: Container, world: World) -> World:
        world = self._volumes.furnish(pod, container.name, world)
        for path, data in files_of_image(container.image).items():
            world.files.setdefault(path, data)
        return replace(world, chance=self._host.random, outside=self._outside(pod))

    def _outside(self, pod: Pod | None) -> Outside | None:
        if self._network is None or pod is None:
            return None
        return self._network.outside(pod, self._host.clock.monotonic)

    def _visited(self, record: Record, world: World) -> World:
        """The container's world for a command that somebody runs in it.

        Its environment is that of the start, or, where nobody looked at it then, of the first visit's `world`.
        """
        assert record.pod is not None
        assert record.container is not None
        if record.environment is None:
            record.environment = dict(world.environment)
        if record.world is None:
            record.world = self._furnished(record.pod, record.container, world)
        else:
            self._volumes.refresh(record.key.pod_uid, record.key.name, world)
            for path, data in world.files.items():
                if path.startswith(_KERNELS):  # limits may have been changed
                    record.world.files[path] = data
        return replace(
            record.world,
            environment=dict(record.environment),
            directory=world.directory,
            signals=[],
            trapped=set(),
        )

    def _world_of(self, record: Record) -> World:
        """The container's world; if nobody has looked into it, a bare one that is not kept."""
        if record.world is not None:
            return record.world
        pod = record.pod
        host = pod.spec.hostname if pod is not None and pod.spec is not None else ""
        name = host or (pod.metadata.name if pod is not None else "")
        return World({}, {}, name, outside=self._outside(pod))

    def _said(self, record: Record, container: Container, now: float) -> list[Line]:
        """What the container's own command has written up to now."""
        written = record.journal.lines(now) if record.journal is not None else []
        if record.live is not None:
            return written
        argv = command_line(container)
        if record.recital is None and argv and record.started_at is not None:
            if record.program is None and not outlook(argv).known:
                return written  # the image may have it, and say something
            world = replace(self._world_of(record), now=record.started_at)
            record.recital = Recital(run(argv, world), world, record.started_at)
        said = record.recital.lines(now) if record.recital is not None else []
        return sorted([*said, *written], key=lambda line: line[0]) if written else said

    def _last_words(self, record: Record, exit_code: int) -> str:
        """The container's termination message: a file that it wrote, or the end of its log."""
        container, world = record.container, record.world
        assert container is not None
        path = container.termination_message_path or "/dev/termination-log"
        data = world.files.get(path, b"") if world is not None else b""
        if not data and exit_code and container.termination_message_policy == _FALLBACK:
            lines = self._said(record, container, self._host.clock.now())[-_LOG_LINES:]
            data = b"\n".join(line for _, line in lines)[-_LOG_BYTES:]
        return data[:_MESSAGE_BYTES].decode(errors="replace")
