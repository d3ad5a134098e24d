"""What a CRI runtime is told of pods and containers."""

from typing import Any

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.runtimes.cri.configs import (
    BindMount,
    container_config,
    resources_of,
    sandbox_config,
)
from orchestrator.kubelet.runtimes.cri.schema import message
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.surroundings import DEFAULT_PATH


def _pod(security: dict[str, Any] | None = None, **container: Any) -> Pod:
    spec = {"containers": [{"name": "main", "image": "web:1", **container}]}
    if security is not None:
        spec["securityContext"] = security  # type: ignore[assignment]
    metadata = {"name": "web", "namespace": "shop", "uid": "u1", "labels": {"app": "web"}}
    return codec.from_dict(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, Pod
    )


def _told(pod: Pod, world: World, **more: Any) -> Any:
    assert pod.spec is not None
    found = container_config(
        pod,
        pod.spec.containers[0],
        world,
        attempt=2,
        image="sha256:1",
        mounts=[BindMount("/data", "/place", True, "HostToContainer")],
        log="main_2.log",
        labels={},
        **more,
    )
    return message("ContainerConfig")(**found)


def test_variables_in_commands_are_replaced_and_a_path_that_nobody_asked_for_is_the_images() -> (
    None
):
    """As the kubelet does before it asks the runtime."""
    pod = _pod(command=["run", "$(A)", "$$(A)", "$(B)"], args=["-x"])
    told = _told(pod, World({"A": "1", "PATH": DEFAULT_PATH}, {}))
    assert list(told.command) == ["run", "1", "$(A)", "$(B)"]
    assert list(told.args) == ["-x"]
    assert {each.key: each.value for each in told.envs} == {"A": b"1"}
    assert (told.metadata.name, told.metadata.attempt) == ("main", 2)
    [mount] = told.mounts
    assert (mount.container_path, mount.host_path, mount.readonly) == ("/data", "/place", True)
    assert mount.propagation == 1


def test_the_containers_own_security_context_comes_before_the_pods() -> None:
    """Who it runs as, what it may, and what is hidden from it."""
    pod = _pod(
        {"runAsUser": 7, "runAsGroup": 8, "fsGroup": 9, "supplementalGroups": [10]},
        securityContext={
            "runAsUser": 1,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    )
    told = _told(pod, World({}, {})).linux.security_context
    assert (told.run_as_user.value, told.run_as_group.value) == (1, 8)
    assert list(told.supplemental_groups) == [10, 9]
    assert told.readonly_rootfs
    assert told.no_new_privs
    assert list(told.capabilities.drop_capabilities) == ["ALL"]
    assert told.seccomp.profile_type == 0
    assert "/proc/kcore" in told.masked_paths


def test_who_is_privileged_sees_everything() -> None:
    """Nothing is masked, and its sandbox is privileged, too."""
    pod = _pod(securityContext={"privileged": True})
    told = _told(pod, World({}, {})).linux.security_context
    assert told.privileged
    assert not told.masked_paths
    sandbox = message("PodSandboxConfig")(**sandbox_config(pod, "/logs", {"mine": "yes"}))
    assert sandbox.linux.security_context.privileged
    assert dict(sandbox.labels) == {"app": "web", "mine": "yes"}
    assert sandbox.linux.security_context.namespace_options.network == 2
    assert (sandbox.metadata.uid, sandbox.log_directory) == ("u1", "/logs")


def test_requests_are_shares_and_limits_are_quotas() -> None:
    """Nothing is said of what has no limit."""
    pod = _pod(resources={"requests": {"cpu": "250m"}, "limits": {"cpu": "1", "memory": "64Mi"}})
    assert pod.spec is not None
    assert resources_of(pod.spec.containers[0]) == {
        "cpu_shares": 256,
        "cpu_period": 100_000,
        "cpu_quota": 100_000,
        "memory_limit_in_bytes": 64 << 20,
    }
    free = _pod()
    assert free.spec is not None
    assert resources_of(free.spec.containers[0]) == {"cpu_shares": 2, "cpu_period": 100_000}
