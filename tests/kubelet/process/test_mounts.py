"""Mounts below mounts: who sees them, and whether they can be written to."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.api.core.v1 import SecurityContext
from orchestrator.kubelet.runtimes.interface import Mount, World
from orchestrator.kubelet.runtimes.process.shim import linux
from orchestrator.kubelet.runtimes.process.shim.mounted import mount_memory, sharing_fault
from orchestrator.kubelet.surroundings import DEFAULT_PATH
from orchestrator.machinery.volumes import SIMULATED_DRIVER
from tests.kubelet.process.machine import Machine, on_machine, pod_of

_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting on the machine takes root")


def _world(*mounts: Mount) -> World:
    return World({"PATH": DEFAULT_PATH}, {}, "web", mounts=mounts)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A mount of the machine's that nobody shares, with a directory and another mount in it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount_memory(str(place), 1 << 20)
    linux.mount("", str(place), flags=linux.PRIVATE)
    try:
        (place / "below").mkdir()
        mount_memory(str(place / "below"), 1 << 20)
        yield place
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", place], check=True)


@_AS_ROOT
@pytest.mark.parametrize(("recursion", "written"), [("", "wrote /d/below\n"), ("Enabled", "")])
def test_what_lies_below_is_read_only_where_that_is_asked_for(
    disk: Path, recursion: str, written: str
) -> None:
    """A mount that is read only says nothing of those below it, unless it is so all the way down."""

    async def work(machine: Machine) -> None:
        script = "for d in /d /d/below; do touch $d/x 2>/dev/null && echo wrote $d; done; true"
        mount = Mount("/d", "d", "hostPath", str(disk), read_only=True, recursion=recursion)
        key = machine.start(pod_of("sh", "-c", script), world=_world(mount))
        assert (await machine.started()).recursive
        await machine.exited()
        assert await machine.log(key) == written

    on_machine(work)


@_AS_ROOT
@pytest.mark.parametrize("ways", ["HostToContainer", "Bidirectional"])
def test_what_is_mounted_later_is_seen_as_far_as_it_should(disk: Path, ways: str) -> None:
    """By the container always; by the machine, of what the container mounts, if it goes both ways."""
    linux.mount("", str(disk), flags=linux.SHARED)
    (disk / "late").mkdir()
    (disk / "back").mkdir()

    async def work(machine: Machine) -> None:
        script = (
            "mount -t tmpfs none /d/back && touch /d/back/x && echo ready;"
            "until test -e /d/late/y; do sleep 0.02; done; echo seen"
        )
        pod = pod_of("sh", "-c", script, security_context=SecurityContext(privileged=True))
        mount = Mount("/d", "d", "hostPath", str(disk), propagation=ways)
        key = machine.start(pod, world=_world(mount))
        await machine.started()
        while "ready" not in await machine.log(key):
            await machine.clock.sleep(0.02)
        assert (disk / "back" / "x").exists() == (ways == "Bidirectional")
        mount_memory(str(disk / "late"), 1 << 20)
        (disk / "late" / "y").touch()
        await machine.exited()
        assert "seen" in await machine.log(key)

    on_machine(work)


@_AS_ROOT
def test_what_nobody_shares_cannot_propagate(disk: Path) -> None:
    """It is refused in containerd's words; a directory of the pod's own is made to share."""
    said = f'path "{disk}" is mounted on "{disk}" but it is not a shared mount'
    assert sharing_fault(str(disk), "Bidirectional") == said

    async def work(machine: Machine) -> None:
        mount = Mount("/d", "d", "hostPath", str(disk), propagation="HostToContainer")
        machine.start(pod_of("true"), world=_world(mount))
        ended = await machine.exited()
        assert (ended.reason, ended.message) == (
            "CreateContainerError",
            said.replace("a shared", "a shared or slave"),
        )
        own = Mount("/d", "d", "emptyDir", propagation="Bidirectional")
        machine.start(pod_of("true"), attempt=1, world=_world(own))
        assert (await machine.exited()).exit_code == 0

    on_machine(work)


def test_without_namespaces_what_lies_below_cannot_be_kept() -> None:
    """Who insists is refused."""

    async def work(machine: Machine) -> None:
        mount = Mount("/d", "d", "emptyDir", read_only=True, recursion="Enabled")
        machine.start(pod_of("true"), world=_world(mount))
        ended = await machine.exited()
        assert ended.reason == "CreateContainerConfigError"
        assert 'volume "d" requested recursive read-only mode' in ended.message

    on_machine(work, enclosed=False)


@_AS_ROOT
def test_a_privileged_container_has_all_devices_in_a_directory_of_its_own() -> None:
    """What is put there for it does not appear on the machine."""

    async def work(machine: Machine) -> None:
        script = "test -c /dev/kmsg && test -c /dev/ptmx && echo told > /dev/told; touch /dev/own"
        context = SecurityContext(privileged=True)
        pod = pod_of(
            "sh", "-c", script, security_context=context, termination_message_path="/dev/told"
        )
        machine.start(pod, world=_world())
        ended = await machine.exited()
        assert (ended.exit_code, ended.message) == (0, "told\n")
        assert not {"told", "own"} & set(os.listdir("/dev"))

    on_machine(work)


@pytest.mark.parametrize("enclosed", [True, False])
def test_a_claim_may_be_a_block_device(enclosed: bool) -> None:
    """Of its size, and with what the container before has written: a loop device as root, else a plain file."""
    size = 3 << 20
    mount = Mount("/dev/disk", "raw", "device", f"{SIMULATED_DRIVER}/one", most_bytes=size)
    kind = "-b" if os.geteuid() == 0 else "-f"

    async def work(machine: Machine) -> None:
        device = "$ROOTFS/dev/disk"
        script = (
            f"test {kind} {device} && head -c 4 {device} | tr '\\0' . && tail -c +1 {device} | wc -c"
            f" && printf word | dd of={device} conv=notrunc,fsync 2> /dev/null"
        )
        found = []
        for attempt in range(2):
            key = machine.start(pod_of("sh", "-c", script), attempt, _world(mount))
            assert (await machine.exited()).exit_code == 0
            found.append(await machine.log(key))
        assert found == [f"....{size}\n", f"word{size}\n"]
        place = machine.disks.place(mount.place)
        machine.disks.remove(mount.place)
        assert not place.exists()
        assert str(place) not in _loops()
        machine.start(pod_of("true"), 2, _world(mount))
        await machine.exited()

    before = _loops()
    on_machine(work, enclosed=enclosed)
    assert _loops() == before


def _loops() -> str:
    """The loop devices of the machine, and their files."""
    return subprocess.run(["losetup", "-a"], check=True, capture_output=True, text=True).stdout
