"""Containers that see one another's processes: those of a pod that shares them, and one that debugs another."""

import pytest
from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, EphemeralContainer
from orchestrator.kubelet.runtimes.interface import ContainerExited, ContainerKey, World
from orchestrator.kubelet.surroundings import DEFAULT_PATH
from tests.kubelet.process.machine import Machine, on_machine, pod_of

_LOOK = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done"
_LIVES = ("sh", "-c", "while :; do sleep 987; done")


def _start(machine: Machine, pod: object, container: Container) -> ContainerKey:
    key = ContainerKey("uid-web", container.name, 0)
    world = World({"PATH": DEFAULT_PATH}, {}, "web")
    machine.runtime.start_within(pod, container, key, world)  # type: ignore[arg-type]
    return key


async def _until_over(machine: Machine, key: ContainerKey) -> ContainerExited:
    while (ended := await machine.exited()).key != key:
        pass
    return ended


@pytest.mark.parametrize("shared", [True, False])
def test_containers_of_a_pod_may_share_their_processes(shared: bool) -> None:
    """They see each other's processes only if their pod says so; one that ends does not end the others."""

    async def work(machine: Machine) -> None:
        pod = pod_of(*_LIVES)
        assert pod.spec is not None
        pod = replace(pod, spec=replace(pod.spec, share_process_namespace=shared))
        first = machine.start(pod)
        await machine.started()
        if not machine.runtime._shim.namespaces:
            pytest.skip("processes have no namespaces here")
        other = _start(
            machine, pod, Container(name="other", image="machine", command=("sh", "-c", _LOOK))
        )
        await _until_over(machine, other)
        assert ("sleep 987" in await machine.log(other)) is shared
        assert machine.runtime.usage(first) is not None
        machine.runtime.stop(first, 0)
        assert (await _until_over(machine, first)).exit_code == 137

    on_machine(work)


def test_a_debugger_sees_the_processes_of_its_target() -> None:
    """`kubectl debug --target` puts an ephemeral container beside another one."""

    async def work(machine: Machine) -> None:
        pod = pod_of(*_LIVES)
        assert pod.spec is not None
        named = EphemeralContainer(name="debugger", image="machine", target_container_name="main")
        lost = replace(named, name="lost", target_container_name="nobody")
        pod = replace(pod, spec=replace(pod.spec, ephemeral_containers=(named, lost)))
        machine.start(pod)
        await machine.started()
        if not machine.runtime._shim.namespaces:
            pytest.skip("processes have no namespaces here")
        look = Container(name="debugger", image="machine", command=("sh", "-c", _LOOK))
        key = _start(machine, pod, look)
        assert (await _until_over(machine, key)).exit_code == 0
        assert "sleep 987" in await machine.log(key)
        refused = await _until_over(machine, _start(machine, pod, replace(look, name="lost")))
        assert refused.reason == "CreateContainerConfigError"
        assert refused.message == 'target container "nobody" is not running'

    on_machine(work)
