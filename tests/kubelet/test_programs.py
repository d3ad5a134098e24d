"""Simulated containers whose command decides what they do."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, ContainerStateTerminated, Pod
from orchestrator.kubelet.runtimes.programs import image_name
from orchestrator.kubelet.runtimes.shell import Outlook, outlook
from tests.kubelet.stories import container_of, pod_with

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"


def _script(script: str, **container: Any) -> dict[str, Any]:
    return {"image": BUSYBOX, "command": ["sh", "-c", script], **container}


async def _end_of(cluster: Cluster, name: str) -> ContainerStateTerminated:
    state = (await container_of(cluster, name)).state
    assert state is not None
    assert state.terminated is not None, state
    return state.terminated


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["sleep", "5"], Outlook(True, True)),
        (["/bin/sh", "-c", "exit 1"], Outlook(True, True)),
        (["sh", "-c", "while true; do echo polo; sleep 2; done"], Outlook(True, True)),
        (["sh", "-c", "echo $HOME"], Outlook(True, False)),
        (["sh", "-c", "for i in 1 2; do echo $i; done"], Outlook(True, True)),
        (["sh", "-c", "cat /etc/hosts > /tmp/x"], Outlook(True, False)),
        (["sh", "-c", "[ -f /tmp/x ]"], Outlook(True, False)),
        (["sh", "-c", "nginx -g daemon"], Outlook(False, False)),
        (["python", "-c", "print()"], Outlook(False, False)),
    ],
)
def test_the_outlook_of_a_command_tells_whether_it_is_known_and_looks_around(
    command: list[str], expected: Outlook
) -> None:
    """Only commands that are known run, and only those that look around run step by step."""
    assert outlook(command) == expected


def test_an_image_is_known_by_the_last_part_of_its_name() -> None:
    """Registry, path, tag and digest say nothing about the program."""
    assert image_name("registry.k8s.io/e2e-test-images/agnhost:2.63.0@sha256:ab") == "agnhost"


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 1", 1), ("true", 0), ("sleep 5; false", 1), ("test -d /data && exit 3", 3)],
)
async def test_a_container_ends_as_its_script_does(
    cluster: Cluster, script: str, code: int
) -> None:
    """Exit codes and times are those of the commands."""
    manifest = pod_with("p", _script(script, volumeMounts=[{"name": "d", "mountPath": "/data"}]))
    manifest["spec"] |= {"restartPolicy": "Never", "volumes": [{"name": "d", "emptyDir": {}}]}
    await cluster.apply([manifest])
    await cluster.clock.sleep(20)
    ended = await _end_of(cluster, "p")
    assert (ended.exit_code, ended.reason) == (code, "Error" if code else "Completed")


async def test_a_variable_in_a_script_is_no_command(cluster: Cluster) -> None:
    """What the kubelet fills in is text by the time the shell reads it."""
    script = 'CODE=wrong; exit "$(CODE)"'
    container = _script(script, env=[{"name": "CODE", "value": "7"}])
    await cluster.apply([pod_with("p", container, restartPolicy="Never")])
    await cluster.clock.sleep(10)
    assert (await _end_of(cluster, "p")).exit_code == 7


async def test_a_job_whose_command_fails_fails(cluster: Cluster) -> None:
    """A Job's pods are not simulated to succeed when their command says otherwise."""
    container = {"name": "c", **_script("exit 1")}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    await cluster.apply(
        [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "fails", "namespace": "default"},
                "spec": {"backoffLimit": 0, "template": template},
            }
        ]
    )
    await cluster.clock.sleep(30)
    (found,) = await cluster.client.list(Pod, namespace="default")
    assert found.status is not None
    assert found.status.phase == "Failed"


async def test_an_annotation_decides_before_the_command(cluster: Cluster) -> None:
    """Who says how a container ends is believed."""
    annotations = {"simulation.orchestrator.dev/exit-code": "7"}
    annotations["simulation.orchestrator.dev/run-seconds"] = "1"
    manifest = pod_with("p", _script("sleep 100"))
    manifest["metadata"]["annotations"] = annotations
    manifest["spec"]["restartPolicy"] = "Never"
    await cluster.apply([manifest])
    await cluster.clock.sleep(10)
    assert (await _end_of(cluster, "p")).exit_code == 7


async def test_a_file_in_a_volume_outlives_a_restart(cluster: Cluster) -> None:
    """An emptyDir lives as long as its pod: the second run finds what the first has written."""
    script = "if [ -r /data/seen ]; then sleep 1000; else touch /data/seen; exit 4; fi"
    manifest = pod_with("p", _script(script, volumeMounts=[{"name": "d", "mountPath": "/data"}]))
    manifest["spec"]["volumes"] = [{"name": "d", "emptyDir": {}}]
    await cluster.apply([manifest])
    await cluster.clock.sleep(60)
    status = await container_of(cluster, "p")
    assert status.restart_count == 1
    assert status.state is not None
    assert status.state.running is not None


async def test_containers_of_a_pod_share_an_empty_directory(cluster: Cluster) -> None:
    """What one container writes, another reads."""
    mounts = [{"name": "d", "mountPath": "/data"}]
    manifest = pod_with("p", _script("sleep 2; echo hi > /data/x; sleep 100", volumeMounts=mounts))
    reader = "while ! test -f /data/x; do sleep 1; done; cat /data/x > /dev/termination-log"
    manifest["spec"]["containers"].append(_script(reader, name="reader", volumeMounts=mounts))
    manifest["spec"] |= {"restartPolicy": "Never", "volumes": [{"name": "d", "emptyDir": {}}]}
    await cluster.apply([manifest])
    await cluster.clock.sleep(15)
    pod = await cluster.client.get(Pod, "p", namespace="default")
    assert pod.status is not None
    state = {s.name: s.state for s in pod.status.container_statuses}["reader"]
    assert state is not None
    assert state.terminated is not None
    assert (state.terminated.exit_code, state.terminated.message) == (0, "hi\n")


@pytest.mark.parametrize(
    ("script", "policy", "message"),
    [
        ("echo -n DONE > /dev/termination-log", "File", "DONE"),
        ("echo DONE; false", "FallbackToLogsOnError", "DONE"),
        ("echo DONE; true", "FallbackToLogsOnError", ""),
        ("echo -n OK > /dev/termination-log; echo DONE; false", "FallbackToLogsOnError", "OK"),
        ("echo DONE; false", "File", ""),
    ],
)
async def test_a_termination_message_is_a_file_or_the_end_of_the_log(
    cluster: Cluster, script: str, policy: str, message: str
) -> None:
    """The policy says whether the log stands in for a file that was not written, after an error."""
    manifest = pod_with("p", _script(script, terminationMessagePolicy=policy))
    manifest["spec"]["restartPolicy"] = "Never"
    await cluster.apply([manifest])
    await cluster.clock.sleep(10)
    assert (await _end_of(cluster, "p")).message == message


async def test_a_trapped_signal_runs_its_handler(cluster: Cluster) -> None:
    """A script that traps TERM ends with what its handler says, within the grace period."""
    script = "trap 'sleep 2; exit 5' TERM; while true; do sleep 1; done"
    manifest = pod_with("p", _script(script))
    manifest["metadata"]["finalizers"] = ["example.com/watch"]
    await cluster.apply([manifest])
    await cluster.clock.sleep(10)
    await cluster.client.delete(Pod, "p", namespace="default")
    await cluster.clock.sleep(6)
    assert (await _end_of(cluster, "p")).exit_code == 5


async def test_a_command_probe_looks_into_the_container(cluster: Cluster) -> None:
    """Liveness by `cat` fails when the container's script has removed the file."""
    script = "echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/health"]}, "periodSeconds": 2, "failureThreshold": 1}
    manifest = pod_with("p", _script(script, livenessProbe=probe))
    await cluster.apply([manifest])
    await cluster.clock.sleep(9)
    assert (await container_of(cluster, "p")).restart_count == 0
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "p")).restart_count == 1


@pytest.mark.parametrize(
    ("arguments", "probe", "ready"),
    [
        (["netexec"], {"httpGet": {"path": "/readyz", "port": 8080}}, True),
        (["netexec", "--http-port=80"], {"httpGet": {"path": "/readyz", "port": 8080}}, False),
        (["netexec"], {"httpGet": {"path": "/echo?code=500", "port": 8080}}, False),
        (["netexec"], {"tcpSocket": {"port": 8080}}, True),
        (["pause"], {"tcpSocket": {"port": 8080}}, False),
        (["grpc-health-checking"], {"grpc": {"port": 5000}}, True),
        (["grpc-health-checking"], {"grpc": {"port": 2333}}, False),
        (["test-webserver"], {"httpGet": {"path": "/", "port": 80}}, True),
        (["test-webserver"], {"httpGet": {"path": "/localhost.crt", "port": 80}}, True),
        (["test-webserver"], {"httpGet": {"path": "/other.crt", "port": 80}}, False),
    ],
)
async def test_probes_find_what_the_server_answers(
    cluster: Cluster, arguments: list[str], probe: dict[str, Any], ready: bool
) -> None:
    """A simulated agnhost listens where its flags say, and answers as it does."""
    manifest = pod_with("p", {"image": AGNHOST, "args": arguments, "readinessProbe": probe})
    await cluster.apply([manifest])
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "p")).ready is ready


async def test_images_of_known_programs_bring_their_files(cluster: Cluster) -> None:
    """A server shows the files of its image, and so does a volume that is an image."""
    image = "registry.k8s.io/e2e-test-images/kitten:1.8"
    probe = {"httpGet": {"path": "/data.json", "port": 80}}
    reads = _script("grep kitten.jpg /image/data.json && ! touch /image/x")
    reads["volumeMounts"] = [{"name": "image", "mountPath": "/image"}]
    volumes = [{"name": "image", "image": {"reference": image, "pullPolicy": "Always"}}]
    await cluster.apply(
        [
            pod_with("server", {"image": image, "readinessProbe": probe}),
            pod_with("reader", reads, volumes=volumes, restartPolicy="Never"),
        ]
    )
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "server")).ready
    assert (await _end_of(cluster, "reader")).exit_code == 0


async def test_a_changed_config_map_reaches_the_running_container(cluster: Cluster) -> None:
    """Volumes follow their objects; a mount of a subPath stays as it was."""
    await cluster.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "c", "namespace": "default"},
                "data": {"key": "old"},
            }
        ]
    )
    mounts = [
        {"name": "c", "mountPath": "/c"},
        {"name": "c", "mountPath": "/fixed", "subPath": "key"},
    ]
    script = "while grep -q old /c/key; do sleep 1; done; cat /c/key /fixed > /dev/termination-log"
    manifest = pod_with("p", _script(script, volumeMounts=mounts))
    manifest["spec"] |= {
        "restartPolicy": "Never",
        "volumes": [{"name": "c", "configMap": {"name": "c"}}],
    }
    await cluster.apply([manifest])
    await cluster.clock.sleep(10)
    await cluster.client.patch(ConfigMap, "c", {"data": {"key": "new"}}, namespace="default")
    await cluster.clock.sleep(15)
    assert (await _end_of(cluster, "p")).message == "newold"


async def test_volumes_follow_their_objects_after_a_kubelets_restart(cluster: Cluster) -> None:
    """A kubelet that starts again goes on to refresh the containers that it finds."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    await cluster.apply([config | {"data": {"key": "old"}}])
    script = "while grep -q old /c/key; do sleep 1; done; cat /c/key > /dev/termination-log"
    mounts = [{"name": "c", "mountPath": "/c"}]
    manifest = pod_with("p", _script(script, volumeMounts=mounts))
    volumes = [{"name": "c", "configMap": {"name": "c"}}]
    manifest["spec"] |= {"restartPolicy": "Never", "volumes": volumes}
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    pod = await cluster.client.get(Pod, "p", namespace="default")
    assert pod.spec is not None
    kubelet = cluster.system.find(f"/nodes/{pod.spec.node_name}/kubelet")
    assert kubelet is not None
    cluster.system.crash(kubelet)
    await cluster.clock.sleep(5)
    await cluster.client.patch(ConfigMap, "c", {"data": {"key": "new"}}, namespace="default")
    await cluster.clock.sleep(15)
    assert (await _end_of(cluster, "p")).message == "new"


async def test_a_status_tells_who_a_container_is(cluster: Cluster) -> None:
    """Users and groups are the container's, or the pod's."""
    manifest = pod_with("p", {"securityContext": {"runAsUser": 5}})
    manifest["spec"]["securityContext"] = {"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3}
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    user = (await container_of(cluster, "p")).user
    assert user is not None
    assert user.linux is not None
    assert (user.linux.uid, user.linux.gid) == (5, 2)
    assert user.linux.supplemental_groups == (2, 3)
