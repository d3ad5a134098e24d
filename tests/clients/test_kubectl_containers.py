"""kubectl and containers of containerd: `orchestrator up --runtime cri`, as root."""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Kubectl, _programs
from tests.clients.containers import containerd
from tests.clients.registry import PASSWORD, USER, registry
from tests.clients.serving import up

_SECONDS = 120.0
_SERVE = "mkdir -p /tmp/www; echo $VERSION from $HOSTNAME > /tmp/www/index.html; exec httpd -f -p $POD_IP:8080 -h /tmp/www"


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Where containerd keeps its things, and the tests' images lie."""
    with tempfile.TemporaryDirectory() as place:  # a socket's path has to be short
        yield Path(place)


@pytest.fixture(scope="module")
def machine(directory: Path) -> Iterator[Kubectl]:
    """A kubectl whose pods are containers of containerd."""
    with containerd(directory) as address:
        options = ["--runtime", "cri", "--container-runtime-endpoint", address, "--nodes", "2"]
        with up(directory / "up", *options) as (kubeconfig, _):
            yield Kubectl(_programs()[0], kubeconfig)
        ctr = ["ctr", "--address", f"{directory}/socket", "--namespace", "k8s.io"]
        left = subprocess.run(
            [*ctr, "containers", "list", "--quiet"], capture_output=True, text=True, check=True
        )
        assert left.stdout == ""


def _eventually(what: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.perf_counter() + _SECONDS
    while not what():
        assert time.perf_counter() < deadline, why()
        time.sleep(0.2)


def _deployment(version: str) -> str:
    container = {
        "name": "web",
        "image": "tests/busybox:1",
        "command": ["sh", "-c", _SERVE],
        "env": [{"name": "VERSION", "value": version}],
        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "livenessProbe": {"exec": {"command": ["test", "-d", "/tmp/www"]}, "timeoutSeconds": 30},
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": template,
            },
        }
    )


def _got(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode()).strip()
    except OSError as error:
        return f"nothing: {error}"


def test_a_deployment_of_containers_serves_and_talks(machine: Kubectl) -> None:
    """Real images, all three probes, a Service that carries traffic, logs, commands with input, and a roll."""
    kubectl = machine.within("served")
    kubectl("apply", "-f", "-", stdin=_deployment("one"))
    kubectl("expose", "deployment", "web", "--port", "80", "--target-port", "8080")
    kubectl("rollout", "status", "deployment/web", "--timeout", "120s")
    ip = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    answers: set[str] = set()

    def both() -> bool:
        answers.add(_got(f"http://{ip}/"))
        return sum(each.startswith("one from web-") for each in answers) == 2

    _eventually(both, lambda: str(answers))
    [pod, _] = kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").split()
    assert kubectl("exec", pod, "-i", "--", "cat", stdin="as it was") == "as it was"
    failed = kubectl.run("exec", pod, "--", "sh", "-c", "id -u; echo no >&2; exit 5")
    assert (failed.returncode, failed.stdout) == (5, "1000\n")
    assert "no\n" in failed.stderr
    assert "executable file not found" in kubectl.run("exec", pod, "--", "nosuch").stderr
    kubectl("apply", "-f", "-", stdin=_deployment("two"))
    kubectl("rollout", "status", "deployment/web", "--timeout", "120s")
    _eventually(
        lambda: _got(f"http://{ip}/").startswith("two from web-"), lambda: _got(f"http://{ip}/")
    )
    kubectl("delete", "deployment", "web")
    kubectl("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=120s")


def test_what_a_container_is_told_and_how_it_ends(machine: Kubectl) -> None:
    """Volumes of objects, its exit code and its last words; an image that nobody has is not pulled."""
    kubectl = machine.within("told")
    kubectl("create", "configmap", "words", "--from-literal=a=first")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "told"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "main",
                    "image": "tests/busybox:1",
                    "args": [
                        *("sh", "-c"),
                        "cat /words/a; echo; echo my last words > /dev/termination-log; exit 3",
                    ],
                    "volumeMounts": [{"name": "words", "mountPath": "/words"}],
                    "resources": {"limits": {"cpu": "500m", "memory": "64Mi"}},
                },
                {
                    "name": "nobodys",
                    "image": "registry.invalid/nobodys:1",
                    "imagePullPolicy": "Never",
                },
            ],
            "volumes": [{"name": "words", "configMap": {"name": "words"}}],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    state = "jsonpath={.status.containerStatuses[?(@.name=='main')].state.terminated.exitCode}"
    _eventually(
        lambda: kubectl("get", "pod", "told", "-o", state) == "3",
        lambda: kubectl("describe", "pod", "told"),
    )
    shown = json.loads(kubectl("get", "pod", "told", "-o", "json"))["status"]
    main, nobodys = sorted(shown["containerStatuses"], key=lambda each: str(each["name"]))
    assert main["state"]["terminated"]["message"] == "my last words\n"
    assert main["containerID"].startswith("containerd://")
    assert nobodys["state"]["waiting"]["reason"] == "ErrImageNeverPull"
    assert kubectl("logs", "told", "-c", "main") == "first\n"
    node = "jsonpath={.items[0].status.nodeInfo.containerRuntimeVersion}"
    assert kubectl("get", "nodes", "-o", node).startswith("containerd://")
    kubectl("delete", "pod", "told", "--now")


def _pod(name: str, script: str, container: dict[str, Any], **spec: Any) -> str:
    main = {"name": "main", "image": "tests/busybox:1", "command": ["sh", "-c", script]}
    whole = {"restartPolicy": "Never", "containers": [main | container], **spec}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}
    return json.dumps(pod)


def test_a_container_has_claims_as_block_devices(machine: Kubectl) -> None:
    """It may write to them, and the next one finds that."""
    kubectl = machine.within("raw")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "raw"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Block",
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(claim))
    script = "test -b /dev/xvda && head -c 4 /dev/xvda | tr '\\0' . && printf word > /dev/xvda"
    devices = {
        "volumeDevices": [{"name": "v", "devicePath": "/dev/xvda"}],
        "securityContext": {"runAsUser": 0},
    }
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "raw"}}]
    for name, said in (("first", "...."), ("second", "word")):
        kubectl("apply", "-f", "-", stdin=_pod(name, script, devices, volumes=volumes))
        kubectl(*("wait", "pod", name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"))
        assert kubectl("logs", name) == said
        kubectl("delete", "pod", name, "--now")
    kubectl("delete", "pvc", "raw")


def test_a_runtime_class_names_a_handler_of_the_runtime(machine: Kubectl) -> None:
    """One that it has runs the pod; of another it says that there is none."""
    kubectl = machine.within("handled")
    for handler in ("other", "nosuch"):
        described = {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": handler},
            "handler": handler,
        }
        kubectl("apply", "-f", "-", stdin=json.dumps(described))
        kubectl("apply", "-f", "-", stdin=_pod(handler, "true", {}, runtimeClassName=handler))
    kubectl("wait", "pod", "other", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    _eventually(
        lambda: 'no runtime for "nosuch" is configured' in kubectl("describe", "pod", "nosuch"),
        lambda: kubectl("describe", "pod", "nosuch"),
    )
    kubectl("delete", "pod", "other", "nosuch", "--now")


def test_a_log_that_is_full_makes_room(machine: Kubectl) -> None:
    """The runtime writes on in a new file; the one before can still be read, and who follows sees both."""
    kubectl = machine.within("wordy")
    script = "yes 'the quick brown fox' | head -c 11000000; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo after; exec sleep 1000"
    command = ["--image=tests/busybox:1", "--restart=Never", "--command", "--", "sh", "-c", script]
    kubectl("run", "wordy", *command)
    kubectl("wait", "pod/wordy", "--for=condition=Ready", "--timeout=60s")
    uid = kubectl("get", "pod", "wordy", "-o", "jsonpath={.metadata.uid}")
    place = Path(kubectl.environment["KUBECONFIG"]).with_name("tmp")

    def rotated() -> list[Path]:
        return list(place.glob(f"orchestrator-cri-*/{uid}/logs/*.log.1"))

    _eventually(lambda: bool(rotated()), lambda: kubectl("logs", "wordy", "--tail=1"))
    kubectl("exec", "wordy", "--", "touch", "/tmp/go")
    _eventually(
        lambda: kubectl("logs", "wordy", "--tail=2") == "the quick brown fox\nafter\n",
        lambda: kubectl("logs", "wordy", "--tail=3"),
    )
    (before,) = rotated()
    # How much is in each depends on how busy the machine is; what came last is in the new one.
    assert before.with_suffix("").read_text().endswith(" after\n")
    assert " after\n" not in before.read_text()
    kubectl("delete", "pod", "wordy", "--now")


def test_an_image_is_pulled_with_the_pod_s_secrets(machine: Kubectl, directory: Path) -> None:
    """Who has none is refused by the registry, and waits; who has the right one runs."""
    kubectl = machine.within("private")
    with registry(directory / "busybox.tar") as address:
        kubectl(
            "create",
            "secret",
            "docker-registry",
            "mine",
            f"--docker-server={address}",
            f"--docker-username={USER}",
            f"--docker-password={PASSWORD}",
        )
        spec = {"imagePullSecrets": [{"name": "mine"}]}
        command = [f"--image={address}/team/web:1", "--restart=Never", "--command", "--", "true"]
        kubectl("run", "stranger", *command)
        kubectl("run", "friend", f"--overrides={json.dumps({'spec': spec})}", *command)
        kubectl("wait", "pod/friend", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s")
        reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
        _eventually(
            lambda: "ImagePull" in kubectl("get", "pod", "stranger", "-o", reason),
            lambda: kubectl("describe", "pod", "stranger"),
        )


def test_a_runtime_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """The command ends with one line and exit code 2."""
    command = [
        "orchestrator",
        "up",
        "--runtime",
        "cri",
        "--kubeconfig",
        str(tmp_path / "kubeconfig"),
    ]
    done = subprocess.run(
        [
            *command,
            "--container-runtime-endpoint",
            f"unix://{tmp_path}/none",
            "--listen",
            "127.0.0.1:0",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no container runtime answers at unix://" in done.stderr
    assert "Traceback" not in done.stderr
